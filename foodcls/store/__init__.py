"""Keeps blobs and facts by content: in a folder or an object store."""
