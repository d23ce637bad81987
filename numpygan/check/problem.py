"""A function, its backward and its inputs, as the checks of them need it."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy

from ..arrays import Stream, normal, streams
from ..errors import NumpyganError
from ..requirements import UNLIKE_ARRAYS
from .functions import FORMS, input_names, taken_as
from .trees import filled, gradient_of, is_real, leaves


@dataclass
class Problem:
    """A function, its backward, and its inputs as a list of leaves; what was learnt on the way."""

    form: object
    tree: tuple
    names: list
    paths: list
    free: list  # the numbers of the leaves to differentiate
    stream: Stream
    oracle: str | None
    dtype: numpy.dtype  # of the inputs to differentiate: the one with the fewest digits
    reason: str = ""  # why the complex step isn't used
    size: float = 0.0  # the largest |output| at the inputs given
    hidden: float = 0.0  # relative rounding of the values that doesn't come from the inputs
    missing: str = "no gradient for it; if none is wanted, say so with wrt=…"

    @property
    def taken(self):
        """How the function was called, for the report."""
        text = f"taken as: {FORMS[self.form.kind]} (form={self.form.kind!r})"
        if self.form.others:
            text += "; form='cache' takes the last output as what backward needs, with no gy"
        return text

    @property
    def tops(self):
        return list(dict.fromkeys(self.paths[i][0] for i in self.free))

    def cast(self, values, kind):
        """The values, those of the free leaves as numbers of this kind."""
        return [v.astype(kind) if i in self.free else v for i, v in enumerate(values)]

    def inputs(self, values):
        return filled(self.tree, iter(values))

    def outputs(self, values):
        return self.form.values(self.inputs(values))

    def backward(self, values):
        """Forward at these values now; returns gys -> [gradient for each free leaf or None]."""
        inputs = self.inputs(values)
        pull = self.form.pass_over(inputs, self.tops)

        def gradients(gys):
            result = pull(gys)
            if result is None or isinstance(result, Iterator):
                kind = "None" if result is None else f"a {type(result).__name__}"
                raise NumpyganError(
                    f"{self.form.name}: backward returns {kind}; return the gradients, or take "
                    f"arrays to write them into after the inputs."
                )
            if isinstance(result, Mapping) and all(len(path) == 1 for path in self.paths):
                result = tuple(map(result.get, self.names))
            count, found = len(self.tree), isinstance(result, (tuple, list)) and len(result)
            if found and found not in (count, len(self.tops)):
                self.missing = (
                    f"{found} gradient{'s' * (found > 1)} for {len(self.tops)} inputs; say which "
                    f"have one with wrt=…"
                )
            return [gradient_of(result, self.paths[i], self.tops, count) for i in self.free]

        return gradients


def problem(function, backward, inputs, wrt=None, form=None, oracle=None, seed=0):
    """The Problem. Raises NumpyganError where the arguments don't make one."""
    if not inputs:
        raise NumpyganError(
            "gradcheck: expected the inputs to try after the function and its backward: "
            "ng.gradcheck(function, backward, x, …)."
        )
    if not (oracle is None or isinstance(oracle, str) and oracle in ("complex", "five-point")):
        raise NumpyganError(f"oracle: there is no {oracle!r}; expected 'complex' or 'five-point'.")
    tops = input_names(function, inputs)
    found = [
        leaf
        for top, (name, part) in enumerate(zip(tops, inputs))
        for leaf in leaves(part, name, (top,))
    ]
    wanted = _wanted(wrt, tops)
    for name, path, leaf in found:
        if path[0] in wanted and numpy.iscomplexobj(leaf):
            raise NumpyganError(
                f"gradcheck: {name} is complex, expected real numbers; give its real and imaginary "
                f"parts, or leave it out with wrt=…."
            )
        if isinstance(leaf, UNLIKE_ARRAYS):
            raise NumpyganError(
                f"gradcheck: {name} is a {type(leaf).__name__}, whose `*` and sums mean "
                f"something else; pass numpy.asarray({name}), and a mask as another input."
            )
    free = [i for i, (_, path, leaf) in enumerate(found) if path[0] in wanted and is_real(leaf)]
    if not free:
        name, _, leaf = found[0]
        raise NumpyganError(
            f"gradcheck: {name} is {getattr(leaf, 'dtype', type(leaf).__name__)}, and no other "
            f"input is an array of floats to differentiate by; pass numpy.asarray({name}, float)."
        )
    values = [numpy.asarray(leaf) if i in free else leaf for i, (_, _, leaf) in enumerate(found)]
    for i in free:
        if values[i].dtype not in ("float32", "float64") or not values[i].size:
            raise NumpyganError(
                f"gradcheck: {found[i][0]} is {values[i].dtype} of shape {values[i].shape}; "
                f"expected float32 or float64 and at least one number."
            )
        if not numpy.isfinite(values[i]).all():
            raise NumpyganError(f"gradcheck: {found[i][0]} holds a value that is not finite.")

    def fresh():
        copies = [numpy.copy(v) if i in free else v for i, v in enumerate(values)]
        return filled(tuple(inputs), iter(copies))

    taken = taken_as(function, backward, fresh(), form)
    if wrt is None and taken.kind == "loss" and any(isinstance(part, Mapping) for part in inputs):
        if isinstance(function(*fresh())[1], Mapping):  # of the parameters; data have none
            free = [i for i in free if isinstance(inputs[found[i][1][0]], Mapping)]
    names, paths = [name for name, _, _ in found], [path for _, path, _ in found]
    dtype = min((values[i].dtype for i in free), key=lambda kind: kind.itemsize)
    stream = streams(seed)["sample"]  # Stream(seed) draws what default_rng(seed) gave the user
    asked = Problem(taken, tuple(inputs), names, paths, free, stream, oracle, dtype)
    if taken.others:
        asked.form = _likeliest(asked, values)
    return asked, values


