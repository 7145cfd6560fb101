"""Draws a small messy web of canteen food, and serves it on this machine."""
