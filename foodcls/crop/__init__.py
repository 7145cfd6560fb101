"""Reads boxes in any common annotation format, and cuts pictures to them.

crop       the stage: cuts each kept picture to its boxes
boxes      checks the boxes of an annotation file
names      what a tool's name of a picture may stand for
matching   finds the picture that each box means
turns      whether boxes lie on the upright or the stored picture
placement  places each box on the rows of its picture
plausible  checks a box file as a whole
units      detects whether boxes are in pixels, percent or shares
proposals  offers a box for each picture that has none
formats    one module an annotation format
"""
