"""The exceptions that a user can cause."""


class NumpyganError(Exception):
    """One sentence: what, where, what was expected, what to do."""


class Diverged(NumpyganError):
    """Training met a value that is not finite."""
