"""The folder that holds all a run writes.

In reading order:
    workspace    the places in it
    lock    the lock: one run at a time
    recovery    what a killed run left behind is removed when the lock is taken
    verify    finds damaged files
    gc    garbage collection: finds what nothing needs any more
    forget    bars pictures for good, and removes what is theirs
    wanted    what a person names to be forgotten
    services    checks of servers, store and workers
    doctor    checks of the machine and the workspace
"""
