"""The checks of lesson 6."""

from functools import partial

import numpy as np

from .judging import Wrong, expect, unchanged

_P, _Q = np.array([0.0, 0.4, 1.2, 0.4, 0.0, 0.0]), np.array([0.0, 0.0, 0.4, 0.8, 0.8, 0.0])


def check_optimal_discriminator(f):
    found = unchanged(lambda: f(_P, _Q), p=_P, q=_Q)
    right = np.array([0.5, 1.0, 0.75, 1 / 3, 0.0, 0.5])
    nowhere = np.where(_P + _Q > 0, right, np.nan)
    zeros = right.copy()
    zeros[[0, 5]] = 0
    expect(
        "D*",
        found,
        right,
        [
            (nowhere, "it is nan where both densities are 0; let it be 1/2 there"),
            (np.where(_P + _Q > 0, 1 - right, np.nan), "this is 1 − D*, q/(p + q)"),
            (1 - right, "this is 1 − D*, q/(p + q)"),
            (_P / _Q, "this is p/q; D* is p/(p + q)"),
            (_P / _P + _Q, "p / p + q is (p / p) + q; write p / (p + q)"),
            (zeros, "where both densities are 0 it should be 1/2, and it is 0"),
        ],
    )
    p, q = np.array([1e-12, 3e-12]), np.array([3e-12, 1e-12])
    expect("D* where both densities are small", f(p, q), [0.25, 0.75])


def _kl(p, q, dx, integral=np.sum):
    there = p > 0
    integrand = np.zeros(len(p))
    integrand[there] = p[there] * np.log(p[there] / q[there])
    return integral(integrand) * dx


def _trapezoid(values):
    return values.sum() - (values[0] + values[-1]) / 2


def check_jsd(f):
    p, q, dx = 2 * _P, 2 * _Q, 0.25  # so that dx and ½ are different factors
    mid = (p + q) / 2
    a, b = _kl(p, mid, dx), _kl(q, mid, dx)
    found = unchanged(lambda: f(p, q, dx), p=p, q=q)
    if np.ndim(found) == 0 and isinstance(found, (float, np.floating)) and np.isnan(found):
        raise Wrong("it is nan: where a density is 0, 0·log 0 counts as 0; leave these points out")
    expect(
        "JSD",
        found,
        (a + b) / 2,
        [
            ((a + b) / 2 / dx, "the spacing dx is missing: an integral is a sum times dx"),
            (a + b, "it is twice too large: ½ KL + ½ KL"),
            (-np.log(4) + a + b, "this is C(G) = −log 4 + 2 JSD"),
            ((a + b) / 2 / np.log(2), "this is in bits; take the natural logarithm"),
            (-(a + b) / 2, "the sign is turned: log(p/mid), not log(mid/p)"),
            (a, "this is KL(p ‖ mid) alone"),
            (b, "this is KL(q ‖ mid) alone"),
            (
                (a + b) / 2 / dx / len(p),
                "it is a mean over the grid; an integral is a sum times dx",
            ),
            (np.sqrt((a + b) / 2), "this is the root of the JSD"),
            ((a + b) / 2 - np.log(2), "mid is (p + q)/2; half of it is missing"),
        ],
    )
    p, q = np.array([0.5, 1.0, 0.5]), np.array([1.0, 0.5, 0.5])
    mid = (p + q) / 2
    symmetric = (_kl(p, q, dx) + _kl(q, p, dx)) / 2
    trapezoid = (_kl(p, mid, dx, _trapezoid) + _kl(q, mid, dx, _trapezoid)) / 2
    expect(
        "JSD",
        f(p, q, dx),
        (_kl(p, mid, dx) + _kl(q, mid, dx)) / 2,
        [
            (symmetric, "this is KL(p ‖ q), made symmetric; not JSD"),
            (trapezoid, "this is the trapezoidal rule; here an integral is the sum times dx"),
        ],
    )


def _averages(thetas, old_share):
    """The running average after each θ, from θ̄ = 1; old_share(t) is the weight of the old one."""
    mean, after = np.ones(thetas.shape[1]), []
    for t, theta in enumerate(thetas, 1):
        mean = old_share(t) * mean + (1 - old_share(t)) * theta
        after.append(mean)
    return np.array(after)


