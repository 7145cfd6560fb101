"""Compositions of tasks, to be read aloud.

In reading order:
    prepare    the data half: from a recipe to augmented, split pictures
    train    the whole recipe: prepare, train, evaluate, export, report, record
    retrain    trains anew and lets the better model serve
    ablation    what each kind of cleaning gains
    cli    the command line
"""
