"""Turns a recipe's wishes into pictures in the store and a manifest of all that was tried."""
