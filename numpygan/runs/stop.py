"""Signals that ask a command to stop."""

import os
import shlex
import signal
import socket
import sys
import threading

# Ctrl-C; `kill` and schedulers; a terminal that is closed, which Windows calls SIGBREAK. No system
# has all of them.
_SIGNALS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    if hasattr(signal, name)
]
_SECONDS_OF_PATIENCE = 5  # before it is told that a second Ctrl-C ends it


class StopSignals:
    """Turns the signals into a wish, `asked`, that the loop grants at the end of the iteration. A
    second SIGINT ends the process.

    last_words  a function: the sentence that is printed when a second SIGINT ends the process, with
                exit code 130
    What the parent process set to be ignored (`nohup`, a script's `&`) stays ignored. Outside the
    main thread, where Python lets nobody handle signals, nothing is done.
    """

    def __init__(self, last_words):
        self._last_words = last_words

    def __enter__(self):
        self.asked, self._before = False, {}
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                # None: a handler of another language
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._ask)
        if not self._before:
            return self
        # Python calls a handler when the call into BLAS returns, which can take minutes. The wakeup
        # file is written at once.
        self._read, self._write = socket.socketpair()
        self._write.setblocking(False)
        self._wakeup = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def _ask(self, number, frame):
        self.asked = True

    def _watch(self):
        """Count what Ctrl-C sends, in a thread."""
        interrupts = 0
        with self._read:
            while True:
                try:
                    numbers = self._read.recv(64)
                except TimeoutError:
                    self._read.settimeout(None)
                    if self._last_words():
                        _tell(
                            "stops as soon as the iteration is done and saved; Ctrl-C again ends "
                            "it at once."
                        )
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


def go_on(path, device):
    """The command that goes on with the run in `path`."""
    return (
        f"numpygan train {shlex.quote(str(path))} "
        f"--resume{'' if device == 'cpu' else f' --device {device}'}"
    )
