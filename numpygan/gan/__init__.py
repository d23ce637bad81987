"""The paper: the value function, Algorithm 1, and the update of the authors' code."""
