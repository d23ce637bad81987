"""Functions of tests/helpers/catalogue.py that reduce, order and move the numbers of an array."""

import numpy as np

from tests.helpers.functions import B, P, X, Y, case, rng, softmax

ORDER = np.array([[2, 0], [1, 1], [0, 2], [2, 2], [1, 0]])
GROUPS, MASK = np.array([0, 2, 0, 1, 2]), rng.random((5, 3)) > 0.4
MASK[:, 0] = True

# Reductions
case(
    "mean of a row",
    lambda x: x.mean(1),
    lambda g, x: np.repeat(g[:, None] / x.shape[1], x.shape[1], 1),
    X,
)
case("sum of squares", lambda x: (x**2).sum(), lambda g, x: 2 * g * x, X)
case(
    "product of a row",
    lambda x: x.prod(1),
    lambda g, x: np.stack([g * np.delete(x, j, 1).prod(1) for j in range(x.shape[1])], 1),
    X,
)
case(
    "unbiased variance of a row",
    lambda x: ((x - x.mean(1, keepdims=True)) ** 2).sum(1) / (x.shape[1] - 1),
    lambda g, x: 2 * g[:, None] * (x - x.mean(1, keepdims=True)) / (x.shape[1] - 1),
    X,
)
case("centred columns", lambda x: x - x.mean(0), lambda g, x: g - g.mean(0), X)
case("min of a row", lambda x: x.min(1), lambda g, x: g[:, None] * (x == x.min(1)[:, None]), X)
case(
    "median of a row",
    lambda x: np.sort(x, 1)[:, 1],
    lambda g, x: g[:, None] * (x == np.sort(x, 1)[:, 1:2]),
    X,
)
case(
    "range of a row",
    lambda x: x.max(1) - x.min(1),
    lambda g, x: g[:, None] * ((x == x.max(1)[:, None]) * 1.0 - (x == x.min(1)[:, None])),
    X,
)
case(
    "third norm",
    lambda x: (x**3).sum(1) ** (1 / 3),
    lambda g, x: (g * (x**3).sum(1) ** (-2 / 3))[:, None] * x**2,
    P,
    domain=(0, np.inf),
)
case(
    "harmonic mean",
    lambda x: x.shape[1] / (1 / x).sum(1),
    lambda g, x: (g * x.shape[1] / (1 / x).sum(1) ** 2)[:, None] / x**2,
    P,
    domain=(0, np.inf),
)
case(
    "geometric mean",
    lambda x: np.exp(np.log(x).mean(1)),
    lambda g, x: (g * np.exp(np.log(x).mean(1)))[:, None] / (x.shape[1] * x),
    P,
    domain=(0, np.inf),
)
case(
    "weighted mean",
    lambda x, w: (x * w).sum(1) / w.sum(1),
    lambda g, x, w: (
        g[:, None] * w / w.sum(1)[:, None],
        g[:, None] * (x - ((x * w).sum(1) / w.sum(1))[:, None]) / w.sum(1)[:, None],
    ),
    X,
    P,
    domain=(0, np.inf),
    only_given=True,
)
case(
    "masked mean",
    lambda x, mask: (x * mask).sum(1) / mask.sum(1),
    lambda g, x, mask: (g / mask.sum(1))[:, None] * mask,
    X,
    MASK,
)
case(
    "covariance matrix",
    lambda x: (x - x.mean(0)).T @ (x - x.mean(0)) / len(x),
    lambda g, x: (x - x.mean(0)) @ (g + g.T) / len(x),
    X,
)


def pearson(x, y):
    a, b = x - x.mean(), y - y.mean()
    return (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())


def pearson_back(g, x, y):
    a, b, r = x - x.mean(), y - y.mean(), pearson(x, y)
    aa, bb = (a * a).sum(), (b * b).sum()
    return g * (b / np.sqrt(aa * bb) - r * a / aa), g * (a / np.sqrt(aa * bb) - r * b / bb)


case("correlation", pearson, pearson_back, X[:, 0], Y[:, 0])


# Running
def largest_so_far(x):
    return np.maximum.accumulate(x, 1)


def largest_so_far_back(g, x):
    gx, at = np.zeros_like(g), np.zeros(len(x), int)
    for j in range(x.shape[1]):
        at = np.where(x[:, j] > x[np.arange(len(x)), at], j, at)
        gx[np.arange(len(x)), at] += g[:, j]
    return gx


case("cumulative maximum", largest_so_far, largest_so_far_back, X)
case(
    "cumulative logsumexp",
    lambda x: np.log(np.exp(x).cumsum(1)),
    lambda g, x: np.exp(x) * (g / np.exp(x).cumsum(1))[:, ::-1].cumsum(1)[:, ::-1],
    X,
)
case(
    "cumulative sum from the end",
    lambda x: x[:, ::-1].cumsum(1)[:, ::-1],
    lambda g, x: g.cumsum(1),
    X,
)
case(
    "running mean",
    lambda x: x.cumsum(1) / np.arange(1, x.shape[1] + 1),
    lambda g, x: (g / np.arange(1, x.shape[1] + 1))[:, ::-1].cumsum(1)[:, ::-1],
    X,
)


