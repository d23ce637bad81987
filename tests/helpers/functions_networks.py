"""Layers and whole cells of networks of tests/helpers/catalogue.py."""

import numpy as np

from tests.helpers.functions import P, X, Y, case, rng, sigmoid, softmax

H = rng.normal(size=(5, 4)) / 2
IMAGES, KERNELS = rng.normal(size=(2, 2, 6, 5)), rng.normal(size=(3, 2, 3, 2))


# Recurrent cells
def gru(x, h, w, u):
    n = h.shape[1]
    a, b = x @ w, h @ u
    r, z = sigmoid(a[:, :n] + b[:, :n]), sigmoid(a[:, n : 2 * n] + b[:, n : 2 * n])
    new = np.tanh(a[:, 2 * n :] + r * b[:, 2 * n :])
    return (1 - z) * new + z * h


def gru_back(g, x, h, w, u):
    n = h.shape[1]
    a, b = x @ w, h @ u
    r, z = sigmoid(a[:, :n] + b[:, :n]), sigmoid(a[:, n : 2 * n] + b[:, n : 2 * n])
    new = np.tanh(a[:, 2 * n :] + r * b[:, 2 * n :])
    gn = g * (1 - z) * (1 - new**2)
    gr, gz = gn * b[:, 2 * n :] * r * (1 - r), g * (h - new) * z * (1 - z)
    ga, gb = np.concatenate([gr, gz, gn], 1), np.concatenate([gr, gz, gn * r], 1)
    return ga @ w.T, g * z + gb @ u.T, x.T @ ga, h.T @ gb


case("GRU cell", gru, gru_back, X, H, rng.normal(size=(3, 12)) / 2, rng.normal(size=(4, 12)) / 2)


def lstm_gates(x, h, w):
    i, f, o, c = np.split(np.concatenate([x, h], 1) @ w, 4, 1)
    return sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(c)


def lstm(x, h, c, w):
    i, f, o, new = lstm_gates(x, h, w)
    after = f * c + i * new
    return o * np.tanh(after), after


def lstm_back(gh, gc, x, h, c, w):
    i, f, o, new = lstm_gates(x, h, w)
    t = np.tanh(f * c + i * new)
    gc = gc + gh * o * (1 - t**2)
    parts = gc * new * i * (1 - i), gc * c * f * (1 - f), gh * t * o * (1 - o)
    ga = np.concatenate([*parts, gc * i * (1 - new**2)], 1)
    gxh = ga @ w.T
    return gxh[:, :3], gxh[:, 3:], gc * f, np.concatenate([x, h], 1).T @ ga


case("LSTM cell", lstm, lstm_back, X, H, H[::-1] + 0.1, rng.normal(size=(7, 16)) / 2)


def highway(x, w, v):
    t = sigmoid(x @ v)
    return t * np.tanh(x @ w) + (1 - t) * x


def highway_back(g, x, w, v):
    t, y = sigmoid(x @ v), np.tanh(x @ w)
    ga, gb = g * t * (1 - y**2), g * (y - x) * t * (1 - t)
    return ga @ w.T + gb @ v.T + g * (1 - t), x.T @ ga, x.T @ gb


case("highway layer", highway, highway_back, X, rng.normal(size=(3, 3)), rng.normal(size=(3, 3)))


def tied(x, w):
    return np.tanh(x @ w) @ w.T


def tied_back(g, x, w):
    h = np.tanh(x @ w)
    ga = (g @ w) * (1 - h**2)
    return ga @ w.T, g.T @ h + x.T @ ga


case("autoencoder with one W", tied, tied_back, X, rng.normal(size=(3, 4)))


# Normalisation
def rms_norm(x, s):
    return x / np.sqrt((x**2).mean(1, keepdims=True) + 1e-5) * s


def rms_norm_back(g, x, s):
    r = np.sqrt((x**2).mean(1, keepdims=True) + 1e-5)
    u = x / r
    return (g * s - u * (g * s * u).mean(1, keepdims=True)) / r, (g * u).sum(0)


