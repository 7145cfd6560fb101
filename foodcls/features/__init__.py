"""What the network's frozen layers make of pictures, computed once and kept on disk.

In reading order:
    pixels    decodes pictures and resizes them
    activations    feature extraction: the frozen trunk runs once for each picture
    row_cache    the feature cache: rows of arrays on disk
"""
