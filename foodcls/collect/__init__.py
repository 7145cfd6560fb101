"""Collects pictures: a recipe's classes and sources become a manifest and blobs of the store.

collect           the stage: search, fetch, read folders, count what came
search            questions to engines, page by page, and what they found
engines           the search engines, a file each
rate_limits       what an engine's hour or day still allows
logins            tokens for registered clients
trial             one small question to each engine: does it work?
shortage          of which classes too little came, and what to do
query_stats       what each engine gave for each query
url_list          a CSV of URLs, or an earlier manifest, in place of engines
folders           a folder of pictures in place of URLs
fetch             URLs into the store, remembered from run to run
over_workers      fetches by many workers, each with hosts of its own
download          many URLs at once: redirects, retries, throttling
request           a request on its way through redirects and retries
http_client       one request, bounded in time and bytes
response_headers  status, redirects, Retry-After and opt-outs
hosts             how each host wants to be asked
robots            what its robots.txt allows
ssrf_guard        addresses to which connections are blocked
limits            the bounds of all this
outcomes          candidates, results, and how a URL can end
rows              results as manifest rows
"""
