"""Reads and edits CSV tables that people write, and writes tables for them.

decode_text   reads bytes as text, in whichever encoding it is
read_csv      reads rows of text, and says what is wrong with others
match_rows    finds the rows of a manifest that a person means
label_table   reads which picture is of which class
edit_csv      changes single rows and leaves every other line as it was
spreadsheet   escapes cells that a spreadsheet would take for formulas
manifest_csv  writes and reads the manifest as a table for people
"""
