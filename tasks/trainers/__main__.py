"""Runs one of the processes that torchrun starts."""

from tasks.trainers.process import main

main()
