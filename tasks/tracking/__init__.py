"""MLflow's side: the only package that imports it.

In reading order:
    client    where the tracking server is, timeouts, errors
    run_metrics    settings, tags and metrics of a run
    model_files    a run, and its model, as files that MLflow takes
    send    sends the outbox to the server, each record once
    history    earlier runs: the same run, the latest one, predictions
    benchmark    figures of a model's formats, logged to its run
    registry    champion and challenger of a registered model
    uses    which registered versions have used a picture
    gc    frees what deleted runs keep on disk
"""
