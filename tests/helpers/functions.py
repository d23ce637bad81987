"""Correct functions of many kinds with their hand-written backward passes, for tests/test_vjp.py.

CASES is {name: (function, backward, inputs, options of ng.gradcheck)}.
"""

import math

import numpy as np

rng = np.random.default_rng(21)
X, Y, P = rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), rng.uniform(0.2, 2, size=(5, 3))
W, V, B, S = (rng.normal(size=s) for s in ((3, 4), (4, 2), (4,), (4, 4)))
IMAGE, KERNEL = rng.normal(size=(2, 2, 5, 4)), rng.normal(size=(3, 2, 2, 2))
LABELS, ROWS = np.array([0, 2, 1, 1, 0]), np.array([1, 0, 1, 3, 2, 1])
CASES = {}


def case(name, function, backward, *inputs, **options):
    function.__qualname__ = name
    CASES[name] = function, backward, inputs, options


def elementwise(name, f, slope, x=X, **options):
    case(name, f, lambda gy, x: gy * slope(x), x, **options)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def cdf(x):
    return 0.5 * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x**3)))


# Elementwise
elementwise("square", lambda x: x**2, lambda x: 2 * x)
elementwise(
    "cube root of 1 + x²",
    lambda x: np.cbrt(1 + x**2),
    lambda x: 2 * x / (3 * np.cbrt(1 + x**2) ** 2),
)
elementwise("exp", lambda x: np.exp(x), np.exp)
elementwise("log", lambda x: np.log(x), lambda x: 1 / x, P)
elementwise("log1p", lambda x: np.log1p(x), lambda x: 1 / (1 + x), P)
elementwise("sqrt", lambda x: np.sqrt(x), lambda x: 0.5 / np.sqrt(x), P)
elementwise("reciprocal", lambda x: 1 / x, lambda x: -1 / x**2)
elementwise("sin", lambda x: np.sin(x), np.cos)
elementwise("arctan", lambda x: np.arctan(x), lambda x: 1 / (1 + x**2))
elementwise("tanh", lambda x: np.tanh(x), lambda x: 1 - np.tanh(x) ** 2)
elementwise("sigmoid", sigmoid, lambda x: sigmoid(x) * sigmoid(-x))
elementwise("softplus by logaddexp", lambda x: np.logaddexp(0, x), sigmoid)
elementwise("softplus by abs", lambda x: np.maximum(x, 0) + np.log1p(np.exp(-abs(x))), sigmoid)
elementwise("relu", lambda x: np.maximum(x, 0), lambda x: x > 0)
elementwise("leaky relu", lambda x: np.where(x > 0, x, 0.1 * x), lambda x: np.where(x > 0, 1, 0.1))
elementwise(
    "elu", lambda x: np.where(x > 0, x, np.expm1(x)), lambda x: np.where(x > 0, 1, np.exp(x))
)
elementwise("relu squared", lambda x: np.maximum(x, 0) ** 2, lambda x: 2 * np.maximum(x, 0))
elementwise("absolute value", lambda x: abs(x), np.sign)
elementwise("swish", lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1 + x * sigmoid(-x)))
elementwise(
    "gelu, tanh form",
    lambda x: x * cdf(x),
    lambda x: cdf(x) + x * 2 * cdf(x) * (1 - cdf(x)) * 0.7978845608 * (1 + 3 * 0.044715 * x**2),
)
elementwise("hard tanh", lambda x: np.clip(x, -1, 1), lambda x: abs(x) < 1)
elementwise(
    "gelu, erf form",
    lambda x: x * np.vectorize(math.erf)(x / 2**0.5) / 2 + x / 2,
    lambda x: (
        (1 + np.vectorize(math.erf)(x / 2**0.5)) / 2 + x * np.exp(-x * x / 2) / (2 * np.pi) ** 0.5
    ),
)
elementwise(
    "huber", lambda x: np.where(abs(x) < 1, x * x / 2, abs(x) - 0.5), lambda x: np.clip(x, -1, 1)
)
elementwise("entropy", lambda p: -p * np.log(p), lambda p: -np.log(p) - 1, P)
elementwise(
    "cubic, flat at 0",
    lambda x: -3 * x**3 + 2 * x**2 + 1,
    lambda x: -9 * x**2 + 4 * x,
    np.where(abs(X) < 0.5, 0, X),
)
elementwise(
    "tan near its pole",
    lambda x: np.tan(x),
    lambda x: 1 / np.cos(x) ** 2,
    np.array([1.57, 1.5, 0.2]),
    only_given=True,
)

