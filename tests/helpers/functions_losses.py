"""Loss functions of tests/helpers/catalogue.py."""

import numpy as np

from tests.helpers.functions import LABELS, P, X, Y, case, elementwise, rng, sigmoid, softmax

SIGNS, COUNTS = np.where(Y > 0, 1.0, -1.0), rng.poisson(2, size=(5, 3)).astype(float)
WEIGHTS, ONE_HOT = np.array([0.5, 1, 2]), np.eye(3)[LABELS]
ORDER = np.array([3, 0, 4, 1, 2])


def log_softmax(x):
    return x - x.max(1, keepdims=True) - lse(x - x.max(1, keepdims=True))


def lse(x):
    return np.log(np.exp(x).sum(1, keepdims=True))


def rows(x):
    return np.arange(len(x))


def softmax_back(g, x):
    y = softmax(x)
    return y * (g - (g * y).sum(-1, keepdims=True))


case(
    "smoothed cross-entropy",
    lambda x, t: -(log_softmax(x) * (0.9 * np.eye(3)[t] + 0.1 / 3)).sum(1).mean(),
    lambda g, x, t: g * (softmax(x) - 0.9 * np.eye(3)[t] - 0.1 / 3) / len(x),
    X,
    LABELS,
)
case(
    "weighted cross-entropy",
    lambda x, t: -(WEIGHTS[t] * log_softmax(x)[rows(x), t]).sum() / WEIGHTS[t].sum(),
    lambda g, x, t: g * (WEIGHTS[t] / WEIGHTS[t].sum())[:, None] * (softmax(x) - np.eye(3)[t]),
    X,
    LABELS,
)


def focal(x, t):
    p = softmax(x)[rows(x), t]
    return (-((1 - p) ** 2) * np.log(p)).mean()


def focal_back(g, x, t):
    p = softmax(x)[rows(x), t]
    slope = (2 * (1 - p) * np.log(p) - (1 - p) ** 2 / p) * p / len(x)
    return g * slope[:, None] * (np.eye(3)[t] - softmax(x))


case("focal loss", focal, focal_back, X, LABELS, domain=(-3, 3))
case(
    "negative log likelihood of p",
    lambda p, t: -np.log(p[rows(p), t]).mean(),
    lambda g, p, t: -g * np.eye(3)[t] / p / len(p),
    P,
    LABELS,
    domain=(0, np.inf),
)


def crammer(x, t):
    margin = 1 + x - x[rows(x), t][:, None] - np.eye(3)[t]
    return margin.max(1).sum()


def crammer_back(g, x, t):
    margin = 1 + x - x[rows(x), t][:, None] - np.eye(3)[t]
    return g * (np.eye(3)[margin.argmax(1)] - np.eye(3)[t])


case("hinge loss of many classes", crammer, crammer_back, X, LABELS)
case(
    "squared hinge loss",
    lambda x, t: (np.maximum(0, 1 - x * t) ** 2).mean(),
    lambda g, x, t: -2 * g * t * np.maximum(0, 1 - x * t) / x.size,
    X,
    SIGNS,
    wrt=0,
)
case(
    "Huber loss with its width",
    lambda x, t: np.where(abs(x - t) < 0.7, (x - t) ** 2 / 2, 0.7 * (abs(x - t) - 0.35)).mean(),
    lambda g, x, t: (
        g * np.clip(x - t, -0.7, 0.7) / x.size,
        -g * np.clip(x - t, -0.7, 0.7) / x.size,
    ),
    X,
    Y,
)
case(
    "quantile loss",
    lambda x, t: np.where(t > x, 0.8 * (t - x), 0.2 * (x - t)).mean(),
    lambda g, x, t: g * np.where(t > x, -0.8, 0.2) / x.size,
    X,
    Y,
    wrt=0,
)
case(
    "log cosh loss",
    lambda x, t: np.log(np.cosh(x - t)).mean(),
    lambda g, x, t: g * np.tanh(x - t) / x.size,
    X,
    Y,
    wrt=0,
)
case(
    "Poisson loss",
    lambda x, n: (np.exp(x) - n * x).mean(),
    lambda g, x, n: g * (np.exp(x) - n) / x.size,
    X,
    COUNTS,
    wrt=0,
)
case(
    "Gaussian loss with a variance",
    lambda m, s, t: 0.5 * (s + (t - m) ** 2 * np.exp(-s)).mean(),
    lambda g, m, s, t: (
        g * (m - t) * np.exp(-s) / m.size,
        0.5 * g * (1 - (t - m) ** 2 * np.exp(-s)) / m.size,
    ),
    X,
    Y,
    P,
    wrt=[0, 1],
    domain=(-5, 5),
)
case(
    "Laplace loss with a width",
    lambda m, b, t: (np.log(2 * b) + abs(t - m) / b).mean(),
    lambda g, m, b, t: (g * np.sign(m - t) / b / m.size, g * (1 / b - abs(t - m) / b**2) / m.size),
    X,
    P,
    Y,
    wrt=[0, 1],
)
case(
    "Student's t", lambda x: 2 * np.log(1 + x**2 / 3).sum(), lambda g, x: 4 * g * x / (3 + x**2), X
)


