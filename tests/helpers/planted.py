"""Mistakes planted into the backward passes of tests/helpers/catalogue.py, and what is found.

python -m tests.helpers.planted [--all]    prints the table of docs/checker.md; --all adds float32
"""

import sys
import time
from collections import Counter

import numpy as np

import numpygan as ng
from numpygan.check.functions import taken_as
from numpygan.check.trees import filled, leaves
from tests.helpers.catalogue import CASES

# Each: (result, inputs, calls) -> what backward returns instead. g is one gradient, x its input.


def factor(g, x, calls):
    return g * 2


def slightly(g, x, calls):
    return g * (1 + 1e-3)


def sign(g, x, calls):
    return -g


def one_entry(g, x, calls):
    g = g.copy()
    g.reshape(-1)[abs(g).argmax()] *= 1.01
    return g


def turned_round(g, x, calls):
    return g[..., ::-1] if g.ndim else -g


def one_row_missing(g, x, calls):
    if not g.ndim:
        return 0 * g
    g = g.copy()
    g[..., -1:] = 0
    return g


def one_over_m(g, x, calls):
    return g / max(2, g.shape[0] if g.ndim else 2)


def wrong_side(g, x, calls):
    return np.where(x > 0, g, 0.5 * g)


def a_term_more(g, x, calls):
    return g + 0.01 * abs(g).max() * np.tanh(x + 0.3)


def summed(g, x, calls):
    return g.sum(-1) if g.ndim else g[None]


def many_rows(g, x, calls):
    if not g.ndim or len(g) <= 8:
        return g
    g = g.copy()
    g[8:] *= 1.5
    return g


def beyond_four(g, x, calls):
    return np.where(abs(x) > 4, 0.9 * g, g)


def stale(g, x, calls):
    calls.append(g)
    return calls[-2] if len(calls) > 1 else g


def adds(g, x, calls):
    calls.append(g)
    return sum(c for c in calls if c.shape == g.shape)


def strides(g, x, calls):
    return g if x.ndim == 0 or x.flags.c_contiguous else np.asarray(g) * 1.1


MISTAKES = {
    f.__name__.replace("_", " "): f
    for f in (
        factor,
        slightly,
        sign,
        one_entry,
        turned_round,
        one_row_missing,
        one_over_m,
        wrong_side,
        a_term_more,
        summed,
        many_rows,
        beyond_four,
        stale,
        adds,
        strides,
    )
}
SHOWS_LATER = {"many rows", "beyond four", "stale", "adds", "strides"}  # not at the inputs given


def planted(name, mistake, case):
    """The case with the mistake in its first gradient: a function, its backward, inputs, options.

    None if the mistake changes nothing there.
    """
    function, backward, inputs, options = case
    taken = taken_as(function, backward, inputs, options.get("form"), name)
    calls, changed = [], []

    def wrong(result, x):
        first, *rest = (part for _, _, part in leaves(result, ""))
        _, _, x = next(leaf for leaf in leaves(x, ""))
        new = mistake(np.asarray(first), np.asarray(x), calls)
        changed.append(not np.array_equal(new, first))
        if isinstance(result, dict):
            return dict(result) | {next(iter(result)): new}
        return filled(result, iter([new, *rest])) if isinstance(result, tuple) else new

    def result_of(gys, xs):
        return wrong(
            taken.pass_over(xs, real_tops)(gys), xs if taken.kind != "loss" else first_of(xs)
        )

    real_tops = list(range(len(inputs)))

    def first_of(xs):
        return xs[0][next(iter(taken.function(*xs)[1]))]

    if taken.kind == "loss":
        bad = lambda *xs: (taken.function(*xs)[0], result_of([1.0], xs))
        form, second = "loss", None
    elif taken.kind == "gradient":
        bad, form = function, "gradient"
        second = lambda *xs: result_of([1.0], xs)
    else:
        count = len(taken.values(inputs))
        bad = lambda *xs: (
            (ys if len(ys := taken.values(xs)) > 1 else ys[0])
            if count == 1
            else tuple(taken.values(xs))
        )
        form = "returns"
        second = lambda *a: result_of(list(a[:count]), list(a[count:]))
    options = dict(options, form=form)
    if SHOWS_LATER.isdisjoint({mistake.__name__.replace("_", " ")}):
        ys = taken.values(inputs)
        gys = [np.random.default_rng(0).normal(size=y.shape) for y in ys]
        result_of(gys if not taken.scalar else [1.0], list(inputs))
        if not any(changed):
            return None
        changed.clear()
    return bad, second, inputs, options, changed


def table(dtypes, names, stream=sys.stdout):
    """Print how many mistakes are planted and found, by the oracle that judged them."""
    counts, right, oracles, missed = Counter(), Counter(), Counter(), []
    for dtype in dtypes:
        for name in names:
            case = (*CASES[name][:2], as_dtype(CASES[name][2], dtype), CASES[name][3])
            report = ng.gradcheck(*case[:2], *case[2], **case[3])
            right[report.passed] += 1
            oracles[report.oracle] += 1
            if not report.passed:
                print(report, file=sys.stderr)
            for title, mistake in MISTAKES.items():
                wrong = planted(name, mistake, case)
                if wrong is None:
                    continue
                f, b, inputs, options, changed = wrong
                bad = ng.gradcheck(f, b, *inputs, **options)
                if not any(changed):  # it had no occasion: a row 9 of an inverse, say
                    continue
                counts[title, report.oracle, not bad.passed] += 1
                if bad.passed:
                    missed.append(f"{dtype} {name}: {title}")
    print("| mistake | planted | found | by the complex step | five-point |", file=stream)
    print("| --- | ---: | ---: | ---: | ---: |", file=stream)
    for title in [*MISTAKES, "all"]:
        cells = []
        for oracle in (("complex", "five-point"), ("complex",), ("five-point",)):
            chosen = {k: n for k, n in counts.items() if title in (k[0], "all")}
            found = sum(n for k, n in chosen.items() if k[1] in oracle and k[2])
            cells.append((found, sum(n for k, n in chosen.items() if k[1] in oracle)))
        both, *each = cells
        shown = " | ".join(f"{found} of {n}" for found, n in each)
        print(f"| {title} | {both[1]} | {both[0]} | {shown} |", file=stream)
    print(f"\ncorrect functions: {dict(right)}; oracles: {dict(oracles)}", file=stream)
    print("missed:", *missed, sep="\n- ", file=stream)


def as_dtype(tree, dtype):
    return tuple(
        {k: v.astype(dtype) for k, v in x.items()}
        if isinstance(x, dict)
        else np.asarray(x, dtype)[()]
        if np.asarray(x).dtype.kind == "f"
        else x
        for x in tree
    )


if __name__ == "__main__":
    start = time.time()
    table(("float64", "float32") if "--all" in sys.argv else ("float64",), CASES)
    print(f"{time.time() - start:.0f} s", file=sys.stderr)
