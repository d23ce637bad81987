"""Side effects of a function and its backward: kept state, randomness, changed inputs."""

import numpy

from ..errors import NumpyganError
from .problem import Wrong, copies_of, random_gys

_PASSES = 4  # forward passes that must agree; two small masks can be equal by chance


def check_behaviour(problem, values):
    """Raise Wrong if the pair depends on more than its inputs or changes an array of the caller."""
    mine = copies_of(values)
    first = [y.copy() for y in problem.outputs(mine)]
    _unchanged(problem, values, mine, "function")
    for _ in range(_PASSES):
        if not same(first, problem.outputs(copies_of(values))):
            raise Wrong(None, _why_not_the_same(problem, values))
    gys = random_gys(problem, first)
    _check_backward(problem, values, mine, gys)


def _check_backward(problem, values, mine, gys):
    try:
        pull = problem.backward(mine)
        given = [numpy.copy(gy)[()] for gy in gys]
        first = [numpy.copy(g) for g in pull(given)]
    except (NumpyganError, Wrong):
        raise
    except Exception:  # check_point says what it raises, and where
        return
    _unchanged(problem, values, mine, "backward")
    for gy, passed in zip(gys, given):
        if not numpy.array_equal(gy, passed, equal_nan=True):
            raise Wrong(None, "backward changes gy in place; work on a copy")
    again = _gradients(lambda: pull([numpy.copy(gy)[()] for gy in gys]))
    fresh = _gradients(lambda: problem.backward(copies_of(values))(gys))
    for i, one, two, three in zip(problem.free, first, again or first, fresh or first):
        if one.dtype.kind in "fc" and (_is_twice(two, one) or _is_twice(three, one)):
            raise Wrong(
                i,
                "backward adds to its last result: the second call gives twice the "
                "first; start from zeros",
            )
    _agree(
        problem,
        first,
        again,
        "backward gives another gradient when it is called again on the same "
        "pass: it changes what forward kept, or draws randomness",
    )
    _agree(
        problem,
        first,
        fresh,
        "backward gives another gradient after a second forward of the same "
        "inputs: it keeps state between calls",
    )
    if problem.form.kind != "methods":
        _agree(
            problem,
            first,
            _gradients(lambda: _another_pass(problem, values, gys)),
            "another forward before backward changes the gradient: what backward "
            "needs must come from its own pass",
        )


def _gradients(call):
    """Copies of what the call gives; None if it raises: not every pass can be used twice."""
    try:
        return [numpy.copy(g) for g in call()]
    except (NumpyganError, Wrong):
        raise
    except Exception:
        return None


def _agree(problem, first, other, hint):
    for i, one, two in zip(problem.free, first, other or ()):
        if one.dtype.kind in "fc" and not same([one], [two]):
            raise Wrong(i, hint)


def _is_twice(two, one):
    known = one.shape == two.shape and numpy.isfinite(one).all() and one.any()
    return known and numpy.allclose(two, 2 * one, atol=0)


def _another_pass(problem, values, gys):
    """The gradients when a forward at other inputs comes between forward and backward."""
    pull = problem.backward(copies_of(values))
    other = [
        v * 0.7 + 0.1 * numpy.abs(v) if i in problem.free else v
        for i, v in enumerate(copies_of(values))
    ]
    try:
        problem.outputs(other)
    except Exception:  # the other inputs don't suit the function; check_point tries more
        return problem.backward(copies_of(values))(gys)
    return pull([numpy.copy(gy)[()] for gy in gys])


def _unchanged(problem, values, mine, which):
    for name, before, now in zip(problem.names, values, mine):
        if isinstance(before, numpy.ndarray) and not numpy.array_equal(
            before, now, equal_nan=before.dtype.kind == "f"
        ):
            i = next((i for i in problem.free if problem.names[i] == name), None)
            raise Wrong(i, f"{which} changes its input {name} in place; work on a copy")


def same(first, second):
    """Whether two results are equal up to rounding.

    The order of a product's sums may depend on how the arrays lie in memory."""
    for one, two in zip(first, second):
        if one.shape != two.shape:
            return False
        if one.dtype.kind != "f":
            if not numpy.array_equal(one, two):
                return False
            continue
        near = 64 * numpy.finfo(one.dtype).eps * numpy.abs(one).max(initial=0.0)
        if not numpy.allclose(one, two, rtol=0, atol=near, equal_nan=True):
            return False
    return True


def _why_not_the_same(problem, values):
    state, ys = numpy.random.get_state(), []
    try:
        for _ in range(2):
            numpy.random.seed(0)
            ys.append([y.copy() for y in problem.outputs(copies_of(values))])
    finally:
        numpy.random.set_state(state)
    if same(*ys):
        return "function draws from numpy.random inside; draw outside and pass the numbers in"
    return (
        "function gives another result for the same inputs: it keeps state between calls or draws "
        "randomness; pass both in"
    )
