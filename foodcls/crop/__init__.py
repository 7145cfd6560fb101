"""Reads boxes in any common annotation format, and cuts pictures to them.

crop       the stage: cuts each kept picture to its boxes
boxes      checks the boxes of an annotation file
placement  matches each box to the rows of its picture
units      detects whether boxes are in pixels, percent or shares
proposals  offers a box for each picture that has none
formats    one module an annotation format
"""
