"""What a run gave: results of stages, the summary, and the outbox of runs to send."""
