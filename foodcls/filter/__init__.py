"""Drops and relabels pictures as a person has decided, and their copies.

decisions   reads filter.csv: what a person decided, and of which picture
copies      what a decision about one picture says of its copies, and of label conflicts
filter      the stage
"""