def divergence(x, y):
    p, q = log_softmax(x), log_softmax(y)
    return (np.exp(p) * (p - q)).sum()


def divergence_back(g, x, y):
    p, q = log_softmax(x), log_softmax(y)
    each = (np.exp(p) * (p - q)).sum(1, keepdims=True)
    return g * np.exp(p) * (p - q - each), g * (np.exp(q) - np.exp(p))


case("KL of softmaxes", divergence, divergence_back, X, Y, domain=(-6, 6))


def entropy(x):
    return -(softmax(x) * log_softmax(x)).sum(1)


case(
    "entropy of a softmax",
    entropy,
    lambda g, x: -g[:, None] * softmax(x) * (log_softmax(x) + entropy(x)[:, None]),
    X,
    domain=(-6, 6),
)


def jensen_shannon(p, q):
    m = (p + q) / 2
    return 0.5 * (p * np.log(p / m) + q * np.log(q / m)).sum()


case(
    "Jensen-Shannon divergence",
    jensen_shannon,
    lambda g, p, q: (0.5 * g * np.log(2 * p / (p + q)), 0.5 * g * np.log(2 * q / (p + q))),
    P,
    P[::-1] + 0.1,
    domain=(0, np.inf),
)

# Latent variables
case(
    "reparametrised Gaussian",
    lambda m, s, e: m + np.exp(s / 2) * e,
    lambda g, m, s, e: (g, g * np.exp(s / 2) * e / 2),
    X,
    Y,
    P,
    wrt=[0, 1],
    domain=(-20, 20),
)


def elbo(m, s, e, w):
    z = m + np.exp(s / 2) * e
    return ((z @ w) ** 2).sum() / 2 + 0.5 * (m**2 + np.exp(s) - s - 1).sum()


def elbo_back(g, m, s, e, w):
    z = m + np.exp(s / 2) * e
    gz = z @ w @ w.T
    gs = gz * np.exp(s / 2) * e / 2 + 0.5 * (np.exp(s) - 1)
    return g * (gz + m), g * gs, g * z.T @ (z @ w)


case(
    "variational bound",
    elbo,
    elbo_back,
    X,
    Y,
    P,
    rng.normal(size=(3, 2)),
    wrt=[0, 1, 3],
    domain=(-9, 9),
)
GUMBEL = -np.log(-np.log(rng.uniform(0.05, 0.95, (5, 3))))
case(
    "Gumbel softmax",
    lambda x, e: softmax((x + e) / 0.7),
    lambda g, x, e: softmax_back(g, (x + e) / 0.7) / 0.7,
    X,
    GUMBEL,
    wrt=0,
    domain=(-9, 9),
)


def mixture(x, m, a):
    each = a - 0.5 * (x[:, None] - m) ** 2
    return (np.log(np.exp(each).sum(1)) - np.log(np.exp(a).sum())).sum()


def mixture_back(g, x, m, a):
    r = softmax(a - 0.5 * (x[:, None] - m) ** 2)
    d = r * (x[:, None] - m)
    return -g * d.sum(1), g * d.sum(0), g * (r.sum(0) - len(x) * np.exp(a) / np.exp(a).sum())


case("mixture of Gaussians", mixture, mixture_back, X[:, 0], Y[:4, 0], Y[:4, 1], domain=(-6, 6))

# Pairs, rankings, sets
NEGATIVE = rng.normal(size=(5, 3))


def triplet(a, p, n):
    return np.maximum(0, 1 + ((a - p) ** 2).sum(1) - ((a - n) ** 2).sum(1)).mean()


def triplet_back(g, a, p, n):
    on = (1 + ((a - p) ** 2).sum(1) - ((a - n) ** 2).sum(1) > 0)[:, None] * g / len(a)
    return 2 * on * (n - p), -2 * on * (a - p), 2 * on * (a - n)


case("triplet loss", triplet, triplet_back, X, Y, NEGATIVE)


def contrastive(x, y, same):
    d = np.sqrt(((x - y) ** 2).sum(1) + 1e-3)
    return (same * d**2 + (1 - same) * np.maximum(0, 2 - d) ** 2).mean()


def contrastive_back(g, x, y, same):
    d = np.sqrt(((x - y) ** 2).sum(1) + 1e-3)
    gd = (2 * same * d - 2 * (1 - same) * np.maximum(0, 2 - d)) / len(x)
    gx = g * (gd / d)[:, None] * (x - y)
    return gx, -gx


