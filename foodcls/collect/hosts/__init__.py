"""How each host wants to be asked, and what keeps it from being asked more.

table       the hosts that have published limits
limiter     the rate limiter that keeps them
shared      the state of a host, and its bytes of a day, that processes of one machine share
host_queue  whose turn it is
"""