case("RMS norm", rms_norm, rms_norm_back, X, P[0])


def normalised_back(g, x):
    s = np.sqrt(((x - x.mean(2, keepdims=True)) ** 2).mean(2, keepdims=True) + 1e-5)
    u = (x - x.mean(2, keepdims=True)) / s
    return (g - g.mean(2, keepdims=True) - u * (g * u).mean(2, keepdims=True)) / s


def group_norm(x):
    x = x.reshape(len(x), 2, -1)
    c = x - x.mean(2, keepdims=True)
    return (c / np.sqrt((c**2).mean(2, keepdims=True) + 1e-5)).reshape(len(x), -1)


def group_norm_back(g, x):
    return normalised_back(g.reshape(len(x), 2, -1), x.reshape(len(x), 2, -1)).reshape(x.shape)


case("group norm", group_norm, group_norm_back, rng.normal(size=(5, 6)))


def weight_norm(x, v, s):
    return x @ (v * s / np.sqrt((v**2).sum(0)))


def weight_norm_back(g, x, v, s):
    n = np.sqrt((v**2).sum(0))
    gw = x.T @ g
    along = (gw * v).sum(0) / n
    return g @ (v * s / n).T, s / n * (gw - v * along / n), along


case("weight norm", weight_norm, weight_norm_back, X, rng.normal(size=(3, 4)), rng.normal(size=4))


# Convolutions
def conv1d(x, k, stride=2, pad=1, dilation=1):
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad)))
    n = (x.shape[2] - dilation * (k.shape[2] - 1) - 1) // stride + 1
    return sum(
        np.einsum("ncw,fc->nfw", x[:, :, j * dilation :: stride][:, :, :n], k[:, :, j])
        for j in range(k.shape[2])
    )


def conv1d_back(g, x, k, stride=2, pad=1, dilation=1):
    wide, n = np.pad(x, ((0, 0), (0, 0), (pad, pad))), g.shape[2]
    gx, gk = np.zeros_like(wide), np.zeros_like(k)
    for j in range(k.shape[2]):
        part = slice(j * dilation, j * dilation + stride * (n - 1) + 1, stride)
        gx[:, :, part] += np.einsum("nfw,fc->ncw", g, k[:, :, j])
        gk[:, :, j] = np.einsum("nfw,ncw->fc", g, wide[:, :, part])
    return gx[:, :, pad : gx.shape[2] - pad], gk


LINES, TAPS = rng.normal(size=(4, 2, 7)), rng.normal(size=(3, 2, 3))
case("conv1d, stride 2, padding 1", conv1d, conv1d_back, LINES, TAPS)
case(
    "conv1d, dilated",
    lambda x, k: conv1d(x, k, 1, 0, 2),
    lambda g, x, k: conv1d_back(g, x, k, 1, 0, 2),
    LINES,
    TAPS,
)
case(
    "transposed conv1d",
    lambda y, k: transposed(y, k),
    lambda g, y, k: (conv1d(g, k, 2, 0), conv1d_back(y, g, k, 2, 0)[1]),
    rng.normal(size=(5, 3, 3)),
    TAPS[:, :, :2],
)


def transposed(y, k):
    x = np.zeros((len(y), k.shape[1], 2 * y.shape[2]), y.dtype)
    x = x + 0 * k[0, 0, 0]
    for j in range(2):
        x[:, :, j::2] += np.einsum("nfw,fc->ncw", y, k[:, :, j])
    return x


def conv2d(x, k):
    """Stride 2 down, 1 across; padding 1."""
    x = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    h, w = (x.shape[2] - 3) // 2 + 1, x.shape[3] - 1
    return sum(
        np.einsum("nchw,fc->nfhw", x[:, :, i : i + 2 * h - 1 : 2, j : j + w], k[:, :, i, j])
        for i in range(3)
        for j in range(2)
    )