case("contrastive loss", contrastive, contrastive_back, X, Y, np.array([1, 0, 0, 1, 0]))


def info_nce(x, y):
    return -np.diagonal(log_softmax(x @ y.T / 0.5)).mean()


def info_nce_back(g, x, y):
    gs = g * (softmax(x @ y.T / 0.5) - np.eye(len(x))) / len(x) / 0.5
    return gs @ y, gs.T @ x


case("InfoNCE", info_nce, info_nce_back, X, Y, domain=(-4, 4))
case(
    "margin ranking loss",
    lambda x, y, s: np.maximum(0, 0.5 - s * (x - y)).sum(),
    lambda g, x, y, s: (-g * s * (s * (x - y) < 0.5), g * s * (s * (x - y) < 0.5)),
    X,
    Y,
    SIGNS,
    wrt=[0, 1],
)
case(
    "Bradley-Terry",
    lambda x, y: np.log1p(np.exp(y - x)).sum(),
    lambda g, x, y: (-g * sigmoid(y - x), g * sigmoid(y - x)),
    X,
    Y,
    domain=(-9, 9),
)


def cox(x, order):
    s = x[order]
    return (np.log(np.exp(s).cumsum()) - s).sum()


def cox_back(g, x, order):
    e = np.exp(x[order])
    gx = np.empty_like(x)
    gx[order] = g * (e * (1 / e.cumsum())[::-1].cumsum()[::-1] - 1)
    return gx


case("Cox's partial likelihood", cox, cox_back, X[:, 0], ORDER, only_given=True)


def dice(p, t):
    return 1 - 2 * (p * t).sum() / (p.sum() + t.sum())


def dice_back(g, p, t):
    total = p.sum() + t.sum()
    return -g * (2 * t / total - 2 * (p * t).sum() / total**2)


case("Dice loss", dice, dice_back, P / 2.2, (Y > 0) * 1, domain=(0, 1))


def jaccard(p, t):
    both = (p * t).sum()
    return 1 - both / (p.sum() + t.sum() - both)


def jaccard_back(g, p, t):
    both, total = (p * t).sum(), p.sum() + t.sum()
    return -g * (t / (total - both) - both * (1 - t) / (total - both) ** 2)


case("Jaccard loss", jaccard, jaccard_back, P / 2.2, (Y > 0) * 1, domain=(0, 1))


def mmd(x, y):
    def k(a, b):
        return np.exp(-((a[:, None] - b) ** 2).sum(2) / 2).mean()

    return k(x, x) + k(y, y) - 2 * k(x, y)


def mmd_back(g, x, y):
    def slope(a, b):
        d = a[:, None] - b
        return (-np.exp(-(d**2).sum(2) / 2)[:, :, None] * d).sum(1) / (len(a) * len(b))

    return 2 * g * (slope(x, x) - slope(x, y)), 2 * g * (slope(y, y) - slope(y, x))


case("maximum mean discrepancy", mmd, mmd_back, X, Y[:4])
case(
    "least-squares GAN, D",
    lambda a, b: ((a - 1) ** 2).mean() / 2 + (b**2).mean() / 2,
    lambda g, a, b: (g * (a - 1) / a.size, g * b / b.size),
    X,
    Y,
)
case(
    "total variation",
    lambda x: abs(x[:, 1:] - x[:, :-1]).sum(),
    lambda g, x: (
        g
        * (
            np.pad(np.sign(x[:, 1:] - x[:, :-1]), ((0, 0), (1, 0)))
            - np.pad(np.sign(x[:, 1:] - x[:, :-1]), ((0, 0), (0, 1)))
        )
    ),
    X,
)
case(
    "elastic net",
    lambda w: 0.3 * abs(w).sum() + 0.1 * (w**2).sum(),
    lambda g, w: g * (0.3 * np.sign(w) + 0.2 * w),
    X,
)


def sparsemax(x):
    s = -np.sort(-x, 1)
    k = np.arange(1, x.shape[1] + 1)
    on = (1 + k * s - s.cumsum(1)).real > 0
    n = on.sum(1)
    tau = ((s * on).sum(1) - 1) / n
    return np.where((x - tau[:, None]).real > 0, x - tau[:, None], 0)


def sparsemax_back(g, x):
    on = sparsemax(x) > 0
    return on * (g - ((g * on).sum(1) / on.sum(1))[:, None])


case("sparsemax", sparsemax, sparsemax_back, X)
elementwise(
    "BCE of a logit against 1",
    lambda a: np.maximum(-a, 0) + np.log1p(np.exp(-abs(a))),
    lambda a: -sigmoid(-a),
)
