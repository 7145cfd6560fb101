"""Writes a folder with a page that runs a model in the browser, and asks no other host.

write    the folder: page, model, its facts and the runtime
"""
