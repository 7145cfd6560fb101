"""Asks a trained network: test figures, calibration, label issues, ablation."""
