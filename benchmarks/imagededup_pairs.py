"""Runs in imagededup's own environment: a folder of pictures to pairs, with the time it took.

python imagededup_pairs.py PICTURES DISTANCE ANSWER.json
"""

import json
import os
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    from imagededup.methods import PHash

    pictures, distance, answer = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    method, cores = PHash(verbose=False), os.cpu_count() or 1
    begun = time.perf_counter()
    hashes = method.encode_images(image_dir=pictures, num_enc_workers=cores)
    hashed = time.perf_counter()
    found = method.find_duplicates(
        encoding_map=hashes, max_distance_threshold=distance, num_dist_workers=cores
    )
    ended = time.perf_counter()
    pairs = sorted({tuple(sorted((one, other))) for one in found for other in found[one]})
    told = {"hash": hashed - begun, "search": ended - hashed, "hashed": len(hashes), "pairs": pairs}
    answer.write_text(json.dumps(told))