# Two inputs, broadcasting, shapes
case("product", lambda x, y: x * y, lambda g, x, y: (g * y, g * x), X, Y)
case("quotient", lambda x, y: x / y, lambda g, x, y: (g / y, -g * x / y**2), X, P)
case(
    "power",
    lambda x, p: x**p,
    lambda g, x, p: (g * p * x ** (p - 1), g * x**p * np.log(x)),
    P,
    P + 1,
    domain=(0, np.inf),
)
case(
    "maximum of two",
    lambda x, y: np.maximum(x, y),
    lambda g, x, y: (g * (x > y), g * (y > x)),
    X,
    Y,
)
case(
    "hypotenuse",
    lambda x, y: np.hypot(x, y),
    lambda g, x, y: (g * x / np.hypot(x, y), g * y / np.hypot(x, y)),
    X,
    Y,
)
case("add a bias", lambda x, b: x + b, lambda g, x, b: (g, g.sum(0)), X, rng.normal(size=3))
case("scale by a number", lambda x, s: s * x, lambda g, x, s: (s * g, (g * x).sum()), X, 1.7)
case("sine of a number", lambda x: np.sin(x), lambda g, x: g * np.cos(x), 3.0)
case("sum over rows", lambda x: x.sum(0), lambda g, x: np.broadcast_to(g, x.shape), X)
case("mean of all", lambda x: x.mean(), lambda g, x: np.full_like(x, g / x.size), X)
case("cumulative sum", lambda x: x.cumsum(1), lambda g, x: g[:, ::-1].cumsum(1)[:, ::-1], X)
case(
    "cumulative product",
    lambda x: np.cumprod(x, -1),
    lambda g, x: (g * np.cumprod(x, -1))[..., ::-1].cumsum(-1)[..., ::-1] / x,
    P,
    domain=(0, np.inf),
)
case(
    "transpose and reshape", lambda x: x.T.reshape(-1), lambda g, x: g.reshape(x.shape[1], -1).T, X
)
case(
    "difference",
    lambda x: x[:, 1:] - x[:, :-1],
    lambda g, x: np.pad(g, ((0, 0), (1, 0))) - np.pad(g, ((0, 0), (0, 1))),
    X,
)


def roll_back(g, x):
    return np.roll(g, -1, 1)


case("roll", lambda x: np.roll(x, 1, 1), roll_back, X)


def sort_back(g, x):
    gx = np.empty_like(g)
    np.put_along_axis(gx, x.argsort(1), g, 1)
    return gx


case("sort", lambda x: np.sort(x, 1), sort_back, X)


def largest_back(g, x):
    return g[:, None] * (x == x.max(1, keepdims=True))


case("max of a row", lambda x: x.max(1), largest_back, X)
case(
    "max and where it is", lambda x: (x.max(1), x.argmax(1)), lambda g, _, x: largest_back(g, x), X
)
case(
    "top two",
    lambda x: np.sort(x, 1)[:, -2:].sum(1),
    lambda g, x: g[:, None] * (x >= np.sort(x, 1)[:, -2:-1]),
    X,
)
case(
    "take rows",
    lambda table, rows: table[rows],
    lambda g, table, rows: np.stack([g[rows == i].sum(0) for i in range(len(table))]),
    S,
    ROWS,
)


def embed_back(g, table, rows):
    out = np.zeros_like(table)
    np.add.at(out, rows, g)
    return out


