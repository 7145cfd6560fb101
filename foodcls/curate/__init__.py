"""What becomes of pictures once they have arrived: from bytes to a training set."""
