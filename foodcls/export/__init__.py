"""Writes, checks, loads and runs exported models."""