case("embedding", lambda table, rows: table[rows], embed_back, S, ROWS)
case(
    "mean and variance",
    lambda x: (x.mean(0), x.var(0)),
    lambda gm, gv, x: gm / len(x) + 2 * gv * (x - x.mean(0)) / len(x),
    X,
)
case(
    "standard deviation",
    lambda x: x.std(1),
    lambda g, x: g[:, None] * (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True) / x.shape[1],
    X,
)
case("L2 norm", lambda x: np.linalg.norm(x), lambda g, x: g * x / np.linalg.norm(x), X)
case("L1 norm", lambda x: abs(x).sum(1), lambda g, x: g[:, None] * np.sign(x), X)


def unit_back(g, x):
    n = np.sqrt((x * x).sum(1, keepdims=True))
    return (g - x * (g * x).sum(1, keepdims=True) / n**2) / n


case("unit rows", lambda x: x / np.sqrt((x * x).sum(1, keepdims=True)), unit_back, X)


def cosine(x, y):
    return (x * y).sum(1) / np.sqrt((x * x).sum(1) * (y * y).sum(1))


def cosine_back(g, x, y):
    c, xx, yy = (a[:, None] for a in (cosine(x, y), (x * x).sum(1), (y * y).sum(1)))
    g = g[:, None]
    return g * (y / np.sqrt(xx * yy) - c * x / xx), g * (x / np.sqrt(xx * yy) - c * y / yy)


case("cosine similarity", cosine, cosine_back, X, Y)
case(
    "squared distances",
    lambda x, y: ((x[:, None] - y) ** 2).sum(2),
    lambda g, x, y: (
        2 * (g[..., None] * (x[:, None] - y)).sum(1),
        -2 * (g[..., None] * (x[:, None] - y)).sum(0),
    ),
    X,
    rng.normal(size=(4, 3)),
)

# Matrices
case("matrix product", lambda x, w: x @ w, lambda g, x, w: (g @ w.T, x.T @ g), X, W)
case("affine", lambda x, w, b: x @ w + b, lambda g, x, w, b: (g @ w.T, x.T @ g, g.sum(0)), X, W, B)
case(
    "batched product",
    lambda a, b: a @ b,
    lambda g, a, b: (g @ b.transpose(0, 2, 1), a.transpose(0, 2, 1) @ g),
    rng.normal(size=(2, 3, 4)),
    rng.normal(size=(2, 4, 2)),
)
case("einsum", lambda a, b: np.einsum("ij,kj->ik", a, b), lambda g, a, b: (g @ b, g.T @ a), X, Y)
case(
    "quadratic form",
    lambda x, A: np.einsum("mi,ij,mj->m", x, A, x),
    lambda g, x, A: (g[:, None] * (x @ (A + A.T)), np.einsum("m,mi,mj->ij", g, x, x)),
    X,
    rng.normal(size=(3, 3)),
)
case("gram", lambda x: x.T @ x, lambda g, x: x @ (g + g.T), X)
case("trace", lambda a: np.trace(a), lambda g, a: g * np.eye(len(a)), S)
case(
    "inverse",
    lambda a: np.linalg.inv(a),
    lambda g, a: -np.linalg.inv(a).T @ g @ np.linalg.inv(a).T,
    S,
)
case("log |det|", lambda a: np.linalg.slogdet(a)[1], lambda g, a: g * np.linalg.inv(a).T, S)


def solve_back(g, a, b):
    gb = np.linalg.solve(a.T, g)
    return -np.outer(gb, np.linalg.solve(a, b)), gb


case("solve", lambda a, b: np.linalg.solve(a, b), solve_back, S, B)
case("outer product", lambda a, b: np.outer(a, b), lambda g, a, b: (g @ b, a @ g), B, X[0])

# Losses and normalisations
case(
    "logsumexp",
    lambda x: x.max(1) + np.log(np.exp(x - x.max(1, keepdims=True)).sum(1)),
    lambda g, x: g[:, None] * softmax(x),
    X,
)


