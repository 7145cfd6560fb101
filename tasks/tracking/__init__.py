"""MLflow's side: the only package that imports it."""
