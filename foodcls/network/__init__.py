"""Backbones, their weights, and how they compute."""
