"""Signals that ask a command to stop."""

import os
import signal
import socket
import sys
import threading

from ..terminal import shell_word

# Ctrl-C; `kill` and schedulers; a closed terminal (SIGBREAK on Windows). No system has all four.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
_SIGNALS = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
_SECONDS_OF_PATIENCE = 5  # then a line says that a second Ctrl-C ends the process


class StopSignals:
    """Sets `asked` on a signal; the loop stops at the end of the iteration.

    A second SIGINT ends the process at once, with exit code 130.

    last_words  a function that returns the sentence to print in that case
    Signals that the parent process ignores (`nohup`, a script's `&`) stay ignored. In another
    thread than the main one, where Python allows no handlers, nothing is done.
    """

    def __init__(self, last_words):
        self._last_words = last_words

    def __enter__(self):
        self.asked, self._before = False, {}
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                # None: the handler was not set by Python.
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._ask)
        if not self._before:
            return self
        # Python calls a handler only after a call of BLAS returns, which can take minutes. But it
        # writes to the wakeup socket at once.
        self._read, self._write = socket.socketpair()
        self._write.setblocking(False)
        self._wakeup = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        try:
            threading.Thread(target=self._watch, daemon=True).start()
        except RuntimeError:  # the system refuses a thread; the loop still sees the first signal
            signal.set_wakeup_fd(self._wakeup)
            self._read.close()
        return self

    def _ask(self, number, frame):
        self.asked = True

    def _watch(self):
        """Count the Ctrl-C, in a thread."""
        interrupts = 0
        with self._read:
            while True:
                try:
                    numbers = self._read.recv(64)
                except TimeoutError:
                    self._read.settimeout(None)
                    if self._last_words():
                        words = "stops when the iteration is done and saved"
                        _tell(f"{words}; Ctrl-C again ends it at once.")
                    continue
                if not numbers:
                    return
                interrupts += numbers.count(signal.SIGINT) if signal.SIGINT in self._before else 0
                if interrupts > 1:
                    _tell(self._last_words())
                    os._exit(130)
                if interrupts:
                    self._read.settimeout(_SECONDS_OF_PATIENCE)

    def __exit__(self, *_):
        if self._before:
            signal.set_wakeup_fd(self._wakeup)
            self._write.close()
        for number, handler in self._before.items():
            signal.signal(number, handler)


def _tell(sentence):
    if sentence:
        print(f"numpygan: {sentence}", file=sys.stderr, flush=True)


def resume_command(path, device="cpu", **length):
    """The command that resumes the run in `path`, to the length epochs=N or iterations=N."""
    # Not `train PATH --resume`: a path can be the name of a recipe, too.
    command = f"numpygan train --resume --out {shell_word(path)}"
    for name, value in length.items():
        command += f" --{name} {repr(value).removesuffix('.0')}"
    return command if device == "cpu" else f"{command} --device {device}"
