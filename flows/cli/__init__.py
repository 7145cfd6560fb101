"""The command line: one module a command, and what the commands share.

In reading order:
    main    the `foodcls` command: its subcommands, run, prepare and demo among them
    options    options and arguments that several commands share; overrides of a recipe
    synonyms    names that other programs have for our commands
    output    lines on the terminal, errors with exit codes, JSON files
    signals    Ctrl-C and SIGTERM end a command within seconds
    prefect_server    the Prefect server of a run, or a temporary one
    init    init: a first recipe
    run    run, demo, doctor: the result, and the checks
    ablate    ablate: the table
    pages/    review and serve: what answers browsers and programs
    guesses    propose and suspects: boxes, doubtful labels
    worth    forecasts what more pictures are worth
    trace    trace: the story of a picture
    compare    compare and choose: two models on the same pictures; backbones
    pictures    commands that look at pictures as typed; imports nothing slow, for a quick --help
    predict    predict: answers for picture files
    models/    export and benchmark: a model's files in several formats
    duplicates    duplicates: files that repeat a picture
    maintenance    doctor, engines, promote, rollback, sync; schedule, verify, gc, forget as typed
    schedule    schedule: retraining by the clock
    forget    forget: pictures that must never be used again
    upkeep    gc and verify: garbage, damaged files
"""
