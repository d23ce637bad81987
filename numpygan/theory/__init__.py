"""The paper's theory (§4 of the paper: Propositions 1 and 2, Theorem 1) as things to compute, on
densities that are known.
"""
