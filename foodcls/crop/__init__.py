"""Reads boxes of annotation tools, and cuts pictures to them."""
