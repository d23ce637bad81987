"""Runs: the directory, checkpoints, the training loop."""
