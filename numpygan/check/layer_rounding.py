"""Whether a gap between two derivatives of a layer is rounding."""

import numpy

from ..arrays import uniform
from ..nn.tape import backward, forward
from .masks import same_masks
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

    def written(x):
        t.x[...], t.gy[...] = x, one.gy
        forward(layer, t)
        layer.backward_params(t.gy, t)
        backward(layer, t)
        if name == "y":
            return t.y.copy()
        found = {"x": t.gx} | {key: getattr(layer, "g" + key) for key in layer.shapes()}
        if directions is None:
            return found[name].copy()
        return numpy.array([sum((found[key] * u).sum() for key, u in directions.items())])

    def both(x):
        return written(x), derivative(x)

    before = one.y if name == "y" else one.written.get(name)
    if directions is not None:
        before = sum((one.written[key] * u).sum() for key, u in directions.items())
    first = both(one.x)
    if not (abs(first[0] - before) <= gap / SAFETY).all():
        return False  # it is wrong in this memory, or at this call
    seen = 0.0
    for _ in range(TRIES):
        ulps = uniform(one.x.shape, -ULPS, ULPS, stream)
        x = (one.x * (1 + numpy.finfo(one.x.dtype).eps * ulps)).astype(one.x.dtype)
        seen = max(seen, sum(float(abs(a - b).max()) for a, b in zip(both(x), first)))
    return gap <= SAFETY * seen
