"""One thin cached Prefect task for each stage: a decorator and a call."""
