"""Drafts a first recipe: from a folder of pictures as it lies there, or from names alone.

survey  looks which folders are classes, which are a test set, and what groups them
draft   writes the recipe, with what was found as comments
"""
