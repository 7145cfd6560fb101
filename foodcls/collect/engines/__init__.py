"""Search engines: addresses of result pages, and what stands on them."""