def _likeliest(problem, values):
    """The Form in which backward is right, if there is one.

    y, c = function(x) and backward(gy, c): is c a second output and its place in backward a gy, or
    is c what backward needs? Only the numbers can tell.
    """
    taken = problem.form
    others = [replace(taken, kind=kind, together=False, others=()) for kind in taken.others]
    for form in (taken, *others):
        if _agrees(replace(problem, form=form, stream=Stream(0)), values):
            return replace(form, others=())
    return others[0] if taken.keeps else taken


def _agrees(problem, values):
    """Whether backward agrees, along one direction, with a central difference to a few digits."""
    h, near = (1e-6, 1e-3) if problem.dtype == "float64" else (1e-2, 2e-2)

    def loss(gys, inputs):
        ys = problem.outputs(inputs)
        return float(sum((gy * y).sum() for gy, y in zip(gys, ys) if y.dtype.kind == "f"))

    try:
        gys = random_gys(problem, problem.outputs(copies_of(values)))
        found = map(numpy.asarray, problem.backward(copies_of(values))(gys))
        gradients = dict(zip(problem.free, found))
        moves = {i: normal(values[i].shape, problem.stream) for i in gradients}
        if any(g.shape != moves[i].shape for i, g in gradients.items()):
            return False
        terms = [(g * moves[i]).sum() for i, g in gradients.items()]
        ahead, behind = (
            loss(
                gys,
                [
                    (v + step * moves[i]).astype(v.dtype) if i in moves else v
                    for i, v in enumerate(copies_of(values))
                ],
            )
            for step in (h, -h)
        )
    except Exception:  # it is no such form, or the checks say what it raises
        return False
    return bool(abs(sum(terms) - (ahead - behind) / (2 * h)) <= near * sum(map(abs, terms)))


def _wanted(wrt, names):
    if wrt is None:
        return range(len(names))
    chosen = list(wrt) if isinstance(wrt, (list, tuple, set)) else [wrt]
    for one in chosen:
        known = isinstance(one, (str, int, numpy.integer))
        if not known or one not in names and one not in range(len(names)):
            raise NumpyganError(
                f"gradcheck: wrt={wrt!r}: there is no input {one!r}; expected some of "
                f"{', '.join(names)}, or their numbers from 0."
            )
    return [names.index(one) if one in names else one for one in chosen]


class Wrong(Exception):
    """A verdict that needs no numbers: (leaf's number or None, hint)."""


class Skipped(Exception):
    """A point that can't be checked, and why."""


class Singular(Skipped):
    """This point, for example a tie, can't be checked; a point near it may do."""


class Refused(Skipped):
    """The user's function or backward raises `__cause__` at inputs near the point."""

    def __init__(self, error, longer=False):
        where = "at float64 copies of inputs near it" if longer else "at inputs near it"
        super().__init__(f"{where} the code raises {type(error).__name__}")


@contextmanager
def code_of_the_user(longer=False):
    """A block that only calls the user's code: what the code raises becomes Refused.

    longer  whether the code gets float64 copies of inputs in float32
    """
    try:
        yield
    except (NumpyganError, Skipped):
        raise
    except Exception as error:
        raise Refused(error, longer) from error


def copies_of(values):
    """Copies of the values; what is not an array is passed on."""
    return [v.copy() if isinstance(v, numpy.ndarray) else v for v in values]


def random_gys(problem, ys):
    if problem.form.scalar:
        return [numpy.ones(())]
    gys = []
    for y in ys:
        gy = numpy.zeros(y.shape, y.dtype if y.dtype.kind == "f" else "float64")
        if y.dtype.kind == "f":
            problem.stream.normal(gy)
        gys.append(gy)
    return gys


def scalar_of(problem, values, i, gys, kind):
    """L(v) = Σ gy ⊙ y with leaf i replaced by the vector v, in complex128 or float64."""
    others, shape = problem.cast(values, kind), values[i].shape

    def L(v):
        new = copies_of(others)
        new[i] = v.astype(kind).reshape(shape)
        longer = problem.dtype == numpy.float32
        with warnings.catch_warnings(), code_of_the_user(longer):
            warnings.simplefilter("error", numpy.exceptions.ComplexWarning)
            ys = problem.outputs(new)
            # in here, as the shape of y may depend on the values
            return sum((gy * y).sum() for gy, y in zip(gys, ys) if y.dtype.kind in "fc")

    return L
