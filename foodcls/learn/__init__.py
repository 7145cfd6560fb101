"""Turns kept pictures into a trained, honestly judged network and a file that any program runs."""
