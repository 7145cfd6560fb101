"""Reads and edits CSV tables that people write."""
