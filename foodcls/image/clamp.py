"""Turns edges into the whole pixels that they touch within a picture.

A module of its own, so that an edit of what finds foregrounds crops no picture again.
"""

import math


def clamp_box(
    edges: tuple[float, float, float, float], size: tuple[int, int]
) -> tuple[int, int, int, int] | None:
    """The pixels that a box touches, within a picture of (width, height); None when none."""
    width, height = size
    # whole pixels: what is touched at the near edges counts, as at the far ones
    left, top = (max(0, math.floor(value)) for value in edges[:2])
    right, bottom = math.ceil(min(edges[2], width)), math.ceil(min(edges[3], height))
    return (left, top, right, bottom) if left < right and top < bottom else None
