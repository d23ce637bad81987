"""A game that is observed line by line, that can go back, and whose settings can change."""

import gc

import numpy

from ..errors import NumpyganError
from ..pages.pseudocode import order
from ..pages.record import observe
from .frames import View, gradients
from .rewind import History, carried_over

_SCORES = 4_000  # iterations whose scores are kept for the curves
_POINTS = 300  # points of a curve


class Match:
    """A Setup in training.

    An iteration runs in the algorithm's own generator. Its lines are told apart by observing what
    the algorithm calls, as the study page does.

    on_line   called after each line of the algorithm; an iteration goes on when it returns
    order     the lines of an iteration;  line  how many have run; 0 between iterations
    training  the Training;  view  what is shown of it;  history  the way it has come
    scores    [(iteration, V, D(x), D(G(z)), length of ∇ of each layer of D, then of G), …]
    """

    def __init__(self, setup, on_line):
        self._on_line, self.view = on_line, None
        self.start(setup)

    def start(self, setup):
        """Iteration 0 of `setup`."""
        training = setup.training()
        self._set(setup, training)
        self.view.picture.curve.clear()  # it was another game's
        self.history, self.scores, self.line = History(setup, training), [], 0

    def _set(self, setup, training):
        self.setup, self.training, recipe = setup, training, setup.recipe
        self.order = order(recipe.algorithm, recipe.k)
        self.view = View(setup, training, self.view)
        for owner, methods in (
            (training.p_z, ("minibatch",)),
            (training.p_data, ("minibatch",)),
            (training.G, ("forward", "backward")),
            (training.D, ("forward", "backward")),
            (training.optimizer_d, ("ascend",)),
            (training.optimizer_g, ("descend",)),
        ):
            for method in methods:
                observe(owner, method, after=self._ran)
        # An observed network refers to itself. Python frees the networks before these, which may
        # be large, only when it looks for such circles.
        gc.collect()

    def _ran(self, *args, **_):
        """A line of the algorithm has run; `args` are the arguments of the call."""
        self.view.saw(self.order[self.line], args)
        self.line += 1
        self._on_line()

    @property
    def lines_run(self):
        """The lines of this iteration that have run; between two iterations all of the last one."""
        between = self.line == 0 and self.training.iteration > 0
        return self.order if between else self.order[: self.line]

    def advance(self):
        """One iteration, and what is noted of it. Raises Diverged if something is not finite."""
        self.line = 0
        self.training.advance()
        self.training.check_finite()
        if self.line != len(self.order):
            raise NumpyganError("play: the lines that ran are not the lines of the algorithm.")
        self.line = 0
        means = map(float, self.training.means(restart=True))
        norms = (row[1] for net in (self.training.D, self.training.G) for row in gradients(net))
        self.scores.append((self.training.iteration, *means, *norms))
        if len(self.scores) > 2 * _SCORES:
            del self.scores[:-_SCORES]
        self.history.keep(self.setup, self.training)

    def rewind(self, to, anew=False):
        """To the end of iteration `to` and the settings of that moment.

        anew  make all objects anew: the last iteration ended in its middle
        """
        setup, state = self.history.before_and_replayed(to)
        if anew or setup is not self.setup:
            self._set(setup, setup.training())
        self.training.restore(state)
        self.history.forget_after(to)
        first = self.training.iteration
        self.scores = [row for row in self.scores if row[0] <= first]
        self.line = 0
        self.view.unsee()
        while self.training.iteration < to:
            self.advance()

    def change(self, setup):
        """Go on with the settings `setup`, or from the start if they need another game."""
        if setup == self.setup:
            return
        if not setup.goes_on_from(self.setup):
            return self.start(setup)
        training = setup.training()
        carried_over(self.training, self.setup, training, setup)
        self._set(setup, training)
        self.history.changed(setup, training)

    def frame(self, still=True):
        """What is shown of the game as it is; still: as in View.frame."""
        return {
            "iteration": self.training.iteration,
            "line": self.line,
            "oldest": self.history.oldest,
            "curves": _thinned(self.scores),
            "last": list(self.scores[-1][1:4]) if self.scores else None,
            **self.view.frame(self.lines_run, still),
        }


def _thinned(scores):
    """At most _POINTS rows, evenly spaced and with the last: (n, 4 + layers); NaN for None."""
    step = -(-len(scores) // _POINTS)
    rows = scores[::-1][:: max(1, step)][::-1]
    return numpy.array(rows, "float64") if rows else numpy.empty((0, 4))
