"""Functions of tests/helpers/catalogue.py that act on each number, or on pairs of numbers."""

import numpy as np

from tests.helpers.functions import B, P, X, Y, case, elementwise, rng, sigmoid

U = rng.uniform(-0.9, 0.9, size=(5, 3))
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def softplus(x):
    return np.log1p(np.exp(x))


# Powers, logarithms, trigonometry
elementwise("cube", lambda x: x**3, lambda x: 3 * x**2)
elementwise("fourth root", lambda x: x**0.25, lambda x: 0.25 * x**-0.75, P)
elementwise("exp2", lambda x: 2**x, lambda x: np.log(2) * 2**x)
elementwise("expm1", lambda x: np.expm1(x), np.exp)
elementwise("log2", lambda x: np.log2(x), lambda x: 1 / (x * np.log(2)), P)
elementwise("log10", lambda x: np.log10(x), lambda x: 1 / (x * np.log(10)), P)
elementwise("cosine", lambda x: np.cos(x), lambda x: -np.sin(x))
elementwise("sinh", lambda x: np.sinh(x), np.cosh)
elementwise("cosh", lambda x: np.cosh(x), np.sinh)
elementwise("arcsinh", lambda x: np.arcsinh(x), lambda x: 1 / np.sqrt(1 + x**2))
elementwise(
    "arccosh", lambda x: np.arccosh(x), lambda x: 1 / np.sqrt(x**2 - 1), P + 1.2, domain=(1, np.inf)
)
elementwise("arctanh", lambda x: np.arctanh(x), lambda x: 1 / (1 - x**2), U, domain=(-1, 1))
elementwise("arcsin", lambda x: np.arcsin(x), lambda x: 1 / np.sqrt(1 - x**2), U, domain=(-1, 1))
elementwise("arccos", lambda x: np.arccos(x), lambda x: -1 / np.sqrt(1 - x**2), U, domain=(-1, 1))
elementwise(
    "sin x / x",
    lambda x: np.sin(x) / x,
    lambda x: (np.cos(x) - np.sin(x) / x) / x,
    P + 0.4,
    domain=(0.3, np.inf),  # near 0 the complex step of sin x / x itself loses digits
)
elementwise("bell", lambda x: np.exp(-(x**2)), lambda x: -2 * x * np.exp(-(x**2)))
elementwise(
    "logit", lambda p: np.log(p / (1 - p)), lambda p: 1 / (p * (1 - p)), P / 2.2, domain=(0, 1)
)
elementwise(
    "complementary log-log",
    lambda x: -np.expm1(-np.exp(x)),
    lambda x: np.exp(x - np.exp(x)),
    domain=(-4, 2),
)
elementwise("fractional part", lambda x: x % 1, lambda x: np.ones_like(x))
elementwise(
    "Horner's polynomial", lambda x: ((2 * x - 1) * x + 3) * x - 4, lambda x: (6 * x - 2) * x + 3
)
elementwise(
    "Chebyshev T5", lambda x: 16 * x**5 - 20 * x**3 + 5 * x, lambda x: 80 * x**4 - 60 * x**2 + 5
)
elementwise("Legendre P3", lambda x: (5 * x**3 - 3 * x) / 2, lambda x: (15 * x**2 - 3) / 2)
elementwise("x / (1 + x²)", lambda x: x / (1 + x**2), lambda x: (1 - x**2) / (1 + x**2) ** 2)

# Activations
elementwise("softsign", lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2)
elementwise(
    "mish",
    lambda x: x * np.tanh(softplus(x)),
    lambda x: np.tanh(softplus(x)) + x * (1 - np.tanh(softplus(x)) ** 2) * sigmoid(x),
)
elementwise(
    "selu",
    lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(x)),
    lambda x: SELU_SCALE * np.where(x > 0, 1, SELU_ALPHA * np.exp(x)),
)
elementwise(
    "celu",
    lambda x: np.where(x > 0, x, 1.5 * np.expm1(x / 1.5)),
    lambda x: np.where(x > 0, 1, np.exp(x / 1.5)),
)
elementwise("hard sigmoid", lambda x: np.clip(x / 6 + 0.5, 0, 1), lambda x: (abs(x) < 3) / 6)
elementwise(
    "hard swish",
    lambda x: x * np.clip(x + 3, 0, 6) / 6,
    lambda x: np.where(abs(x) < 3, x / 3 + 0.5, x > 0),
)
elementwise(
    "softshrink",
    lambda x: np.where(x > 0.5, x - 0.5, np.where(x < -0.5, x + 0.5, 0 * x)),
    lambda x: abs(x) > 0.5,
)
elementwise("hardshrink", lambda x: np.where(abs(x) > 0.5, x, 0 * x), lambda x: abs(x) > 0.5)
elementwise("threshold", lambda x: np.where(x > 0.3, x, -1 + 0 * x), lambda x: x > 0.3)
elementwise("relu6", lambda x: np.clip(x, 0, 6), lambda x: (x > 0) & (x < 6))
elementwise("log sigmoid", lambda x: -np.log1p(np.exp(-x)), lambda x: sigmoid(-x))
elementwise("tanhshrink", lambda x: x - np.tanh(x), lambda x: np.tanh(x) ** 2)
elementwise("log cosh", lambda x: np.log(np.cosh(x)), np.tanh)
elementwise(
    "squareplus", lambda x: (x + np.sqrt(x**2 + 4)) / 2, lambda x: (1 + x / np.sqrt(x**2 + 4)) / 2
)
elementwise(
    "bent identity",
    lambda x: (np.sqrt(x**2 + 1) - 1) / 2 + x,
    lambda x: x / (2 * np.sqrt(x**2 + 1)) + 1,
)
elementwise("smoothstep", lambda x: x**2 * (3 - 2 * x), lambda x: 6 * x * (1 - x))

