"""What a run gave.

In reading order:
    stage_result    the result of a stage, with its seconds and counts
    run_result    the results of all stages, and the summary for programs
    outbox    what is to be sent to the tracking server, as files until it is sent
"""
