"""The exceptions that a user can cause."""

import os
from contextlib import contextmanager

_LONGEST = 900  # characters; a name or value from a file can have a million


def printable(text):
    """`text` with every unprintable character as an escape sequence.

    Such characters are line breaks, terminal codes, and bytes of a path that are not text.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def words_of(error):
    """str(error), which an exception of the user's own can refuse to give."""
    try:
        return str(error)
    except Exception:
        return "without words"


class NumpyganError(Exception):
    """One sentence: what, where, what was found, what was expected, what to do.

    Names of files and fields come from outside. Unprintable characters in them are escaped, and
    the middle of a very long sentence is left out.

    >>> ng.Affine(0, 3)
    Traceback (most recent call last):
    numpygan.errors.NumpyganError: Affine: n_in must be a whole number ≥ 1, got 0.
    """

    def __str__(self):
        text = printable(super().__str__())
        if len(text) <= _LONGEST:
            return text
        return f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 4 :]}"


class Unreadable(NumpyganError):
    """The system did not let a file be read. What is in the file is not known."""


class Diverged(NumpyganError):
    """Training met a value that is not finite, or G's samples are too large to be measured.

    >>> issubclass(ng.Diverged, ng.NumpyganError)
    True
    """


class TooLarge(NumpyganError, MemoryError):
    """An array does not fit in the memory."""


class Finished(NumpyganError):
    """A run that is to be resumed is finished already."""


@contextmanager
def code_of_the_user():
    """Within the block code of the user runs; an end that it asks for is an error, not exit 0."""
    end_at_once, own = os._exit, os.getpid()

    def end(code):
        if os.getpid() != own:  # a process that this code has forked
            end_at_once(code)
        raise SystemExit(f"os._exit({code})")

    os._exit = end
    try:
        yield
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise NumpyganError(
            f"the code that this command ran raises {type(error).__name__} ({words_of(error)}), "
            "so the command is not done; correct that code."
        ) from None
    finally:
        os._exit = end_at_once
