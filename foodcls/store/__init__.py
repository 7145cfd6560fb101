"""Blobs by their SHA-256, and facts by key.

In reading order:
    store    the one interface; files replaced whole
    local_store    in a folder, facts in SQLite
    object_store    in an object store such as S3
    disk    free space, flushing, errors of the file system, edits by one at a time
"""
