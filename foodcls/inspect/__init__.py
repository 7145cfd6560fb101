"""Decodes each picture once in a sandbox, and refuses what is not sound."""