# Several inputs
case(
    "swish with its slope",
    lambda x, b: x * sigmoid(b * x),
    lambda g, x, b: (
        g * (sigmoid(b * x) + b * x * sigmoid(b * x) * sigmoid(-b * x)),
        (g * x**2 * sigmoid(b * x) * sigmoid(-b * x)).sum(0),
    ),
    X,
    P[0],
)
case(
    "prelu",
    lambda x, a: np.where(x > 0, x, a * x),
    lambda g, x, a: (g * np.where(x > 0, 1, a), np.where(x > 0, 0, g * x).sum(0)),
    X,
    P[1],
)
case(
    "snake",
    lambda x, a: x + np.sin(a * x) ** 2 / a,
    lambda g, x, a: (
        g * (1 + np.sin(2 * a * x)),
        (g * (x * np.sin(2 * a * x) / a - np.sin(a * x) ** 2 / a**2)).sum(0),
    ),
    X,
    P[2],
)
case(
    "glu",
    lambda x: x[:, :2] * sigmoid(x[:, 2:]),
    lambda g, x: np.concatenate(
        [g * sigmoid(x[:, 2:]), g * x[:, :2] * sigmoid(x[:, 2:]) * sigmoid(-x[:, 2:])], 1
    ),
    rng.normal(size=(5, 4)),
)


def swiglu(x, w, v):
    a = x @ w
    return a * sigmoid(a) * (x @ v)


def swiglu_back(g, x, w, v):
    a, b = x @ w, x @ v
    ga, gb = g * b * sigmoid(a) * (1 + a * sigmoid(-a)), g * a * sigmoid(a)
    return ga @ w.T + gb @ v.T, x.T @ ga, x.T @ gb


case("swiglu", swiglu, swiglu_back, X, rng.normal(size=(3, 4)), rng.normal(size=(3, 4)))
case(
    "maxout of two pieces",
    lambda x: np.maximum(x[:, 0::2], x[:, 1::2]),
    lambda g, x: np.stack(
        [g * (x[:, 0::2] > x[:, 1::2]), g * (x[:, 1::2] > x[:, 0::2])], 2
    ).reshape(len(x), -1),
    rng.normal(size=(5, 4)),
)
case(
    "blend",
    lambda a, b, w: a + w * (b - a),
    lambda g, a, b, w: (g * (1 - w), g * w, g * (b - a)),
    X,
    Y,
    P,
)
case(
    "logaddexp of two",
    lambda x, y: np.logaddexp(x, y),
    lambda g, x, y: (g * sigmoid(x - y), g * sigmoid(y - x)),
    X,
    Y,
)
case(
    "angle",
    lambda y, x: np.arctan2(y, x),
    lambda g, y, x: (g * x / (x * x + y * y), -g * y / (x * x + y * y)),
    Y,
    X,
)
case(
    "polynomial with coefficients",
    lambda x, c: c[0] + x * (c[1] + x * (c[2] + x * c[3])),
    lambda g, x, c: (
        g * (c[1] + x * (2 * c[2] + 3 * x * c[3])),
        np.array([(g * x**k).sum() for k in range(4)]),
    ),
    X,
    B,
)
case(
    "smooth minimum",
    lambda x, y: (x + y - np.sqrt((x - y) ** 2 + 0.1)) / 2,
    lambda g, x, y: (
        g * (1 - (x - y) / np.sqrt((x - y) ** 2 + 0.1)) / 2,
        g * (1 + (x - y) / np.sqrt((x - y) ** 2 + 0.1)) / 2,
    ),
    X,
    Y,
)
case(
    "Rosenbrock",
    lambda x: ((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2).sum(),
    lambda g, x: (
        g
        * (
            np.append(-2 * (1 - x[:-1]) - 400 * x[:-1] * (x[1:] - x[:-1] ** 2), 0)
            + np.append(0, 200 * (x[1:] - x[:-1] ** 2))
        )
    ),
    rng.normal(size=6),
)
