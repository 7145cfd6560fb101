"""Spreads work over threads or machines, and remembers what is done.

In reading order:
    parallel    a parallel map over threads or machines; prefetching
    process_group    processes that train together, by torch.distributed
    memo    a memoized map over pictures: computes only what the store lacks
    memory    the C library keeps freed memory for the next blocks
    event_loop    asynchronous work for callers that are not
    code_digest    a digest of the code behind a stage, as part of its cache key
"""
