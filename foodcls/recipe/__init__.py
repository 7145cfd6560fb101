"""Reads a recipe: sections as frozen settings, errors with their line."""
