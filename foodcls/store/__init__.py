"""Blobs by their SHA-256, and facts by key.

In reading order:
    store    the one interface; files replaced whole, or edited by one at a time
    blob_file    a blob as a file, for who reads parts of it
    local_store    in a folder, facts in SQLite
    object_store    in an object store such as S3
    disk    free space, flushing, and errors of the file system
"""
