"""How each host wants to be asked, and what keeps it from being asked more.

table       the hosts that have published limits
manners     these limits, kept by who asks
shared      what processes of one machine know of a host together
days        the bytes of a day
host_queue  whose turn it is
"""
