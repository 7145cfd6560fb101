"""Decides whether a new model replaces the champion, the one that serves.

challenge    compares both models on test pictures that neither was trained on
near_hashes  finds test pictures that are near one it was trained on, by their hashes
rule         the decision, by a paired test
"""
