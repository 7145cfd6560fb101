"""Runs a trained network on pictures: calibration, test figures, label issues, worth of more.

inference       the probabilities that a checkpoint gives for manifest rows
calibrate       temperature, threshold and rejection from the validation pictures (a stage)
evaluate        the figures on the test pictures (a stage)
own_photos      how far the crawl is from own photos, and what these were worth (a stage)
advice          what to do about a model's accuracy
strangers       pictures dropped as of no class: half to learn from, half to judge by
label_issues    which labels are probably wrong, by confident learning
looks           the accuracy on true labels, by test pictures that a person has seen
likeness        which pictures look alike, as a file
describe        fills that file for judged pictures
layout          where each lies on a map of them
enough          which classes have too few pictures for a forecast
worth           what more pictures of each class would be worth
learning_curves    recall by how many pictures were learnt from
quotas          the forecasts as a table, and what to ask engines for
"""
