"""What is done with an exported model as a whole.

typed        the commands as typed; imports nothing slow
export       writes a model that exists in further formats
web_page     the folder of a page that runs it in a browser
benchmark    measures all formats of a model on this machine
"""
