"""Whether a layer has a derivative at its input."""

import numpy

from ..arrays import normal
from ..nn.tape import run_backward, run_forward
from . import oracles


def at_a_kink(layer, t, stream, oracle):
    """Whether gx jumps within the oracle's steps around the input; the tape is left unchanged.

    Two steps are compared, the second a quarter of the first. A jump stays as high; a smooth change
    falls to a quarter; near a pole it rises.
    """
    reach, share, jump = (1e-9, 1e-3, 1e-3)
    if oracle != "complex":
        reach, share, jump = 2 * oracles.FIVE_POINT_STEP, 0.25, 0.05
    x, y, gx = t.x.copy(), t.y.copy(), t.gx.copy()
    direction = normal(x.shape, stream)
    direction = numpy.sign(direction) * (0.6 + 0.4 * numpy.abs(direction))
    direction *= numpy.maximum(1, numpy.abs(x))
    jumps, defined = [], True
    for step in (reach, reach / 4):
        sides = []
        for sign in (1, -1):
            t.x[...] = x + sign * step * direction
            run_forward(layer, t)
            defined &= bool(numpy.isfinite(t.y).all())
            t.gx[...] = 0
            run_backward(layer, t)
            sides.append(t.gx.copy())
        jumps.append(numpy.abs(sides[0] - sides[1]))
    t.x[...] = x
    run_forward(layer, t)
    t.y[...], t.gx[...] = y, gx
    size = numpy.maximum(*map(numpy.abs, sides))
    with numpy.errstate(invalid="ignore"):
        high = jumps[1] > numpy.maximum(share * size, jump * size.max())
        stays = (jumps[1] > 0.5 * jumps[0]) & (jumps[1] < 2 * jumps[0])
        return defined and bool((high & stays).any())
