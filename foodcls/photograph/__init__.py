"""Takes photos from a phone into the folder that a test set, or own photos, are read from.

photos       the folder: a photo saved by class and group, counted, taken back
certificate  a certificate for TLS that lives as long as the command
app          the page and its requests, as a FastAPI application
"""
