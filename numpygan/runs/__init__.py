"""Runs: the run directory, its checkpoints, the training loop, and many runs at a time."""
