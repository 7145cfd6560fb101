"""Groups pictures that show the same, and drops all but the best of a group."""
