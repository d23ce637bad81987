"""Going back: states kept every few iterations; the iterations between are played again."""

import math
from collections import deque

import numpy

from ..nn.optimizers import Adam, Momentum

WINDOW = 1_000  # iterations that a page can go back
_EVERY = 20  # iterations between two kept states
_BYTES = 200_000_000  # most bytes of all kept states; a larger game keeps fewer states

_OF_A_RULE = (*Momentum.names, *Adam.names, "updates")
_OF_THE_DATA = ("order", "position")


def copied(state):
    """A state of a Training, as arrays that nobody else writes into."""
    return {name: numpy.array(value) for name, value in state.items()}


class History:
    """The way a game has come: every change of its settings, and the states to go back to.

    setups  [(iteration, Setup), …]: the settings from that iteration on
    """

    def __init__(self, setup, training):
        self.setups = [(0, setup)]
        self._kept = deque([(0, setup, copied(training.state()))])
        size = sum(value.nbytes for value in self._kept[0][2].values())
        self.every = max(_EVERY, math.ceil(WINDOW * size / _BYTES))

    @property
    def oldest(self):
        """The first iteration that can be gone back to."""
        return self._kept[0][0]

    def keep(self, setup, training):
        """Call this after each iteration."""
        if training.iteration % self.every == 0:
            self._add(training.iteration, setup, training)
            while len(self._kept) > 1 and self._kept[1][0] <= training.iteration - WINDOW:
                self._kept.popleft()

    def changed(self, setup, training):
        """The settings have changed: from here on they are `setup`."""
        if self.setups[-1][0] == training.iteration:
            self.setups.pop()
        self.setups.append((training.iteration, setup))
        self._add(training.iteration, setup, training)

    def _add(self, iteration, setup, training):
        if self._kept and self._kept[-1][0] == iteration:
            self._kept.pop()
        self._kept.append((iteration, setup, copied(training.state())))

    def forget_after(self, iteration):
        """What came after this iteration never was."""
        while len(self.setups) > 1 and self.setups[-1][0] > iteration:
            self.setups.pop()
        while len(self._kept) > 1 and self._kept[-1][0] > iteration:
            self._kept.pop()

    def before(self, iteration):
        """The Setup and a state at or before this iteration; the state is the caller's."""
        for _, setup, state in reversed(self._kept):
            if state["iteration"] <= iteration:
                return setup, copied(state)
        raise KeyError(iteration)

    def before_and_replayed(self, iteration):
        """As `before`, but earlier if possible, so that the last iteration is played again."""
        setup, state = self.before(iteration)
        if self.oldest < iteration == state["iteration"]:
            earlier = self.before(iteration - 1)
            return earlier if earlier[0] is setup else (setup, state)
        return setup, state


def carried_over(old, old_setup, new, new_setup):
    """Let the Training `new` go on where `old` is: everything that both have stays as it is.

    An optimizer of another kind starts from zero; other data start with a fresh order; an average
    that is new starts at θ_g.
    """
    state, before, dropped = new.state(), old.state(), set()
    if old_setup.recipe.rule != new_setup.recipe.rule:
        dropped |= {f"{name}_{suffix}" for name in _OF_A_RULE for suffix in "gd"}
    if (old_setup.recipe.data, old_setup.drawing) != (new_setup.recipe.data, new_setup.drawing):
        dropped |= set(_OF_THE_DATA)
    state |= {name: before[name] for name in state if name in before and name not in dropped}
    if "average_g" in state and "average_g" not in before:
        state["average_g"] = before["theta_g"]
    new.restore(copied(state))
