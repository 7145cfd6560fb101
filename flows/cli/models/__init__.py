"""Commands for exported models: further formats, and a benchmark of all.

commands     as typed; imports nothing slow
export       writes a model that exists in further formats
benchmark    measures all formats of a model on this machine
"""
