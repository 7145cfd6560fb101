"""Read by each Python process that a test starts: none looks for cycles in what it imports.

That takes an eighth of the time of importing Prefect, MLflow and torch. The server of a run is told
the same: flows/cli/prefect_server.py.
"""

import gc

gc.set_threshold(100_000, 50, 100)
