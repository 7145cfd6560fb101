"""Cached Prefect tasks, one for each stage: a decorator and a call of the library.

In reading order:
    data    from the web to an augmented training set
    model    from a split manifest to an exported file
    report    the report of a run, for people
    record    tells MLflow of a run or an ablation
    promote    whether a run's model becomes the champion
    ablation    the other training sets of an ablation, and its table
    trainers    training over several processes, which torchrun starts
    engine    Prefect's side: caching, cluster, progress, UI, webhook
    tracking    MLflow's side: the only package that imports it
"""
