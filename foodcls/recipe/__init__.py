"""Reads a recipe: sections as frozen settings, errors with their line.

recipe          reads a recipe file, checks it, and digests its settings
data_settings   the sections from collect to augment
train_settings  the sections train, inference, export and promote
spelling        takes what people write in more than one way
presets         training settings that go together, by one name
problems        says what is wrong with values, and where
fixed_file      files as they were when a run began
types           what a single setting may hold: paths, names, bounded numbers
yaml_lines      parses YAML and knows the line of each key
"""
