"""Runs a trained network on pictures: calibration, test figures, label issues, worth of more.

inference       the probabilities that a checkpoint gives for manifest rows
calibrate       temperature and threshold from the validation pictures (a stage)
evaluate        the figures on the test pictures (a stage)
own_photos      how far the crawl is from own photos, and what these were worth (a stage)
advice          what to do about a model's accuracy
label_issues    which labels are probably wrong, by confident learning
worth           what more pictures of each class would be worth
learning_curves    recall by how many pictures were learnt from
extrapolation    what recall gains by more, with an interval
quotas          the forecasts as a table, and what to ask engines for
"""
