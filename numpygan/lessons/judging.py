"""What the checks share: a value against the right one, a layer and a game in the checker."""

import copy

import numpy

import numpygan as ng

from ..check.verdicts import known_pattern
from ..nn.tape import run_forward


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
    if found.dtype.kind == "c" and found.imag.any():
        raise Wrong(f"{what} is complex, expected real numbers; take its .imag or its .real")
    if _near(found, expected, tolerance):
        return
    for value, why in mistakes:
        if _near(found, numpy.asarray(value), tolerance):
            raise Wrong(f"{what}: {why}")
    if found.shape != expected.shape:
        raise Wrong(f"{what} has shape {found.shape}, expected {expected.shape}")
    if found.dtype.kind in "iu" and (found == numpy.trunc(expected)).all():
        raise Wrong(
            f"{what} holds whole numbers ({found.dtype}): what comes after the point is lost"
        )
    if found.dtype.kind == "f" and found.dtype.itemsize < 8 and _near(found, expected, 1e-2):
        raise Wrong(f"{what} is rounded to {found.dtype}; the arguments are float64, keep that")
    if found.ndim and not found.any():
        raise Wrong(f"{what}: it is 0 everywhere; is the result written where it belongs?")
    if not numpy.isfinite(found).all():
        raise Wrong(f"{what} holds a value that is not finite (inf or nan)")
    worst = numpy.unravel_index(numpy.argmax(numpy.abs(found - expected)), expected.shape)
    at = f" at {[int(i) for i in worst]}" if expected.ndim else ""
    hint = _pattern(found, expected)
    got, wanted = _apart(found[worst], expected[worst] + 0.0)  # + 0.0: no -0
    raise Wrong(f"{what} is {got}{at}, expected {wanted}" + (f" ({hint})" if hint else ""))


def _apart(one, other):
    """Two numbers as texts, with as many digits as it takes to tell them apart."""
    return next(
        (pair for n in (6, 10) if len({*(pair := (f"{one:.{n}g}", f"{other:.{n}g}"))}) == 2),
        (f"{one:.17g}", f"{other:.17g}"),
    )


def _near(found, expected, tolerance):
    if found.shape != expected.shape:
        return False
    finite = numpy.isfinite(found) & numpy.isfinite(expected)
    if not numpy.array_equal(found[~finite], expected[~finite], equal_nan=True):
        return False
    found, expected = found[finite], expected[finite]
    largest = numpy.abs(expected).max(initial=0)
    return bool(numpy.abs(found - expected).max(initial=0) <= tolerance * max(largest, 1e-300))


def _pattern(found, expected):
    """The pattern of a wrong gradient, in gradcheck's words."""
    if not expected.ndim:
        return ""
    rows = len(expected)
    indices = [tuple(map(int, index)) for index in numpy.ndindex(expected.shape)]
    flat = found.real.astype(float).ravel(), expected.astype(float).ravel()
    return known_pattern(*flat, expected.shape, indices, rows)


def results(found, *names):
    """What a function returned, as a tuple with an entry for each name. Raises Wrong."""
    if not isinstance(found, (tuple, list)) or len(found) != len(names):
        got = f"{len(found)}" if isinstance(found, (tuple, list)) else f"{type(found).__name__}"
        told = "nothing; is there a `return` at its end?" if found is None else f"{got}."
        raise Wrong(
            f"the function should return {len(names)} results: {', '.join(names)}; it returns "
            f"{told}"
        )
    return tuple(found)


def unchanged(call, **arrays):
    """The result of `call()`. Raises Wrong if it changes one of the named arrays."""
    before = {name: array.copy() for name, array in arrays.items()}
    try:
        result = call()
    finally:  # put back what was changed: the next check needs the same numbers
        changed = [
            name
            for name, array in arrays.items()
            if not numpy.array_equal(array, before[name], equal_nan=True)
        ]
        for name in changed:
            arrays[name][...] = before[name]
    if changed:
        raise Wrong(f"the function changes its argument {changed[0]}; it should only read it")
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
    unchanged(lambda: run_forward(layer, t), x=t.x)
    if t.y is not y:
        raise Wrong("forward puts a new array in place of t.y; write into it: `t.y[...] = …`")
    expect("t.y", t.y, expected, mistakes)
    return net, tape


def layer_backward(layers, rows=5):
    """Raise Wrong, in the checker's words, unless gradcheck passes the layers."""
    again = copy.deepcopy(layers)
    report = ng.gradcheck(layers, rows=rows)
    # A forward with abs() or a comparison is right, and the complex step cannot follow it.
    if not report.passed and not ng.gradcheck(again, rows=rows, oracle="five-point").passed:
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
