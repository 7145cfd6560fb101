"""Prefect's side of the stages.

In reading order:
    stage    a task cached by content: its cache key, and which entries are believed
    recall    an unchanged run, told without a server
    presence    which pictures the store has, asked for once in a run
    checkpoints    the checkpoint that an exported file was made of
    retry    whether what trouble took away is tried again
    cluster    the store and the workers that the environment names
    progress    a progress bar, or a progress artifact in the UI
    ui    tables in Prefect's UI
    webhook    says how a flow run has ended, in its last state and to a webhook
"""