def softmax_back(g, x):
    y = softmax(x)
    return y * (g - (g * y).sum(-1, keepdims=True))


case("softmax", softmax, softmax_back, X)
case(
    "log softmax",
    lambda x: x - np.log(np.exp(x).sum(1, keepdims=True)),
    lambda g, x: g - softmax(x) * g.sum(1, keepdims=True),
    X,
)


def cross_entropy(x, labels):
    return -np.log(softmax(x)[np.arange(len(x)), labels]).mean()


def cross_entropy_back(g, x, labels):
    gx = softmax(x)
    gx[np.arange(len(x)), labels] -= 1
    return g * gx / len(x)


case("softmax cross-entropy", cross_entropy, cross_entropy_back, X, LABELS)
case(
    "binary cross-entropy of logits",
    lambda a, t: np.mean(np.logaddexp(0, a) - a * t),
    lambda g, a, t: g * (sigmoid(a) - t) / a.size,
    X,
    (Y > 0).astype(float),
    wrt=0,
)
case(
    "binary cross-entropy of p",
    lambda p, t: -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p)),
    lambda g, p, t: g * (p - t) / (p * (1 - p)) / p.size,
    P / 2.2,
    (Y > 0) * 1,
    domain=(0, 1),
)
case(
    "mean squared error",
    lambda x, t: ((x - t) ** 2).mean(),
    lambda g, x, t: (2 * g * (x - t) / x.size, -2 * g * (x - t) / x.size),
    X,
    Y,
)
case(
    "hinge loss",
    lambda x, t: np.maximum(0, 1 - x * t).sum(),
    lambda g, x, t: -g * t * (x * t < 1),
    X,
    np.where(Y > 0, 1.0, -1.0),
    wrt=[0],
)
case(
    "KL of Gaussians",
    lambda m, s: 0.5 * (m**2 + np.exp(s) - s - 1).sum(),
    lambda g, m, s: (g * m, 0.5 * g * (np.exp(s) - 1)),
    X,
    Y,
)


def layer_norm(x, scale, shift):
    return (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5) * scale + shift


def layer_norm_back(g, x, scale, shift):
    s = np.sqrt(x.var(1, keepdims=True) + 1e-5)
    u, gu = (x - x.mean(1, keepdims=True)) / s, g * scale
    gx = (gu - gu.mean(1, keepdims=True) - u * (gu * u).mean(1, keepdims=True)) / s
    return gx, (g * u).sum(0), g.sum(0)


case("layer norm", layer_norm, layer_norm_back, X, P[0], Y[0])


def batch_norm(x, scale, shift):
    return (x - x.mean(0)) / np.sqrt(((x - x.mean(0)) ** 2).mean(0) + 1e-5) * scale + shift


def batch_norm_back(g, x, scale, shift):
    s = np.sqrt(x.var(0) + 1e-5)
    u = (x - x.mean(0)) / s
    gx = scale / s * (g - g.mean(0) - u * (g * u).mean(0))
    return gx, (g * u).sum(0), g.sum(0)


case("batch norm", batch_norm, batch_norm_back, X, P[0], Y[0])
case("dropout with a given mask", lambda x, m: x * m / 0.5, lambda g, x, m: g * m / 0.5, X, Y > 0)

# Networks


def windows(x):
    return np.lib.stride_tricks.sliding_window_view(x, (2, 2), (2, 3))


def conv_back(g, x, k):
    gx = np.zeros_like(x)
    for i in range(2):
        for j in range(2):
            gx[:, :, i : i + g.shape[2], j : j + g.shape[3]] += np.einsum(
                "nfhw,fc->nchw", g, k[:, :, i, j]
            )
    return gx, np.einsum("nfhw,nchwij->fcij", g, windows(x))