def conv2d_back(g, x, k):
    wide = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    gx, gk, (h, w) = np.zeros_like(wide), np.zeros_like(k), g.shape[2:]
    for i in range(3):
        for j in range(2):
            rows, columns = slice(i, i + 2 * h - 1, 2), slice(j, j + w)
            gx[:, :, rows, columns] += np.einsum("nfhw,fc->nchw", g, k[:, :, i, j])
            gk[:, :, i, j] = np.einsum("nfhw,nchw->fc", g, wide[:, :, rows, columns])
    return gx[:, :, 1:-1, 1:-1], gk


case("conv2d, stride and padding", conv2d, conv2d_back, IMAGES, KERNELS)
case(
    "depthwise convolution",
    lambda x, k: sum(x[:, :, j : j + 5] * k[:, j, None] for j in range(3)),
    lambda g, x, k: depthwise_back(g, x, k),
    LINES,
    rng.normal(size=(2, 3)),
)


def depthwise_back(g, x, k):
    gx = np.zeros_like(x)
    for j in range(3):
        gx[:, :, j : j + 5] += g * k[:, j, None]
    return gx, np.stack([(g * x[:, :, j : j + 5]).sum((0, 2)) for j in range(3)], 1)


case(
    "global average pooling",
    lambda x: x.mean((2, 3)),
    lambda g, x: np.broadcast_to(g[:, :, None, None] / x[0, 0].size, x.shape).copy(),
    IMAGES,
)
case(
    "pixel shuffle",
    lambda x: x.reshape(len(x), 2, 2, 3, 4).transpose(0, 3, 1, 4, 2).reshape(len(x), 6, 8),
    lambda g, x: g.reshape(len(x), 3, 2, 4, 2).transpose(0, 2, 4, 1, 3).reshape(x.shape),
    rng.normal(size=(2, 4, 3, 4)),
)
case(
    "upsampling by neighbours",
    lambda x: x.repeat(2, 2).repeat(2, 3),
    lambda g, x: g.reshape(len(x), 2, 6, 2, 5, 2).sum((3, 5)),
    IMAGES,
)


# Attention
def heads(x, w):
    return np.split((x @ w).reshape(len(x), 2, -1).transpose(1, 0, 2), 3, 2)


def multi_head(x, w, o):
    q, k, v = heads(x, w)
    y = softmax(q @ k.transpose(0, 2, 1) / 2**0.5) @ v
    return y.transpose(1, 0, 2).reshape(len(x), -1) @ o


def multi_head_back(g, x, w, o):
    q, k, v = heads(x, w)
    a = softmax(q @ k.transpose(0, 2, 1) / 2**0.5)
    y = (a @ v).transpose(1, 0, 2).reshape(len(x), -1)
    gy = (g @ o.T).reshape(len(x), 2, -1).transpose(1, 0, 2)
    ga = gy @ v.transpose(0, 2, 1)
    gs = a * (ga - (ga * a).sum(-1, keepdims=True)) / 2**0.5
    parts = [gs @ k, gs.transpose(0, 2, 1) @ q, a.transpose(0, 2, 1) @ gy]
    gp = np.concatenate(parts, 2).transpose(1, 0, 2).reshape(len(x), -1)
    return gp @ w.T, x.T @ gp, y.T @ g


case(
    "multi-head attention", multi_head, multi_head_back, X, rng.normal(size=(3, 12)) / 2, H[:4, :2]
)


def rotary(x):
    angle = np.arange(len(x))[:, None] * np.array([1, 0.1])
    a, b, c, s = x[:, :2], x[:, 2:], np.cos(angle), np.sin(angle)
    return np.concatenate([a * c - b * s, a * s + b * c], 1)


def rotary_back(g, x):
    angle = np.arange(len(x))[:, None] * np.array([1, 0.1])
    a, b, c, s = g[:, :2], g[:, 2:], np.cos(angle), np.sin(angle)
    return np.concatenate([a * c + b * s, b * c - a * s], 1)


case("rotary embedding", rotary, rotary_back, H)
case(
    "low-rank adapter",
    lambda x, w, a, b: x @ w + x @ a @ b,
    lambda g, x, w, a, b: (g @ (w + a @ b).T, x.T @ g, x.T @ g @ b.T, (x @ a).T @ g),
    X,
    rng.normal(size=(3, 4)),
    rng.normal(size=(3, 2)),
    rng.normal(size=(2, 4)),
)


