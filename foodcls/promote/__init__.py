"""Decides whether a new model takes the place of the champion."""
