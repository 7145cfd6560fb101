"""The command line: one module a command, and what the commands share.

In reading order:
    main    the `foodcls` command: its subcommands, prepare and demo among them
    options    options and arguments that several commands share; overrides of a recipe
    synonyms    names that other programs have for our commands
    output    lines on the terminal, errors with exit codes, JSON files
    signals    Ctrl-C and SIGTERM end a command within seconds
    prefect_server    the Prefect server of a run, or a temporary one
    init    init: a first recipe
    run    run, demo, doctor: the result, and the checks
    ablate    ablate: the table
    compare    compare: two models on the same pictures
    pages/    review, photograph and serve: what answers browsers and programs
    pictures/    predict, duplicates, propose, suspects, worth, choose, trace
    models/    export and benchmark: a model's files in several formats
    maintenance/    doctor, engines, promote, rollback, sync, schedule, verify, gc, forget
"""