# Dynamic programming and dynamics
def smooth_min(parts):
    return -np.log(sum(np.exp(-p) for p in parts))


def soft_dtw(d):
    r = {}
    for i in range(d.shape[0]):
        for j in range(d.shape[1]):
            before = [r[p] for p in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if p in r]
            r[i, j] = d[i, j] + (smooth_min(before) if before else 0)
    return r[d.shape[0] - 1, d.shape[1] - 1]


def soft_dtw_back(g, d):
    r, gr = {}, np.zeros_like(d)
    cells = [(i, j) for i in range(d.shape[0]) for j in range(d.shape[1])]
    for i, j in cells:
        before = [r[p] for p in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if p in r]
        r[i, j] = d[i, j] + (smooth_min(before) if before else 0)
    gr[-1, -1] = g
    for i, j in reversed(cells):
        before = [p for p in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if p in r]
        for p in before:
            gr[p] += gr[i, j] * np.exp(-r[p]) / sum(np.exp(-r[q]) for q in before)
    return gr


case("soft dynamic time warping", soft_dtw, soft_dtw_back, P, domain=(0, 6))


def crf(x, t):
    a = x[0]
    for row in x[1:]:
        a = np.log(np.exp(a[:, None] + t).sum(0)) + row
    return np.log(np.exp(a).sum())


def crf_back(g, x, t):
    alphas = [x[0]]
    for row in x[1:]:
        alphas.append(np.log(np.exp(alphas[-1][:, None] + t).sum(0)) + row)
    gx, gt, ga = np.empty_like(x), np.zeros_like(t), g * softmax(alphas[-1])
    for i in reversed(range(1, len(x))):
        gx[i] = ga
        share = softmax((alphas[i - 1][:, None] + t).T).T * ga
        gt += share
        ga = share.sum(1)
    gx[0] = ga
    return gx, gt


case("log partition of a CRF", crf, crf_back, X, Y[:3], domain=(-5, 5))


def field(x, w):
    return np.tanh(x @ w)


def midpoint(x, w):
    return x + 0.5 * field(x + 0.25 * field(x, w), w)


def midpoint_back(g, x, w):
    first = field(x, w)
    middle = x + 0.25 * first
    gb = 0.5 * g * (1 - field(middle, w) ** 2)
    gm = gb @ w.T
    ga = 0.25 * gm * (1 - first**2)
    return g + gm + ga @ w.T, middle.T @ gb + x.T @ ga


case("step of an ODE, midpoint rule", midpoint, midpoint_back, X, rng.normal(size=(3, 3)))


def coupling(x, w):
    s = np.tanh(x[:, :2] @ w)
    return np.concatenate([x[:, :2], x[:, 2:] * np.exp(s)], 1), s.sum(1)


def coupling_back(gy, gl, x, w):
    s = np.tanh(x[:, :2] @ w)
    ga = (gy[:, 2:] * x[:, 2:] * np.exp(s) + gl[:, None]) * (1 - s**2)
    return np.concatenate([gy[:, :2] + ga @ w.T, gy[:, 2:] * np.exp(s)], 1), x[:, :2].T @ ga


case("coupling layer of a flow", coupling, coupling_back, H, rng.normal(size=(2, 2)))
GRAPH = np.array([[0, 1], [1, 2], [2, 0], [3, 4], [4, 1], [0, 3]])


def graph_layer(x, w, edges):
    y = x @ w
    out = y.copy()
    np.add.at(out, edges[:, 1], y[edges[:, 0]])
    return np.tanh(out)


def graph_layer_back(g, x, w, edges):
    ga = g * (1 - graph_layer(x, w, edges) ** 2)
    gy = ga.copy()
    np.add.at(gy, edges[:, 0], ga[edges[:, 1]])
    return gy @ w.T, x.T @ gy


case("graph convolution", graph_layer, graph_layer_back, X, Y[:3], GRAPH, only_given=True)
