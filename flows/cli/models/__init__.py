"""What is done with an exported model as a whole.

typed        the commands as typed; imports nothing slow
export       writes a model that exists in further formats
benchmark    measures all formats of a model on this machine
"""
