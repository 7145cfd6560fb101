"""Folders of pictures and recipes: drafts a first one for them, checks those that one names.

survey         looks which folders are classes, which are a test set, and what groups them
draft          writes the recipe, with what was found as comments
class_folders  whether the folders that a recipe names have one for each class
"""
