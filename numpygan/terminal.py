"""The terminal: standard streams, which may be closed or full, and the progress of work."""

import contextlib
import os
import re
import shlex
import sys
import time

_SECONDS_BETWEEN_LINES = 60  # a line of progress this often, if there is no terminal

# Names and values come from files. A terminal would obey codes in them; \u202e and its kind turn
# text round. The progress bar begins each text with \r; elsewhere \r would hide what is before it.
_CODES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|(?!^)\r")


def _escaped(code):
    return code[0].encode("unicode_escape").decode()


def shell_word(path):
    """`path` as one word of a command to type: quoted, and never taken for an option."""
    text = str(path)
    return shlex.quote(f"./{text}" if text.startswith("-") else text)


class Output:
    """A standard stream. Text that can't be written is dropped, so that the work goes on.

    lost  None, or the stream's first error: BrokenPipeError if its reader has left; in most other
          cases the disk is full
    """

    def __init__(self, stream):
        self._stream, self.lost = stream, None

    def write(self, text):
        with self._dropping():
            self._stream.write(_CODES.sub(_escaped, text))
        return len(text)

    def flush(self):
        with self._dropping():
            self._stream.flush()

    @contextlib.contextmanager
    def _dropping(self):
        try:
            yield
        except (OSError, ValueError) as error:  # ValueError: the user's own code has closed it
            self.lost = self.lost or error
            # Everything that follows, also Python's flush at its end, goes nowhere.
            with contextlib.suppress(OSError, AttributeError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self._stream.fileno())
                os.close(nowhere)

    def __getattr__(self, name):
        return getattr(self._stream, name)


@contextlib.contextmanager
def standard_streams():
    """Within the block sys.stdout and sys.stderr are Outputs; yields the first.

    A closed stream is replaced by os.devnull.
    """
    _fill_closed()
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        out, err = Output(sys.stdout or nowhere), Output(sys.stderr or nowhere)
        if hasattr(out, "reconfigure"):
            # A path may hold bytes that are not text, or text that the terminal can't show.
            out.reconfigure(errors="backslashreplace")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                yield out
            finally:
                out.flush()
                err.flush()


def _fill_closed():
    """Open os.devnull for each of the files 0, 1, 2 that is closed.

    Otherwise the next opened file, perhaps a checkpoint, would become stdout.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number


class Progress:
    """The progress of work on stderr: a bar on a terminal, else lines.

    A bar would fill a log file with one endless line. If the bar can't be drawn there are lines,
    too: tqdm reads its settings from the environment, and raises various errors for a wrong one.
    """

    def __init__(self, unit, quiet=False):
        self._unit, self._quiet, self._broken = unit, quiet, False
        self._bar, self._told, self._last = None, time.monotonic(), None

    def show(self, done, total, text="", line=False):
        """Show `done` of `total`, and a text.

        Without a terminal a line is printed if `line` is true, at the end, and once a minute.
        """
        if self._quiet or done == self._last:
            return
        if sys.stderr.isatty() and not self._broken:
            try:
                return self._draw(done, total, text)
            except Exception:
                self._broken = True
                self.close()
        if line or done == total or time.monotonic() - self._told > _SECONDS_BETWEEN_LINES:
            self._told, self._last = time.monotonic(), done
            print(f"{done}/{total} {self._unit}{text and ': '}{text}", file=sys.stderr, flush=True)

    def _draw(self, done, total, text):
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=total, initial=done, unit=f" {self._unit}", dynamic_ncols=True, smoothing=0.1
            )
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.update(done - self._bar.n)

    def close(self):
        bar, self._bar = self._bar, None
        if bar is not None:
            with contextlib.suppress(Exception):
                bar.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
