"""Spreads work over threads or machines, and remembers what is done."""
