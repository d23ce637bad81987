"""The exceptions that a user can cause."""


class NumpyganError(Exception):
    """One sentence: what, where, what was expected, what to do.

    Names of files and fields come from outside: whatever in them can't be printed (line breaks, terminal codes) is escaped.
    """

    def __str__(self):
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in super().__str__())


class Diverged(NumpyganError):
    """Training met a value that is not finite."""


class Finished(NumpyganError):
    """A run that is to go on is at its end already."""
