"""The commands that answer browsers and programs until Ctrl-C.

commands    as typed; imports nothing slow, for a quick --help
listen      a port to listen on, or a sentence; serving until Ctrl-C or SIGTERM
review      review: the page with the pictures of a workspace
photograph  photograph: photos from a phone
serve       serve: predictions over HTTP
"""
