"""Runs a trained network on pictures: calibration, test figures and label issues.

inference       the probabilities that a checkpoint gives for manifest rows
calibrate       temperature and threshold from the validation pictures (a stage)
evaluate        the figures on the test pictures (a stage)
label_issues    which labels are probably wrong, by confident learning
"""
