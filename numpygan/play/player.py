"""A game that a page plays: the library as it is, in a thread that stops where it is asked."""

import gc
import queue
import threading
import time

import numpy

from ..errors import NumpyganError
from . import again, experiments, home
from .match import Match

_PERIOD = 1 / 25  # least seconds between frames; frames take at most half of the time
_AT_ONCE = 100  # most commands that wait, and that are carried out before the next line
_FASTEST = 1_000  # highest speed to ask for, in lines or iterations a second; 0: no limit
_NO_MEMORY = "not enough memory; choose smaller networks or a smaller batch."


class Trainer(threading.Thread):
    """Plays a Setup as it is told.

    do_if_room(command)  a dict with "do" and more, from any thread
    want()        the page is ready for another frame; without it none is made
    send(kind, content), called from this thread: ("frame", dict), ("setup", dict), ("error", text),
                  ("text", dict), ("file", dict)

    To stop at a line the thread waits inside the call that the algorithm has just made.
    """

    def __init__(self, setup, send):
        super().__init__(daemon=True, name="numpygan play")
        self._send, self._commands = send, queue.Queue(maxsize=_AT_ONCE)
        self._closed, self._wanted = threading.Event(), threading.Event()
        self.playing, self._unit, self._rate = False, "iteration", 0.0
        self._lines = self._iterations = 0  # that are still to be run, one by one
        self._free, self._later = True, []
        self._next_frame, self._passed, self._changed = 0.0, 0.0, True
        self._speed = 0.0, 0, time.monotonic()
        self._setups = 0  # told so far
        self.match = Match(setup, self._ran)

    def do_if_room(self, command):
        """Ask for a command; False if so many are waiting that it must be asked for again."""
        try:
            self._commands.put_nowait(command)
            return True
        except queue.Full:
            return False

    def want(self):
        self._wanted.set()
        self.do_if_room(None)  # wakes it

    def close(self):
        self._closed.set()
        self.want()

    def run(self):
        with numpy.errstate(all="ignore"):  # what isn't finite is looked for and told
            while not self._closed.is_set():
                try:
                    self._stop_point(inside=False)
                    if not self._closed.is_set():
                        self.match.advance()
                        self._changed = True
                        self._do_what_waited()
                except NumpyganError as error:
                    self._step_back(str(error))
                except MemoryError:
                    self._step_back(_NO_MEMORY)
                except Exception as error:  # a mistake of ours ends this game, and no other
                    self._closed.set()
                    words = f"play: {type(error).__name__}: {error}"
                    self._send("error", f"{words}; this game has ended, so reload the page.")

    # The game may be stopped between iterations, and inside one after each line but the last

    def _ran(self):
        """A line of the algorithm has run."""
        if not self._free and self.match.line < len(self.match.order):
            self._changed = True
            self._stop_point(inside=True)

    def _stop_point(self, inside):
        """Obey commands and show frames until the next line may run."""
        while not self._closed.is_set():
            for _ in range(_AT_ONCE):  # a flood of commands stops no training
                if (inside and self._later) or not self._take(inside, 0):
                    break
            self._show()
            now = time.monotonic()
            due = self._passed + 1 / self._rate if self._rate else now
            if self._lines:
                self._lines, self._free = self._lines - 1, False
            elif self._iterations:
                self._iterations, self._free = self._iterations - 1, True
            elif inside and self._later:
                self._free = True
            elif self.playing and now >= due:
                self._free = self._unit == "iteration"
            else:
                self._take(inside, self._patience(now, due))
                continue
            self._passed = now
            return
        self._free = True

    def _patience(self, now, due):
        """Seconds until something is to be done, if no command comes."""
        seconds = due - now if self.playing else 60.0
        if self._changed and self._wanted.is_set():
            seconds = min(seconds, self._next_frame - now)
        return max(0.0, seconds)

    def _take(self, inside, seconds):
        """Obey one command if there is one within so many seconds; whether there was."""
        try:
            command = self._commands.get(block=seconds > 0, timeout=seconds or None)
        except queue.Empty:
            return False
        if command is not None:
            self._obey(command, inside)
        return True

    def _step_back(self, sentence):
        """After an iteration that failed: stop, tell it, and go to the end of the one before."""
        sentence = sentence.replace(
            "the last good checkpoint is kept; try", "the page is back at the iteration before; try"
        )
        scores = self.match.scores
        self._pause()
        self._go_to(scores[-1][0] if scores else 0, anew=True)
        self._do_what_waited()
        self._send("error", sentence)

    def _go_to(self, iteration, anew=False):
        self._free = True
        self.match.rewind(iteration, anew)
        self._tell_setup()

    # Commands

    def _obey(self, command, inside):
        """Carry out a command; one that needs a whole iteration waits for its end."""
        try:
            word = command.get("do") if isinstance(command, dict) else None
            if not isinstance(word, str) or word not in _COMMANDS:
                raise NumpyganError(f"command: expected one of {', '.join(_COMMANDS)}.")
            if word in _BETWEEN and inside:
                self._later.append(command)
            else:
                _COMMANDS[word](self, command)
        except NumpyganError as error:
            self._send("error", str(error))
        except MemoryError:
            self._send("error", _NO_MEMORY)

    def _do_what_waited(self):
        waiting, self._later = self._later, []
        for command in waiting:
            self._obey(command, inside=False)

    def _play(self, _):
        self.playing = self._changed = True
        self._lines = self._iterations = 0

    def _pause(self, _=None):
        self.playing, self._changed = False, True
        self._lines = self._iterations = 0

    def _one_line(self, _):
        self._pause()
        self._lines = 1

    def _one_iteration(self, _):
        self._pause()
        self._iterations = 1

    def _set_speed(self, command):
        unit, rate = command.get("unit"), command.get("rate")
        if (
            unit not in ("line", "iteration")
            or type(rate) not in (int, float)
            or not 0 <= rate <= _FASTEST
        ):
            raise NumpyganError(
                f"speed: expected unit line or iteration, and a rate from 0 (as fast as it goes) "
                f"to {_FASTEST}."
            )
        self._unit, self._rate, self._changed = unit, max(rate, 0.1) if rate else 0.0, True

    def _rewind_to(self, command):
        to = command.get("to")
        oldest, last = self.match.history.oldest, self.match.training.iteration
        if type(to) is not int or not oldest <= to <= last:
            raise NumpyganError(f"rewind: expected an iteration from {oldest:,} to {last:,}.")
        self._pause()
        self._go_to(to)

    def _restart(self, _):
        self._start(self.match.setup)

    def _start(self, setup):
        self._pause()
        self.match.start(setup)
        self._tell_setup()

    def _change(self, command):
        setup = self.match.setup.changed(command.get("fields", {}), command.get("drawing"))
        self.match.change(setup)
        self._tell_setup()

    def _experiment(self, command):
        """A prepared experiment, or the settings in an address: from a recipe, from the start."""
        self._start(experiments.setup_of(command))

    def _look(self, command):
        self.match.view.look(command.get("surface"), command.get("mesh"))
        self._changed = True

    def _take_home(self, command):
        self._give(home.taken(command.get("as"), self.match))

    def _open_up(self, _):
        """Stop at this line, and show everything about this iteration."""
        self._pause()
        self._give(again.opened(self.match))

    def _give(self, made):
        gc.collect()  # frees the copy that has played again, see Match._set
        self._send("file" if "bytes" in made else "text", made)

    def _tell_setup(self, _=None):
        self._changed = True
        self._setups += 1
        self._send("setup", {"number": self._setups, **self.match.view.setup_data()})

    # Frames

    def _show(self):
        """Send a frame, if something has changed and the page is ready."""
        start = time.monotonic()
        if not (self._changed and self._wanted.is_set()) or start < self._next_frame:
            return
        self._wanted.clear()
        self._changed = False
        iteration, (_, before, since) = self.match.training.iteration, self._speed
        if not self.playing:
            self._speed = 0.0, iteration, start
        elif start - since > 0.5:
            self._speed = max(0.0, (iteration - before) / (start - since)), iteration, start
        self._send(
            "frame",
            {
                "setup": self._setups,  # the page may have been told of a newer one by then
                "playing": self.playing,
                "unit": self._unit,
                "rate": self._rate,
                "speed": self._speed[0],
                **self.match.frame(still=not self.playing),
            },
        )
        end = time.monotonic()
        self._next_frame = end + max(_PERIOD - (end - start), end - start)


_COMMANDS = {
    "hello": Trainer._tell_setup,
    "play": Trainer._play,
    "pause": Trainer._pause,
    "line": Trainer._one_line,
    "iteration": Trainer._one_iteration,
    "speed": Trainer._set_speed,
    "look": Trainer._look,
    "rewind": Trainer._rewind_to,
    "restart": Trainer._restart,
    "change": Trainer._change,
    "experiment": Trainer._experiment,
    "home": Trainer._take_home,
    "open": Trainer._open_up,
}
_BETWEEN = ("rewind", "restart", "change", "experiment", "home")
