"""Shows the pictures of a workspace to a person, and keeps what the person decides.

gallery           the pictures of a manifest, by class, suspects first
decision_files    the files for decisions and boxes that a recipe names
decisions         decisions in filter.csv, read and written
boxes             boxes in boxes.csv, read and written
box_files         drawn, proposed and refused boxes, each in its file
changes           what pages and others change, for undo and for news of it
watched           a value read from a file, and read again when somebody has changed it
session           one visit: its pictures, decisions and undo
live_order        what is left, ordered anew by what was decided so far
looks             the test pictures, in drawn order and without predictions
doubts            what to look at next: doubtful pictures, look-alikes, a chance sample
picture_map       all of them on a map, near their like
api               the session as JSON for the page
thumbs            JPEGs of pictures, small and large
app               the page and its requests, as a FastAPI application
story             where a picture came from, and what each stage did to it
"""
