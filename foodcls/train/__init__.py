"""Datasets, batches, optimizer and the training loop."""
