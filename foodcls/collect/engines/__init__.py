"""Search engines, a file each: addresses of result pages, and what stands on them."""
