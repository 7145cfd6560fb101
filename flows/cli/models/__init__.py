"""Commands for exported models: further formats, and a benchmark of all.

typed        the commands as typed; imports nothing slow
export       writes a model that exists in further formats
web_page     the folder of a page that runs it in a browser
benchmark    measures all formats of a model on this machine
"""