def smoothed(x):
    y = [x[0]]
    for row in x[1:]:
        y.append(0.7 * y[-1] + 0.3 * row)
    return np.stack(y)


def smoothed_back(g, x):
    gx, carry = np.empty_like(g), 0
    for t in reversed(range(len(g))):
        carry = g[t] + 0.7 * carry
        gx[t] = carry if t == 0 else 0.3 * carry
    return gx


case("exponential smoothing", smoothed, smoothed_back, X)
case(
    "moving average",
    lambda x: (x[:-2] + x[1:-1] + x[2:]) / 3,
    lambda g, x: (np.append(g, [0, 0]) + np.append(np.append(0, g), 0) + np.append([0, 0], g)) / 3,
    rng.normal(size=7),
)
case(
    "circular convolution",
    lambda x, k: sum(k[j] * np.roll(x, j) for j in range(len(k))),
    lambda g, x, k: (
        sum(k[j] * np.roll(g, -j) for j in range(len(k))),
        np.array([(g * np.roll(x, j)).sum() for j in range(len(k))]),
    ),
    rng.normal(size=7),
    X[0],
)


# Order and place
def along_back(g, x, order):
    gx = np.zeros_like(x)
    np.add.at(gx, (np.arange(len(x))[:, None], order), g)
    return gx


case("take along an axis", lambda x, order: np.take_along_axis(x, order, 1), along_back, X, ORDER)


def scatter(x, groups):
    y = np.zeros((3, x.shape[1]), x.dtype)
    np.add.at(y, groups, x)
    return y


case("scatter and add", scatter, lambda g, x, groups: g[groups], X, GROUPS)
case(
    "mean of each group",
    lambda x, groups: np.eye(3)[groups].T @ x / np.bincount(groups, minlength=3)[:, None],
    lambda g, x, groups: (g / np.bincount(groups, minlength=3)[:, None])[groups],
    X,
    GROUPS,
    only_given=True,
)
case(
    "join",
    lambda x, y: np.concatenate([x, y], 1),
    lambda g, x, y: (g[:, : x.shape[1]], g[:, x.shape[1] :]),
    X,
    Y[:, :2],
)
case("stack", lambda x, y: np.stack([x, y], 1), lambda g, x, y: (g[:, 0], g[:, 1]), X, Y)
case("split in two", lambda x: (x[:, :1], x[:, 1:]), lambda g, h, x: np.concatenate([g, h], 1), X)
case("tile", lambda x: np.tile(x, (1, 2)), lambda g, x: g[:, : x.shape[1]] + g[:, x.shape[1] :], X)
case("repeat", lambda x: np.repeat(x, 3, 1), lambda g, x: g.reshape(len(x), -1, 3).sum(2), X)
case("pad", lambda x: np.pad(x, ((0, 0), (1, 2))), lambda g, x: g[:, 1:-2], X)


def mirrored_back(g, x):
    gx = g[:, 1:-1].copy()
    gx[:, 1] += g[:, 0]
    gx[:, -2] += g[:, -1]
    return gx


case("pad by reflection", lambda x: np.pad(x, ((0, 0), (1, 1)), "reflect"), mirrored_back, X)
case("flip", lambda x: x[:, ::-1] * 2, lambda g, x: 2 * g[:, ::-1], X)
case("diagonal", lambda x: np.diagonal(x), lambda g, x: np.diag(g), rng.normal(size=(4, 4)))
case("diagonal matrix", lambda x: np.diag(x), lambda g, x: np.diagonal(g), B)
case("upper triangle", lambda x: np.triu(x), lambda g, x: np.triu(g), rng.normal(size=(4, 4)))
case(
    "outer sum",
    lambda x, y: x[:, None] + y,
    lambda g, x, y: (g.sum(1), g.sum(0)),
    X[:, 0],
    Y[:4, 1],
)
case("choose", lambda x, y, c: np.where(c, x, y), lambda g, x, y, c: (g * c, g * ~c), X, Y, MASK)
case("swap axes", lambda x: x.swapaxes(0, 2) * 3, lambda g, x: 3 * g.swapaxes(0, 2), X[None] * Y[0])
case(
    "soft rank",
    lambda x: (1 / (1 + np.exp(-(x[:, :, None] - x[:, None])))).sum(2),
    lambda g, x: soft_rank_back(g, x),
    X,
)


def soft_rank_back(g, x):
    s = 1 / (1 + np.exp(-(x[:, :, None] - x[:, None])))
    slope = s * (1 - s)
    return (g[:, :, None] * slope).sum(2) - (g[:, :, None] * slope).sum(1)


case(
    "soft maximum, weighted by softmax",
    lambda x: (softmax(x) * x).sum(1),
    lambda g, x: g[:, None] * softmax(x) * (1 + x - (softmax(x) * x).sum(1, keepdims=True)),
    X,
)


def limited(x):
    n = np.sqrt((x**2).sum())
    return x / n if n > 1 else x * 1


def limited_back(g, x):
    n = np.sqrt((x**2).sum())
    return (g - x * (g * x).sum() / n**2) / n if n > 1 else g


case("clipped to a norm of 1", limited, limited_back, X)
