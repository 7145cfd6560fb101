"""Near-duplicate detection: groups pictures that show the same, and keeps the best of a group.

dedup        the stage: one row of each picture is kept
blocked      what looks like a picture that was told to be forgotten is dropped first
duplicates   finds duplicate files in any folders
pairs        finds pairs: search by hash, then confirm by thumbnail
turned       pairs of which one shows the other turned by a quarter or a half
hamming      all pairs of hashes within a Hamming distance
views        near pairs among more pictures than can all be compared: those that share a view
cells        points that share a cell of a grid
correlation  how thumbnails correlate, one laid over windows of the other
confirm      a second check of such pairs: foreground and colors
groups       who is kept of a group, and which pictures a split must not part
"""
