"""Parts clusters of look-alikes into train, val and test."""
