"""Prefect's side of the stages: caching, cluster, artifacts, progress, webhook."""
