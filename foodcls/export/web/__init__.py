"""Writes a folder with a page that runs a model in the browser, and asks no other host.

runtime  ONNX Runtime for browsers, out of the npm package that is pinned here
write    the folder: page, model, its facts and the runtime
"""
