"""Whether a gap between two derivatives of a layer is rounding."""

import numpy

from ..arrays import uniform
from ..nn.tape import run_forward
from .layer_pass import adjoints_of, same_masks
from .rounding import SAFETY, TRIES, ULPS


def is_rounding(one, directions, derivative, name, gap, stream):
    """Whether derivatives change as much between inputs a few units in the last place apart.

    one         the Pass with the gap; on a tape of its own the layer must give the same there
    directions  of x and the parameters; in float32, where every number is compared, None
    derivative  of the loss at an x, along the directions
    name        of the tensor in which float32 differs
    """
    layer, t = one.layer, one.net.tape(len(one.x)).layers[one.index]
    same_masks(layer, one.t, t)

    def compared(y, adjoints):
        if directions is None:
            return ({"y": y} | adjoints)[name].copy()
        return numpy.array([sum((adjoints[key] * u).sum() for key, u in directions.items())])

    def both(x):
        t.x[...], t.gy[...] = x, one.gy
        run_forward(layer, t)
        return compared(t.y, adjoints_of(layer, t)), derivative(x)

    first = both(one.x)
    if not (abs(first[0] - compared(one.y, one.written)) <= gap / SAFETY).all():
        return False  # it is wrong in this memory, or at this call
    seen = 0.0
    for _ in range(TRIES):
        ulps = uniform(one.x.shape, -ULPS, ULPS, stream)
        x = (one.x * (1 + numpy.finfo(one.x.dtype).eps * ulps)).astype(one.x.dtype)
        seen = max(seen, sum(float(abs(a - b).max()) for a, b in zip(both(x), first)))
    return gap <= SAFETY * seen
