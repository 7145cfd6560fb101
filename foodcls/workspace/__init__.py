"""The folder of a run: its places, lock, recovery, verification and garbage collection."""
