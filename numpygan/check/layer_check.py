"""ng.gradcheck: a hand-written backward pass, of layers or of any function, and its verdicts."""

from dataclasses import replace

import numpy

from ..arrays import Array
from ..errors import NumpyganError
from ..nn.layer import Layer
from ..nn.mlp import MLP
from ..numbers import whole
from . import behaviour, own_arrays, problem, vjp
from .each_layer import check_layers
from .forward_mode import check_hvp, check_jvp
from .functions import input_names
from .result import Report
from .verdicts import WRONG, Check

OPTIONS = ("wrt", "jvp", "hvp", "form", "domain", "only_given", "oracle", "seed")


def gradcheck(
    net,
    *inputs,
    x: Array | None = None,
    rows: int | None = None,
    seed: int = 0,
    oracle: str | None = None,
    **options,
) -> Report:
    """Check a hand-written backward pass; returns a Report, whose str() is a table.

    ng.gradcheck([layers…])                    every layer, and the network of them
    ng.gradcheck(net, x)                       the same of an MLP in float64, at the input x
    ng.gradcheck(function, backward, *inputs)  any function of arrays
    ng.gradcheck(function, *inputs)            one that returns (loss, gradients) or (y, pullback)

    x        the input of the layers (rows, n_in); random if not given
    rows     the rows of a random x
    seed     the seed of everything random
    oracle   "complex": the complex step. "five-point": differences in float64, for code that cannot
             take complex numbers. None: the complex step, or where code drops the imaginary part
             (abs, max, .real) five-point differences; the report says where
    options  of a function: wrt, jvp, hvp, form, domain, only_given; `docs/checker.md` explains them
    Raises NumpyganError if an argument is not what is said here, a parameter or input is not
    finite, a layer has no backward, or the function does not run.

    >>> ng.gradcheck([ng.Affine(3, 4), ng.ReLU(), ng.Affine(4, 1)]).passed
    True
    >>> x = numpy.array([1.0, 2.0])
    >>> report = ng.gradcheck(lambda x: x**2, lambda gy, x: gy * x, x)  # the 2 is missing
    >>> report.passed, report.checks[0].hint
    (False, 'a factor of ½ too small')
    """
    if callable(net) and not isinstance(net, (MLP, Layer, type)):
        if x is not None:
            inputs = (*inputs, x)
        has_backward = bool(inputs) and (inputs[0] is None or callable(inputs[0]))
        backward, inputs = (inputs[0], inputs[1:]) if has_backward else (None, inputs)
        if rows is not None:
            raise NumpyganError(
                "gradcheck: rows goes with layers; a function gets the rows of its inputs."
            )
        for name in set(options) - set(OPTIONS):
            raise NumpyganError(
                f"gradcheck: there is no option {name!r}; expected some of {', '.join(OPTIONS)}; "
                f"step and tolerance follow from the function."
            )
        return check_function(net, backward, *inputs, seed=seed, oracle=oracle, **options)
    if options or len(inputs) > 1:
        raise NumpyganError(
            f"gradcheck: {', '.join(options) or 'several inputs'} go with a function and its "
            f"backward, not with layers; write ng.gradcheck(function, backward, *inputs, …)."
        )
    if isinstance(net, (type, str)):
        what = f"the class {net.__name__}" if isinstance(net, type) else repr(net)
        raise NumpyganError(
            f"gradcheck: got {what}; expected layers, an MLP, or a function and its backward. An "
            f"object of a class is checked by ng.gradcheck(it.forward, it.backward, x)."
        )
    if callable(getattr(net, "forward", None)) and not isinstance(net, (MLP, Layer)):
        raise NumpyganError(
            f"gradcheck: {type(net).__name__} is no layer; write "
            f"ng.gradcheck(it.forward, it.backward, x)."
        )
    if inputs and x is not None:
        raise NumpyganError("gradcheck: x is given twice; pass it once.")
    x = inputs[0] if inputs else x
    rows = 3 if rows is None else rows
    return check_layers(net, x, rows=rows, seed=seed, oracle=oracle)


