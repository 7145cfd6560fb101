"""Decides whether a new model replaces the champion, the one that serves.

challenge    compares both models on test pictures that neither was trained on
rule         the decision, by a paired test
"""
