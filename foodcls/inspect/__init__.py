"""Decodes each picture once in a sandbox, and rejects what is not sound.

inspect         the stage: arrived pictures become sound ones or get a reason
sandbox         a pool of processes that may die while they decode
sandbox_worker  what runs in such a process, within limits of memory and time
fingerprints    remembers perceptual hashes and thumbnails in the store
measures        remembers measures of quality in the store
flags           blurred, dark, tiny: words of advice from the measures
"""
