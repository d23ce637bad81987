"""The exceptions that a user can cause."""

_LONGEST = 900  # characters; a name or value from a file can have a million


def printable(text):
    """`text` with whatever can't be printed (line breaks, terminal codes, bytes of a path that are
    no text) as escape sequences.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class NumpyganError(Exception):
    """One sentence: what, where, what was expected, what to do.

    Names of files and fields come from outside: whatever in them can't be printed (line breaks,
    terminal codes) is escaped, and of a very long sentence the middle is left out.
    """

    def __str__(self):
        text = printable(super().__str__())
        return (
            text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 4 :]}"
        )


class Diverged(NumpyganError):
    """Training met a value that is not finite."""


class Finished(NumpyganError):
    """A run that is to go on is at its end already."""