def check_average_step(f):
    beta, thetas = 0.7, np.random.default_rng(0).normal(size=(12, 3))
    mean, found = np.ones(3), []
    for t, theta in enumerate(thetas, 1):
        result = unchanged(partial(f, mean, theta, t, beta), theta=theta)
        found.append(mean.copy())
    found = np.array(found)
    if (found == 1).all():
        why = "`mean = …` makes a new array" if result is None else "it is returned instead"
        raise Wrong(f"mean has not changed: {why}; write into it: `mean *= …`, `mean += …`")

    def rising(t):
        return (t - 1) / (t + 2)

    mistakes = (
        (lambda t: beta, "β_t is always β; at first it is smaller"),
        (lambda t: max(beta, rising(t)), "β_t is the maximum of the two; take the minimum"),
        (rising, "β is not used: β_t never becomes larger than β"),
        (lambda t: 1 - min(beta, rising(t)), "the weights are exchanged: β_t is the old one's"),
        (lambda t: min(beta, t / (t + 3)), "t counts from 1, not from 0"),
        (lambda t: min(beta, (t - 1) / t), "it is (t − 1)/(t + 2), not (t − 1)/t"),
        (lambda t: 0, "the old average is lost; only θ_t is left"),
    )
    expect(
        "the average after steps 1 to 12",
        found,
        _averages(thetas, lambda t: min(beta, rising(t))),
        [(_averages(thetas, old_share), why) for old_share, why in mistakes],
    )


def check_parzen(f):
    rng = np.random.default_rng(0)
    samples, points, sigma = rng.normal(size=(7, 3)), rng.normal(size=(4, 3)), 0.5
    squares = ((points[:, None] - samples) ** 2).sum(2)
    kernel = np.exp(-squares / (2 * sigma**2))
    bare, width = np.log(kernel.mean(1)), np.log(sigma * np.sqrt(2 * np.pi))
    found = unchanged(lambda: f(samples, points, sigma), samples=samples, points=points)
    right, largest = bare - 3 * width, -squares.min(1) / (2 * sigma**2)
    expect(
        "log p",
        found,
        right,
        [
            (bare, "the normalising term −d log(σ√2π) is missing"),
            (bare - width, "the normalising term counts once; it is d times log(σ√2π)"),
            (bare + 3 * width, "the sign of the normalising term is turned"),
            (np.log(kernel.sum(1)) - 3 * width, "it is a sum over the samples; take the mean, 1/n"),
            (np.log(kernel).mean(1) - 3 * width, "it is a mean of logs; take the log of the mean"),
            (np.log(np.exp(-squares / sigma**2).mean(1)) - 3 * width, "the 2 of 2σ² is missing"),
            (
                np.log(np.exp(-np.sqrt(squares) / (2 * sigma**2)).mean(1)) - 3 * width,
                "the distance has to be squared",
            ),
            (np.log(np.exp(-squares / (2 * sigma)).mean(1)) - 3 * width, "it is 2σ², not 2σ"),
            (right - largest, "the largest exponent is not added back"),
            (right - 3 * width, "the root is missing: σ√2π, not σ²·2π"),
            (right - 1.5 * np.log(2 * np.pi), "the root of 2π is missing: σ√2π"),
            (bare - 7 * width, "d is the number of columns, not of samples"),
            (right.mean(), "one number for each point, please: no mean over the points"),
        ],
    )
    far = np.asarray(f(samples, points + 1000, 0.01))
    if not np.isfinite(far).all():
        raise Wrong("far from all samples it is −inf: take out the largest exponent first")
    squares = ((points[:, None] + 1000 - samples) ** 2).sum(2)
    u = -squares / (2 * 0.01**2)
    log_mean = u.max(1) + np.log(np.exp(u - u.max(1)[:, None]).mean(1))
    expect(
        "log p far from all samples",
        far,
        log_mean - 3 * np.log(0.01 * np.sqrt(2 * np.pi)),
        tolerance=1e-6,
    )
