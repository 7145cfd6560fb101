"""Image classifiers for classes that no dataset has, from pictures of the web."""

__version__ = "0.1.0"
