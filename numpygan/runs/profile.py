"""Where the time of an iteration goes: `numpygan train --profile`."""

import time

import numpy

from ..arrays import wait_for
from ..tables import as_text

PARTS = {
    "products": "the matrix products in forward and backward",
    "elementwise": "biases, nonlinearities, dropout, outer products, sums over rows",
    "random numbers": "noise, dropout masks, the order of the data",
    "update": "the optimizers, the average of the iterates",
    "data": "copying the rows of a minibatch",
    "rest": "losses and their slopes, V, copies; with MPI also Allreduce",
}
_SECONDS_OF_FLOOR = 1.0


class Profile:
    """A clock that always runs for one part of an iteration.

    It wraps the public methods at which a part begins and ends.

    iterations  the number of iterations measured
    seconds     the time of each part in these iterations
    products    the (a, b, out) of each product of the last iteration
    The time between iterations, for pictures and checkpoints, is not counted. On a GPU every part
    waits for the device.
    """

    def __init__(self):
        self.iterations, self.seconds, self.products = 0, dict.fromkeys(PARTS, 0.0), []
        self._running = []  # parts, the innermost last

    def watch(self, training):
        """Measure every `training.advance()` from now on."""
        self._xp = training.xp
        for net in (training.G, training.D):
            timed = _ArrayModule(self._xp, self._product)
            for layer in net.layers:
                layer.xp = timed
            self._wrap(net, "elementwise", "forward", "backward")
        draws = "uniform", "normal", "keep", "permutation", "integers"
        for stream in training.streams.values():
            self._wrap(stream, "random numbers", *draws)
        for optimizer in (training.optimizer_g, training.optimizer_d):
            self._wrap(optimizer, "update", "ascend", "descend")
        if training.average:
            self._wrap(training.average, "update", "update")
        self._wrap(training.p_data, "data", "minibatch")
        self._advance = training.advance
        timed_advance = self._timed("rest", self._advance)

        def advance():
            self.products.clear()
            timed_advance()
            self.iterations += 1

        training.advance = advance

    def _wrap(self, owner, part, *names):
        for name in names:
            setattr(owner, name, self._timed(part, getattr(owner, name)))

    def _timed(self, part, function):
        def timed(*args, **options):
            # A call between iterations, such as sampling for a picture, is not measured.
            if not self._running and function is not self._advance:
                return function(*args, **options)
            self._change(lambda: self._running.append(part))
            try:
                return function(*args, **options)
            finally:
                self._change(self._running.pop)

        return timed

    def _change(self, change):
        """Add the time since the last change to the running part, then change the part."""
        wait_for(self._xp)
        now = time.perf_counter()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        change()
        self._since = now

    def _product(self, a, b, out):
        if self._running:
            self.products.append((a, b, out))
        return self._timed("products", self._xp.matmul)(a, b, out=out)

    def floor(self):
        """Seconds of the products of an iteration alone: the median of many repetitions.

        It uses the arrays of the last iteration. This writes into tapes and gradients, so it
        must be called at the end.
        """
        times, end = [], time.perf_counter() + _SECONDS_OF_FLOOR
        while not times or time.perf_counter() < end:
            start = time.perf_counter()
            for a, b, out in self.products:
                self._xp.matmul(a, b, out=out)
            wait_for(self._xp)
            times.append(time.perf_counter() - start)
        return float(numpy.median(times))

    def table(self):
        """The parts of an iteration in milliseconds and as shares, and the floor; as text."""
        whole, floor = sum(self.seconds.values()) / self.iterations, self.floor()
        times = {part: self.seconds[part] / self.iterations for part in PARTS} | {"floor": floor}
        what = PARTS | {"floor": f"the {len(self.products)} products alone, without outer ones"}
        head = ["part", "ms an iteration", "share", "what it is"]
        rows = [
            [part, f"{1e3 * seconds:.3f}", f"{seconds / whole:.1%}", what[part]]
            for part, seconds in times.items()
        ]
        return (
            f"where the time goes, over {self.iterations:,} iterations:\n"
            f"{as_text(head, rows, left=(0, 3))}\nan iteration takes {1e3 * whole:.3g} ms, without "
            f"the time between iterations; this is {whole / floor:.2f} × the floor"
        )


class _ArrayModule:
    """The array module `xp` with another `matmul`."""

    def __init__(self, xp, matmul):
        self._xp, self.matmul = xp, matmul

    def __getattr__(self, name):
        return getattr(self._xp, name)
