"""Whether the complex step suits every layer of a network, or one drops an imaginary part."""

import numpy

from ..arrays import Stream, normal
from ..nn.tape import run_forward
from . import imaginary
from .layer_pass import same_masks
from .oracles import COMPLEX_STEP, central

# Step of a difference. A second one with h/4 must agree with it; else there is a kink, or the error
# is large, and the difference does not count.
_H = 1e-6
_OFF = 1e-2  # the input is moved by about this much, away from a tie


def oracle_of(net, tape):
    """The oracle for all layers, "complex" or "five-point"; a sentence for each that needs it."""
    twin, stream, notes = net.copy("complex128"), Stream(0), []
    now, shadows = net.tape(tape.m), twin.tape(tape.m)
    now.x[...] = tape.x
    for index, (layer, of_complex) in enumerate(zip(net.layers, twin.layers)):
        t, shadow = now.layers[index], shadows.layers[index]
        for page in (t, shadow):
            same_masks(layer, tape.layers[index], page)
        t.x += _OFF * normal(t.x.shape, stream)
        try:
            if _differs(layer, of_complex, t, shadow, stream):
                named = _dropped(of_complex, t.x, shadow)
                if named:
                    notes.append(
                        f"layer {index}, {layer}: its forward drops the imaginary part in "
                        f"{', '.join(named)}, so all is compared with five-point differences"
                    )
        except Exception:  # the checks of the layer say what it raises
            break
    return ("five-point" if notes else "complex"), notes


def _differs(layer, of_complex, t, shadow, stream):
    """Whether Im f(x + ih u)/h is not the derivative of f, which differences agree on."""
    x, u, gy = t.x.copy(), normal(t.x.shape, stream), normal(t.y.shape, stream)

    def along(h):
        t.x[...] = x + h * u
        run_forward(layer, t)
        return (gy * t.y).sum()

    wide, narrow = (central(along, 0.0, 1.0, h) for h in (_H, _H / 4))
    along(0.0)  # the next layer's input
    shadow.x[...] = x + 1j * COMPLEX_STEP * u
    run_forward(of_complex, shadow)
    gap = abs((gy * shadow.y).sum().imag / COMPLEX_STEP - narrow)
    rounding = 100 * numpy.finfo(float).eps * abs(gy * t.y).sum() / _H
    return gap > 1e-4 * abs(narrow) + rounding and abs(wide - narrow) <= 0.1 * gap


def _dropped(layer, x, t):
    """The places in forward that drop the imaginary part of x."""
    return imaginary.dropped(lambda inputs: layer.forward(inputs[0], t), [x * (1 + 1e-3j)])
