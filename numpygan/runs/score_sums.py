"""The sums of an iteration's scores, computed for many iterations at once."""

from ..gan.game import scores_of

AT_ONCE = 16  # iterations


class ScoreSums:
    """Sums over iterations of V, D(x), D(G(z)) and all logits, (4,) float64 on the device.

    `add` only copies an iteration's logits. Their scores are computed for AT_ONCE iterations at
    once. This is faster for small arrays and on a GPU, where a call takes longer than its numbers.
    With several `ranks` all must call the same methods in the same order.
    """

    def __init__(self, xp, ranks):
        self._xp, self._ranks = xp, ranks
        self._memory = {}  # by game: the logits of D's step (AT_ONCE, 2m), of G's (AT_ONCE, m)
        self._game, self._filled = None, 0
        self.restart()

    def restart(self, sums=None, count=0):
        """Begin anew, from the `sums` (4,) of `count` iterations."""
        self._sums = self._xp.zeros(4) if sums is None else sums
        self.count, self._filled = count, 0

    def add(self, game, weights):
        """Take in the last iteration of `game`. weights (4,) is this rank's share of each score."""
        if game is not self._game:
            self.sums()
            if game not in self._memory:
                tapes = game.pass_d, game.pass_dg
                logits = (self._xp.zeros((AT_ONCE, t.m), t.y.dtype) for t in tapes)
                self._memory[game] = weights, *logits
            self._game = game
        _, of_d, of_g = self._memory[game]
        of_d[self._filled] = game.pass_d.y[:, 0]
        of_g[self._filled] = game.pass_dg.y[:, 0]
        self._filled += 1
        self.count += 1
        if self._filled == AT_ONCE:
            self.sums()

    @property
    def complete(self):
        """Whether the sums hold the last iteration, so that asking for them costs nothing."""
        return not self._filled

    def sums(self):
        """The sums so far."""
        if self._filled:
            weights, of_d, of_g = self._memory[self._game]
            # Always of AT_ONCE rows, the old ones too: a GPU may add other numbers of rows in
            # another order.
            scores = self._ranks.mean(scores_of(self._xp, of_d, of_g), weights, self._xp)
            # One row at a time, so that the bits do not depend on when the sums are asked for.
            for row in range(self._filled):
                self._sums += scores[row]
            self._filled = 0
        return self._sums
