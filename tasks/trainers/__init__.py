"""Training over several processes, of this machine or of several.

In reading order:
    launch    lets torchrun start them, and passes on what the first of them tells
    process    one of them: trains its part, and tells how far it is
"""
