"""The paper: the value function, the learning rules, Algorithm 1, the recipes."""