case(
    "convolution by windows",
    lambda x, k: np.einsum("nchwij,fcij->nfhw", windows(x), k),
    conv_back,
    IMAGE,
    KERNEL,
)
case(
    "average pooling",
    lambda x: x.reshape(*x.shape[:3], 2, 2).mean(-1),
    lambda g, x: np.repeat(g, 2, -1) / 2,
    IMAGE,
)
case(
    "max pooling",
    lambda x: x.reshape(*x.shape[:3], 2, 2).max(-1),
    lambda g, x: (
        g[..., None] * (x.reshape(*g.shape, 2) == x.reshape(*g.shape, 2).max(-1)[..., None])
    ).reshape(x.shape),
    IMAGE,
)


def attention(q, k, v):
    return softmax(q @ k.T / 2) @ v


def attention_back(g, q, k, v):
    a = softmax(q @ k.T / 2)
    gs = softmax_back(g @ v.T, q @ k.T / 2) / 2
    return gs @ k, gs.T @ q, a.T @ g


case("attention", attention, attention_back, X, Y[:4], rng.normal(size=(4, 2)))


def causal(x, w):
    hidden = np.triu(np.ones((len(x), len(x)), bool), 1)
    return softmax(np.where(hidden, -1e9, x @ w @ x.T)) @ x


def causal_back(g, x, w):
    s = np.where(np.triu(np.ones((len(x), len(x)), bool), 1), -1e9, x @ w @ x.T)
    gs = softmax_back(g @ x.T, s)
    return softmax(s).T @ g + gs @ x @ w.T + gs.T @ x @ w, x.T @ gs @ x


case("causal self-attention", causal, causal_back, X, rng.normal(size=(3, 3)) / 3)


def rnn(x, w):
    h, hs = np.zeros(4, (x[0, 0] * w[0, 0]).dtype), []
    for row in x:
        hs.append(h := np.tanh(row @ w[:3] + h @ w[3:]))
    return np.stack(hs)


def rnn_back(g, x, w):
    hs, gx, gw, gh = rnn(x, w), np.empty_like(x), np.zeros_like(w), 0
    for t in reversed(range(len(x))):
        before = hs[t - 1] if t else np.zeros(4)
        ga = (g[t] + gh) * (1 - hs[t] ** 2)
        gx[t], gh = w[:3] @ ga, w[3:] @ ga
        gw[:3] += np.outer(x[t], ga)
        gw[3:] += np.outer(before, ga)
    return gx, gw


case("recurrent network", rnn, rnn_back, X, rng.normal(size=(7, 4)) / 2)

# Forms


def cached(x, w):
    return np.tanh(x @ w), (x, w, np.tanh(x @ w))


def cached_back(g, cache):
    x, w, y = cache
    return (g * (1 - y * y)) @ w.T, x.T @ (g * (1 - y * y))


case("y, cache", cached, cached_back, X, W)


def closure(x):
    y = np.tanh(x)
    return y, lambda g: g * (1 - y * y)


case("y, pullback", closure, None, X)


def writes(gy, x, w, gx, gw):
    gx[...], gw[...] = gy @ w.T, x.T @ gy


case("backward that writes", lambda x, w: x @ w, writes, X, W)


class Remembers:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, gy):
        return gy * (1 - self.y**2)


layer = Remembers()
CASES["two methods"] = layer.forward, layer.backward, (X,), {}


def course(params):
    h = np.tanh(X @ params["W1"] + params["b1"])
    error = h @ params["W2"] - X[:, :2]
    ga = error @ params["W2"].T * (1 - h * h)
    grads = {"W2": h.T @ error, "b1": ga.sum(0), "W1": X.T @ ga}
    return 0.5 * (error**2).sum(), grads


case("loss, gradients of a dict", course, None, {"W1": W, "b1": B, "W2": V})
case("gradient of a loss", lambda x: (x**4).sum() / 4, lambda x: x**3, X)
case(
    "double backward of tanh",
    lambda g, x: g * (1 - np.tanh(x) ** 2),
    lambda u, g, x: (u * (1 - np.tanh(x) ** 2), -2 * u * g * np.tanh(x) * (1 - np.tanh(x) ** 2)),
    X,
    Y,
)
