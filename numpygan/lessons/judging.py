"""What the checks share: a value against the right one, a layer and a game in the checker."""

import numpy

import numpygan as ng

from ..check.verdicts import known_pattern
from ..nn.tape import forward


class Wrong(Exception):
    """A sentence that names the mistake."""


def expect(what, found, expected, mistakes=(), tolerance=1e-10):
    """Raise Wrong unless `found` is `expected`, an array or a number.

    mistakes  pairs of a value and the sentence that says how one comes to it
    """
    if found is None:
        raise Wrong(f"{what} is None; is there a `return` at the end of the function?")
    try:
        found = numpy.asarray(found)
        if found.dtype.kind not in "biufc":
            raise ValueError
    except ValueError:
        kind = type(found).__name__
        raise Wrong(f"{what} should hold numbers, got an object of type {kind}") from None
    expected = numpy.asarray(expected)
    if found.shape != expected.shape:
        for value, why in mistakes:
            if numpy.shape(value) == found.shape and _near(found, value, tolerance):
                raise Wrong(f"{what}: {why}")
        raise Wrong(f"{what} has shape {found.shape}, expected {expected.shape}")
    if _near(found, expected, tolerance):
        return
    for value, why in mistakes:
        if numpy.shape(value) == found.shape and _near(found, numpy.asarray(value), tolerance):
            raise Wrong(f"{what}: {why}")
    if not found.any():
        raise Wrong(f"{what}: it is 0 everywhere; is the result written where it belongs?")
    if not numpy.isfinite(found).all():
        raise Wrong(f"{what} holds a value that is not finite (inf or nan)")
    worst = numpy.unravel_index(numpy.argmax(numpy.abs(found - expected)), expected.shape)
    at = f" at {[int(i) for i in worst]}" if expected.ndim else ""
    hint = _pattern(found, expected)
    raise Wrong(
        f"{what} is {found[worst]:.6g}{at}, expected {expected[worst]:.6g}"
        + (f" ({hint})" if hint else "")
    )


def _near(found, expected, tolerance):
    if not numpy.isfinite(found).all():
        return numpy.array_equal(found, expected, equal_nan=True)
    largest = numpy.abs(expected).max(initial=0)
    return bool(numpy.abs(found - expected).max(initial=0) <= tolerance * max(largest, 1e-300))


def _pattern(found, expected):
    """The pattern of a wrong gradient, in gradcheck's words."""
    if found.dtype.kind == "c" or not expected.ndim:
        return "" if found.dtype.kind != "c" else "it is complex, expected real numbers"
    rows = len(expected)
    indices = [tuple(map(int, index)) for index in numpy.ndindex(expected.shape)]
    flat = found.astype(float).ravel(), expected.astype(float).ravel()
    return known_pattern(*flat, expected.shape, indices, rows)


def results(found, *names):
    """What a function returned, as a tuple with an entry for each name. Raises Wrong."""
    if not isinstance(found, (tuple, list)) or len(found) != len(names):
        raise Wrong(f"the function should return {len(names)} arrays: {', '.join(names)}")
    return tuple(found)


def unchanged(call, **arrays):
    """The result of `call()`. Raises Wrong if it changes one of the named arrays."""
    before = {name: array.copy() for name, array in arrays.items()}
    result = call()
    for name, array in arrays.items():
        if not numpy.array_equal(array, before[name], equal_nan=True):
            raise Wrong(f"the function changes its argument {name}; it should only read it")
    return result


def layer_forward(layer, x, expected, mistakes=(), masks=None):
    """Raise Wrong unless a layer's forward fills t.y with `expected`; `masks` go into the tape."""
    net = ng.MLP([ng.Affine(x.shape[1], x.shape[1]), layer], "float64")
    net.layers[0].W[...] = numpy.eye(x.shape[1])
    tape = net.tape(len(x))
    t = tape.layers[1]
    y = t.y
    t.x[...] = x
    for name, value in (masks or {}).items():
        getattr(t, name)[...] = value
    forward(layer, t)
    if t.y is not y:
        raise Wrong("forward puts a new array in place of t.y; write into it: `t.y[...] = …`")
    expect("t.y", t.y, expected, mistakes)
    return net, tape


def layer_backward(layers, rows=5):
    """Raise Wrong, in the checker's words, unless gradcheck passes the layers."""
    report = ng.gradcheck(layers, rows=rows)
    if not report.passed:
        raise Wrong(str(report.failures[0]))


def game_is_right(play, **settings):
    """Raise Wrong, in the checker's words, unless `play` is Algorithm 1."""
    from ..check.game_check import check_game

    for k in (1, 2):
        report = check_game(*small_players(), play, k=k, **settings)
        if not report.passed:
            raise Wrong(str(report.failures[0]).replace("numpygan.", ""))


def small_players():
    """G and D of a small game in float64."""
    G = ng.MLP([ng.Affine(2, 4), ng.ReLU(), ng.Affine(4, 3), ng.Sigmoid()], "float64")
    D = ng.MLP([ng.Dropout(0.8), ng.Affine(3, 8), ng.Maxout(2), ng.Affine(4, 1)], "float64")
    for seed, net in enumerate((G, D)):
        net.theta = numpy.random.default_rng(seed).standard_normal(net.theta.size)
    return G, D
