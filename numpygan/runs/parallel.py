"""Algorithm 1 with its minibatch shared by several ranks: the same training run.

θ, the optimizers' moments and the random streams are the same on every rank. Each rank draws the
whole minibatch, keeps its own rows, and plays the game on them. Before an update the gradients are
combined,

    (1/m) Σ_i ∇_i = Σ_r (m_r/m) · (1/m_r) Σ_{i on rank r} ∇_i.

Nothing else is sent. θ is one vector, so this is one Allreduce. The game does not know about
ranks.
"""


def arguments_of_rank(ranks, p_data, p_z, optimizer_g, optimizer_d, mask_stream, m):
    """The arguments of `algorithm1` or `authors2014` for this rank; unchanged if it is alone.

    Raises NumpyganError if there are more ranks than rows in the minibatch.
    """
    if ranks.size == 1:
        return p_data, p_z, optimizer_g, optimizer_d, mask_stream, m
    rows = ranks.slice(m)
    m_r, xp = rows.stop - rows.start, optimizer_g.net.xp
    sources = (Rows(source, m, rows, xp) for source in (p_data, p_z))
    optimizers = (OfAllRanks(optimizer, ranks, m_r / m) for optimizer in (optimizer_g, optimizer_d))
    return *sources, *optimizers, Rows(mask_stream, m, rows, xp), m_r


class Rows:
    """A source, or the random stream of dropout masks, for one rank.

    It draws all m rows of a minibatch and returns the slice `rows`.
    """

    def __init__(self, source, m, rows, xp):
        self._source, self._m, self._rows, self._xp = source, m, rows, xp
        self._wholes = {}

    def minibatch(self, out):
        self._draw(self._source.minibatch, out)

    def keep(self, out, keep):
        """Fill `out` with the dropout masks of this rank's rows, of one minibatch or of two.

        It is two in D's pass over examples and generated rows. If a row is a multiple of 4
        entries, the entries of the other ranks are skipped without drawing them: masks are most of
        the random numbers.
        """
        width, m_r = out.shape[1], self._rows.stop - self._rows.start
        if width % 4:
            self._draw(lambda whole: self._source.keep(whole, keep), out)
            return
        for start in range(0, len(out), m_r):
            self._source.pass_over(self._rows.start * width)
            self._source.keep(out[start : start + m_r], keep)
            self._source.pass_over((self._m - self._rows.stop) * width)

    def _draw(self, draw, out):
        m, m_r = self._m, self._rows.stop - self._rows.start
        minibatches = len(out) // m_r
        key = minibatches, out.shape[1], out.dtype
        if key not in self._wholes:
            self._wholes[key] = self._xp.empty((minibatches * m, out.shape[1]), out.dtype)
        whole = self._wholes[key]
        draw(whole)
        for i in range(minibatches):
            out[i * m_r : (i + 1) * m_r] = whole[i * m + self._rows.start : i * m + self._rows.stop]


class OfAllRanks:
    """An optimizer that updates θ with the gradient over the whole minibatch.

    share  m_r/m, this rank's share of the rows
    """

    def __init__(self, optimizer, ranks, share):
        self.net, self._optimizer, self._ranks, self._share = optimizer.net, optimizer, ranks, share

    def ascend(self):
        self._sum()
        self._optimizer.ascend()

    def descend(self):
        self._sum()
        self._optimizer.descend()

    def _sum(self):
        self._ranks.mean(self._optimizer.net.grad, self._share, self._optimizer.net.xp)
