"""Gradient checks: oracles, verdicts, a network's and the whole game's derivatives."""
