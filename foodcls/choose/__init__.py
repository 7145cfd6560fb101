"""Which backbone is worth its time, judged on the recipe's own pictures.

In reading order:
    choose    compares backbones; the cheapest of those that cannot be told from the best
    candidates    which backbones are at hand; a linear probe on the features of one
"""
