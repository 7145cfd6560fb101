"""Splits pictures into training, validation and test, so that look-alikes are never parted.

split          the stage: assigns clusters of look-alikes to splits
settle         moves clusters where a class is off its shares
assignments    remembers each picture's split from run to run
test_groups    marks which pictures of an outside test set belong together
ablation_sets  derives other training sets for an ablation
"""
