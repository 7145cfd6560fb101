"""The commands of those who keep a pipeline running.

commands    as typed, with doctor, engines, promote, rollback and sync; imports nothing slow
schedule    schedule: retraining by the clock
verify      verify: damaged files
gc          gc: what nothing needs any more
forget      forget: pictures that must never be used again
"""
