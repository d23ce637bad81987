"""What the methods of a layer may read and write; the gradients that they give."""

import numpy

from ..errors import NumpyganError
from ..nn.tape import run_backward, run_forward
from .layer_pass import FILLERS, adjoints_of, masks_of

_PASSES = 20  # forward passes that must give the same y; two masks can be equal by chance
_ANEW = (
    "{} draws its randomness anew or keeps a state: the same x, θ and masks give another {}; "
    "draw in draw_mask(t, stream) of a layer with random = True"
)


class Misbehaves(Exception):
    """(tensor, its size, hint, whether no pass gets beyond this layer)."""


def gradients_of(net, index, t, stream):
    """Return (the adjoints by name, copies of all that was there before) at t.x and t.gy.

    Raises Misbehaves if a method raises, keeps a state, or reads or writes what it must not.
    """
    layer = net.layers[index]
    kept = {"x": t.x, "gy": t.gy} | {name: getattr(t, name) for name in masks_of(layer, t)}
    kept |= {name: getattr(layer, name) for name in layer.shapes()}
    before = {name: array.copy() for name, array in kept.items()}
    calls = {
        "forward": lambda: run_forward(layer, t),
        "backward_params": lambda: layer.backward_params(t.gy, t),
        "backward": lambda: run_backward(layer, t),
    }
    for method, call in calls.items():
        known = set(vars(layer))
        try:
            returned = call()
        except NumpyganError:
            raise
        except Exception as error:  # whatever a wrong layer raises is its verdict
            hint = f"{method} raises {type(error).__name__}: {error}"
            raise Misbehaves("x", t.x.size, hint, True) from None
        if returned is not None:
            hint = f"{method} returns its result, which nobody reads; write `self.gW[...] = …`"
            raise Misbehaves("x", t.x.size, hint, True)
        for name in sorted(set(vars(layer)) - known):
            if name[:1] == "g" and name[1:] in vars(layer):
                hint = (
                    f"{method} sets self.{name}, which nobody reads; declare the parameter: "
                    f'`def shapes(self): return {{"{name[1:]}": (n,)}}`'
                )
                raise Misbehaves(name[1:], numpy.size(getattr(layer, name)), hint, False)
        if method == "forward":
            kept["y"], before["y"] = t.y, t.y.copy()

    def wrong(name, hint, stops=False):
        return Misbehaves(name, kept[name].size, hint, stops)

    def changed():
        same = {name: numpy.array_equal(before[name], kept[name], equal_nan=True) for name in kept}
        return [name for name in kept if not same[name]]

    if set(changed()) <= set(t.own):
        for _ in range(_PASSES):
            t.y[...] = 0  # as it was at the first pass
            run_forward(layer, t)
            if "y" in changed():
                raise wrong("y", _ANEW.format("forward", "y"), stops=True)
        held = []
        for number in FILLERS:
            t.y[...] = number
            run_forward(layer, t)
            held.append(t.y.copy())
        if hint := _not_written(*held, "forward", "t.y"):
            raise wrong("y", hint, stops=True)
    run_forward(layer, t)  # a function of x, θ and the masks gives the same again
    analytic, repeated = (adjoints_of(layer, t, number) for number in FILLERS)
    _another_pass(net, index, len(t.x), stream)
    again = adjoints_of(layer, t)
    for name in changed():
        raise wrong(name, f"forward and backward must leave {name} as it was")
    for name, g in analytic.items():
        method, array = (
            ("backward", "t.gx") if name == "x" else ("backward_params", f"self.g{name}")
        )
        if hint := _not_written(g, repeated[name], method, array):
            raise wrong(name, hint)
    for name, g in analytic.items():
        if not numpy.array_equal(g, repeated[name], equal_nan=True):
            raise wrong(name, _ANEW.format("backward", "gradient"), stops=True)
    for name, g in analytic.items():
        if not numpy.array_equal(g, again[name], equal_nan=True):
            hint = (
                "another pass before backward changes it; what backward needs belongs in the tape t"
            )
            raise wrong(name, hint)
    for name in layer.shapes():
        gradient = getattr(layer, f"g{name}")
        gradient[...] = FILLERS[0]
        run_backward(layer, t)
        if (gradient != FILLERS[0]).any():
            hint = (
                f"backward writes self.g{name}, which must stay as it is when the network runs "
                f"backward with params=False; write it in backward_params"
            )
            raise wrong(name, hint)
    return analytic, before


def _not_written(one, two, method, array):
    """A hint if `method` does not write all of `array`, else "".

    one, two  the results when the array held 0.5 and 1.5 before
    """
    left = (one == FILLERS[0]) & (two == FILLERS[1])
    if left.all():
        return f"{method} writes nothing to {array}; write `{array}[...] = …`"
    if left.any():
        return f"{method} leaves {left.sum()} of {left.size} numbers of {array} as they were"
    added = numpy.allclose(two - one, FILLERS[1] - FILLERS[0], rtol=0, atol=1e-9)
    if added and method != "forward":  # which changes y
        return f"{method} adds to what {array} held before; write `{array}[...] = …`"
    return ""


def _another_pass(net, index, rows, stream):
    """Run forward and backward of the layer for other rows, on another tape, and forward again.

    The last forward has no backward. So a layer that keeps its passes on a stack takes the wrong
    pass in its next backward, and is found.
    """
    layer, other = net.layers[index], net.tape(rows).layers[index]
    stream.normal(other.x)
    stream.normal(other.gy)
    if layer.random:
        layer.draw_mask(other, stream)
    run_forward(layer, other)
    run_backward(layer, other)
    run_forward(layer, other)
