"""Compositions of tasks, to be read aloud."""
