"""Judges a .pt file before torch reads it, for torch would run what stands in it.

read           has torch read a file, once sure that it only computes
archive        reads its parts and plain values, and calls nothing
script_code    judges its sources as text
operators      the operators that they may use
"""