@numpy.errstate(all="ignore")
def check_function(
    function,
    backward,
    *inputs,
    wrt=None,
    jvp=None,
    hvp=None,
    form=None,
    domain=None,
    only_given=False,
    seed=0,
    oracle=None,
):
    """Compare any hand-written vector-Jacobian product with numerical derivatives.

        def f(x, w): return numpy.tanh(x @ w)
        def backward(gy, x, w):
            ga = gy * (1 - f(x, w) ** 2)
            return ga @ w.T, x.T @ ga
        print(ng.gradcheck(f, backward, x, w))

    backward   the product in any of the forms of `numpygan.check.functions`; usually told apart by
               their arguments, else by `form=` ("returns", "writes", "cache", "pullback", …)
    inputs     arrays, floats, or dicts, lists and tuples of them; integers are left alone. A
               float32 input is checked as float32; the oracle runs on float64 copies
    wrt        names or numbers of the inputs that backward differentiates by; all, if not given
    jvp, hvp   hand-written products with the Jacobian and the Hessian: see `forward_mode`
    domain     (low, high): inputs outside are not tried; or {name: (low, high)} for some of them
    only_given True: no inputs but those given are tried
    oracle     "complex", "five-point", or None: the complex step where it works

    The pair runs at about a dozen inputs: those given, of other signs and sizes, one row and many,
    of other memory layouts, one array passed twice. What may differ by rounding follows from the
    dtype, the number of terms and the condition there (`derivative.allowed`), and is printed.
    Raises NumpyganError if the function does not run at the inputs given or no form fits.
    """
    for name, product in (("jvp", jvp), ("hvp", hvp)):
        if product is not None and not callable(product):
            raise NumpyganError(
                f"gradcheck: {name} must be a function, got {type(product).__name__}."
            )
    if not isinstance(only_given, bool):
        raise NumpyganError(f"gradcheck: only_given must be True or False, got {only_given!r}.")
    own = None
    if form in (None, "methods") and not (jvp or hvp):
        own = own_arrays.of_methods(function, backward, inputs)
    if own and own.parameters:
        function, backward, form = own.forward, own.backward, "methods"
        inputs = (*inputs, *own.values)
    try:
        asked, values = problem.problem(
            function, backward, inputs, wrt, form, oracle, whole("gradcheck: seed", seed, 0)
        )
        domain = _domains(domain, asked, input_names(function, inputs))
        report = _compared(asked, values, jvp, hvp, domain, only_given, oracle, own)
        if not report.passed and asked.form.kind == "methods" and _is_a_slope(asked, values):
            names = ", ".join(input_names(function, inputs))
            hint = (
                f"backward gives the derivative itself, but gets gy, the gradient of the output: "
                f"write a backward(gy, {names}) that returns gy times it"
            )
            report = replace(report, checks=tuple(replace(c, hint=hint) for c in report.checks))
        return report
    finally:
        if own:
            own.restore()


def _is_a_slope(asked, values):
    """Whether backward, called with the input in place of gy, is the function's derivative."""
    slope = asked.form.backward
    form = replace(asked.form, kind="returns", backward=lambda gy, *inputs: gy * slope(*inputs))
    everywhere = dict.fromkeys(asked.free, (-numpy.inf, numpy.inf))
    try:
        checks, _ = vjp.check_vjp(replace(asked, form=form), values, everywhere, only_given=True)
    except (NumpyganError, problem.Wrong, problem.Skipped):
        return False
    return all(check.passed for check in checks)


def _compared(asked, values, jvp, hvp, domain, only_given, oracle, own):
    try:
        behaviour.check_behaviour(asked, values)
        checks, notes = vjp.check_vjp(asked, values, domain, only_given)
    except problem.Wrong as error:
        i, hint = error.args
        i, size = asked.free[0] if i is None else i, sum(numpy.size(values[i]) for i in asked.free)
        checks = [Check(asked.form.name, asked.names[i], WRONG, numpy.inf, 0.0, 0, size, hint=hint)]
        notes = [asked.taken]
    if all(check.passed for check in checks):
        checks += check_jvp(asked, values, jvp, domain, only_given) if jvp else []
        checks += check_hvp(asked, values, hvp, domain, only_given) if hvp else []
    used = oracle or ("five-point" if asked.reason else "complex")
    notes.insert(0, f"oracle: {used}" + (f", as {asked.reason}" if asked.reason else " step"))
    return Report(tuple(checks), used, (*notes, *(own.notes if own else ())))


def _domains(domain, asked, names):
    """(low, high) for each leaf to differentiate, by its number. Raises NumpyganError."""
    given = domain if isinstance(domain, dict) else dict.fromkeys(names, domain)
    for name in given:
        if name not in names:
            raise NumpyganError(
                f"gradcheck: domain: there is no input {name!r}; expected some of "
                f"{', '.join(names)}."
            )
    each = {name: _domain(given.get(name)) for name in names}
    return {i: each[names[asked.paths[i][0]]] for i in asked.free}


def _domain(one):
    """(low, high) with numbers for open ends.

    Raises NumpyganError if `one` is neither such a pair nor None.
    """
    if one is None:
        return -numpy.inf, numpy.inf
    try:
        if isinstance(one, str):
            raise TypeError
        low, high = (end if end is None else float(end) for end in one)
    except (TypeError, ValueError):
        low, high = 1.0, 0.0
    low, high = -numpy.inf if low is None else low, numpy.inf if high is None else high
    if not low < high:
        raise NumpyganError(
            f"gradcheck: domain must be (low, high), got {one!r}; None leaves an end open, and "
            f'domain={{"x": (low, high)}} is for one input.'
        )
    return low, high
