"""The dropout masks of a pass, for a second pass with the same."""


def masks_of(layer, t):
    """The names of the arrays of the tape that `draw_mask` fills and forward only reads."""
    memory = layer.memory(t.x.shape[1]) if layer.random else {}
    return [name for name, (_, kind) in memory.items() if kind != "value"]


def same_masks(layer, t, shadow_tape):
    """Give another tape of a layer the masks that were drawn into t."""
    for name in masks_of(layer, t):
        getattr(shadow_tape, name)[...] = getattr(t, name)
