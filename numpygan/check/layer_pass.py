"""One layer alone: copy its dropout masks to another tape, and run its backward pass."""

from types import SimpleNamespace

from ..nn.tape import Tape, run_backward

FILLERS = 0.5, 1.5  # what arrays hold before they are written


def tape_of(net, index, rows):
    """A tape of one layer alone: a tape of all layers could fill memory if another one is wide."""
    alone = SimpleNamespace(
        layers=[net.layers[index]],
        widths=net.widths[index : index + 2],
        dtype=net.dtype,
        real_dtype=net.real_dtype,
        xp=net.xp,
    )
    return Tape.allocate(alone, rows, training=True)


def masks_of(layer, t):
    """The names of the arrays of the tape that `draw_mask` fills and forward only reads."""
    memory = layer.memory(t.x.shape[1]) if layer.random else {}
    return [name for name, (_, kind) in memory.items() if kind != "value"]


def same_masks(layer, t, shadow_tape):
    """Give another tape of a layer the masks that were drawn into t."""
    for name in masks_of(layer, t):
        getattr(shadow_tape, name)[...] = getattr(t, name)


def adjoints_of(layer, t, number=FILLERS[0]):
    """Copies of gx and of the gradients, by name; the arrays hold `number` before backward.

    Call it with both FILLERS: the results differ if backward adds to an array or leaves a part.
    """
    written = {"x": t.gx} | {name: getattr(layer, "g" + name) for name in layer.shapes()}
    for array in written.values():
        array[...] = number
    layer.backward_params(t.gy, t)
    run_backward(layer, t)
    return {name: array.copy() for name, array in written.items()}
