"""The paper's theory (§4: Propositions 1 and 2, Theorem 1), computed on known densities."""
