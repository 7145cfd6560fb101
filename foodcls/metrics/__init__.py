"""Pure figures from predictions: accuracy, ranks, intervals, calibration, paired tests."""
