"""Answers for pictures over HTTP; how it is started is up to the command.

batcher    what arrives while a batch is under way is answered together, as the next one
decoder    a picture of a stranger, decoded in the sandbox
bodies     a request's body, read within bounds of size and time
guard      who may ask a page that is for one person, and how often
service    from a picture's bytes to a prediction, within bounds
app        the routes, their documents and errors
"""
