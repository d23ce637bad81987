"""Functions of tests/helpers/catalogue.py from linear algebra, kernels and signals."""

import numpy as np

from tests.helpers.functions import B, P, S, W, X, Y, case, rng

A, T = rng.normal(size=(4, 4)), rng.normal(size=(4, 3))
SPD = S @ S.T + 4 * np.eye(4)
ONLY = {"only_given": True}  # other inputs would not be positive definite

case("determinant", lambda a: np.linalg.det(a), lambda g, a: g * np.linalg.det(a) * inv(a).T, A)
case("matrix cubed", lambda a: a @ a @ a, lambda g, a: cubed_back(g, a), A)
case("solve for a matrix", lambda a, b: np.linalg.solve(a, b), lambda *a: solve_back(*a), SPD, T)


def inv(a):
    return np.linalg.inv(a)


def cubed_back(g, a):
    return g @ (a @ a).T + a.T @ g @ a.T + (a @ a).T @ g


def solve_back(g, a, b):
    gb = np.linalg.solve(a.T, g)
    return -gb @ np.linalg.solve(a, b).T, gb


def cholesky(m):
    """L with L Lᵀ = M, by the textbook's loop, which works on complex numbers."""
    a = (m + m.T) / 2
    low = np.zeros_like(a)
    for j in range(len(a)):
        low[j, j] = np.sqrt(a[j, j] - (low[j, :j] ** 2).sum())
        low[j + 1 :, j] = (a[j + 1 :, j] - low[j + 1 :, :j] @ low[j, :j]) / low[j, j]
    return low


def cholesky_back(g, m):
    low = cholesky(m)
    p = np.tril(low.T @ g)
    p[np.diag_indices(len(p))] /= 2
    s = inv(low).T @ p @ inv(low)
    return (s + s.T) / 2


case("Cholesky", cholesky, cholesky_back, SPD, **ONLY)
case(
    "log det by Cholesky",
    lambda m: 2 * np.log(np.diagonal(cholesky(m))).sum(),
    lambda g, m: g * inv((m + m.T) / 2),
    SPD,
    **ONLY,
)


def symmetric_back(g, m):
    w, v = np.linalg.eigh((m + m.T) / 2)
    return (v * g) @ v.T


case(
    "eigenvalues of a symmetric matrix",
    lambda m: np.linalg.eigvalsh((m + m.T) / 2),
    symmetric_back,
    SPD,
    **ONLY,
)
case(
    "largest eigenvalue",
    lambda m: np.linalg.eigvalsh((m + m.T) / 2)[-1],
    lambda g, m: symmetric_back(np.array([0, 0, 0, g]), m),
    SPD,
    **ONLY,
)


def singular_back(g, a):
    u, _, vt = np.linalg.svd(a, full_matrices=False)
    return (u * g) @ vt


case("singular values", lambda a: np.linalg.svd(a, compute_uv=False), singular_back, A, **ONLY)
case(
    "nuclear norm",
    lambda a: np.linalg.svd(a, compute_uv=False).sum(),
    lambda g, a: singular_back(np.full(4, g), a),
    A,
    **ONLY,
)


def triangular_back(g, low, b):
    gb = np.linalg.solve(np.tril(low).T, g)
    return -np.tril(np.outer(gb, np.linalg.solve(np.tril(low), b))), gb


case(
    "triangular solve",
    lambda low, b: np.linalg.solve(np.tril(low), b),
    triangular_back,
    A + 3 * np.eye(4),
    B,
    **ONLY,
)


def taylor(a):
    term, total = np.eye(len(a), dtype=a.dtype), np.eye(len(a), dtype=a.dtype)
    for n in range(1, 13):
        term = term @ a / n
        total = total + term
    return total


def taylor_back(g, a):
    """exp of the block matrix [[aᵀ, g], [0, aᵀ]] has the derivative in its corner."""
    n = len(a)
    block = np.zeros((2 * n, 2 * n), a.dtype)
    block[:n, :n], block[n:, n:], block[:n, n:] = a.T, a.T, g
    return taylor(block)[:n, n:]


case("matrix exponential by Taylor", taylor, taylor_back, A / 4)
case("Frobenius norm", lambda a: np.sqrt((a * a).sum()), lambda g, a: g * a / frobenius(a), A)


def frobenius(a):
    return np.sqrt((a * a).sum())


case(
    "trace of a product",
    lambda a, b: np.einsum("ij,ji->", a, b),
    lambda g, a, b: (g * b.T, g * a.T),
    T,
    W,
    **ONLY,
)
case(
    "Kronecker product",
    lambda a, b: np.einsum("ij,kl->ikjl", a, b).reshape(8, -1),
    lambda g, a, b: kron_back(g, a, b),
    A[:2, :3],
    S[:, :2],
    **ONLY,
)


def kron_back(g, a, b):
    g = g.reshape(len(a), len(b), a.shape[1], b.shape[1])
    return np.einsum("ikjl,kl->ij", g, b), np.einsum("ikjl,ij->kl", g, a)


case(
    "einsum of three",
    lambda x, w, y: np.einsum("mi,ij,mj->m", x, w, y),
    lambda g, x, w, y: (
        g[:, None] * (y @ w.T),
        np.einsum("m,mi,mj->ij", g, x, y),
        g[:, None] * (x @ w),
    ),
    X,
    W,
    rng.normal(size=(5, 4)),
)
case(
    "bilinear layer",
    lambda x, w, y: np.einsum("mi,oij,mj->mo", x, w, y),
    lambda g, x, w, y: (
        np.einsum("mo,oij,mj->mi", g, w, y),
        np.einsum("mo,mi,mj->oij", g, x, y),
        np.einsum("mo,oij,mi->mj", g, w, x),
    ),
    X,
    rng.normal(size=(2, 3, 4)),
    rng.normal(size=(5, 4)),
)
case(
    "tensor contraction",
    lambda a, b: np.tensordot(a, b, ([1, 2], [0, 1])),
    lambda g, a, b: (np.einsum("io,jko->ijk", g, b), np.einsum("ijk,io->jko", a, g)),
    rng.normal(size=(3, 2, 4)),
    rng.normal(size=(2, 4, 3)),
)


def ridge(x, y):
    return np.linalg.solve(x.T @ x + 0.5 * np.eye(x.shape[1]), x.T @ y)


def ridge_back(g, x, y):
    w = ridge(x, y)
    u = np.linalg.solve(x.T @ x + 0.5 * np.eye(x.shape[1]), g)
    return np.outer(y - x @ w, u) - np.outer(x @ u, w), x @ u


case("ridge regression", ridge, ridge_back, X, Y[:, 0])


def mahalanobis(x, m):
    return np.einsum("ri,ri->r", x, np.linalg.solve(m, x.T).T)


def mahalanobis_back(g, x, m):
    u, v = np.linalg.solve(m, x.T).T, np.linalg.solve(m.T, x.T).T
    return g[:, None] * (u + v), -np.einsum("r,ri,rj->ij", g, v, u)


case("Mahalanobis distance", mahalanobis, mahalanobis_back, T.T, SPD)


def gaussian_process(y, m):
    return -0.5 * y @ np.linalg.solve(m, y) - 0.5 * np.linalg.slogdet(m)[1]


def gaussian_process_back(g, y, m):
    u, v = np.linalg.solve(m, y), np.linalg.solve(m.T, y)
    return -0.5 * g * (u + v), 0.5 * g * (np.outer(v, u) - inv(m).T)


case(
    "log likelihood of a Gaussian process", gaussian_process, gaussian_process_back, B, SPD, **ONLY
)


def orthonormal(a):
    """Gram and Schmidt's first two columns."""
    u = a[:, 0] / np.sqrt((a[:, 0] ** 2).sum())
    r = a[:, 1] - u * (u * a[:, 1]).sum()
    return np.stack([u, r / np.sqrt((r * r).sum())], 1)


def unit_back(g, x):
    n = np.sqrt((x * x).sum())
    return (g - x * (g * x).sum() / n**2) / n


def orthonormal_back(g, a):
    u, b = orthonormal(a)[:, 0], a[:, 1]
    gr = unit_back(g[:, 1], b - u * (u @ b))
    gu = g[:, 0] - gr * (u @ b) - b * (u @ gr)
    return np.stack([unit_back(gu, a[:, 0]), gr - u * (u @ gr)], 1)


case("Gram and Schmidt", orthonormal, orthonormal_back, T[:, :2], **ONLY)
case(
    "spectral normalisation, u and v given",
    lambda w, u, v: w / (u @ w @ v),
    lambda g, w, u, v: g / (u @ w @ v) - (g * w).sum() / (u @ w @ v) ** 2 * np.outer(u, v),
    W,
    rng.normal(size=3),
    B,
    wrt=0,
)


# Kernels
def between(x, y):
    return x[:, None] - y


def rbf(x, y, s):
    return np.exp(-(between(x, y) ** 2).sum(2) / (2 * s * s))


def rbf_back(g, x, y, s):
    k, d = rbf(x, y, s), between(x, y)
    gd = -(g * k)[:, :, None] * d / s**2
    return gd.sum(1), -gd.sum(0), (g * k * (d**2).sum(2)).sum() / s**3


case("Gaussian kernel", rbf, rbf_back, X, Y[:4], 1.3)
case(
    "polynomial kernel",
    lambda x, y: (x @ y.T + 1) ** 3,
    lambda g, x, y: ((3 * g * (x @ y.T + 1) ** 2) @ y, (3 * g * (x @ y.T + 1) ** 2).T @ x),
    X,
    Y[:4],
)


def laplacian(x, y):
    return np.exp(-abs(between(x, y)).sum(2))


def laplacian_back(g, x, y):
    gd = -(g * laplacian(x, y))[:, :, None] * np.sign(between(x, y))
    return gd.sum(1), -gd.sum(0)


case("Laplacian kernel", laplacian, laplacian_back, X, Y[:4])


def distances(x, y):
    return np.sqrt((between(x, y) ** 2).sum(2) + 1e-2)


def distances_back(g, x, y):
    gd = (g / distances(x, y))[:, :, None] * between(x, y)
    return gd.sum(1), -gd.sum(0)


case("pairwise distances", distances, distances_back, X, Y[:4])


def cosines(x, y):
    return (x @ y.T) / np.sqrt(np.outer((x * x).sum(1), (y * y).sum(1)))


def cosines_back(g, x, y):
    xx, yy, c = (x * x).sum(1)[:, None], (y * y).sum(1)[:, None], cosines(x, y)
    gx = (g / np.sqrt(xx * yy.T)) @ y - (g * c).sum(1)[:, None] * x / xx
    return gx, (g / np.sqrt(xx * yy.T)).T @ x - (g * c).sum(0)[:, None] * y / yy


case("cosine similarities", cosines, cosines_back, X, Y[:4])

# Signals
N = 8
DCT = np.cos(np.pi / N * (np.arange(N) + 0.5) * np.arange(N)[:, None])
SIGNAL = rng.normal(size=(5, N))
case("cosine transform", lambda x: x @ DCT.T, lambda g, x: g @ DCT, SIGNAL)
case(
    "power spectrum",
    lambda x: np.fft.rfft(x).real ** 2 + np.fft.rfft(x).imag ** 2,
    lambda g, x: spectrum_back(g, x),
    SIGNAL,
)


def spectrum_back(g, x):
    k, n = np.arange(N // 2 + 1), np.arange(N)
    angle = 2 * np.pi * np.outer(k, n) / N
    c, s = np.cos(angle), np.sin(angle)
    return 2 * ((g * (x @ c.T)) @ c + (g * (x @ s.T)) @ s)


case(
    "circular convolution by FFT",
    lambda x, k: np.fft.ifft(np.fft.fft(x) * np.fft.fft(k)).real,
    lambda g, x, k: (
        np.fft.ifft(np.fft.fft(g) * np.conj(np.fft.fft(k))).real,
        np.fft.ifft(np.fft.fft(g) * np.conj(np.fft.fft(x))).real.sum(0),
    ),
    SIGNAL,
    rng.normal(size=N),
)


def haar(x):
    even, odd = x[:, 0::2], x[:, 1::2]
    return (even + odd) / 2**0.5, (even - odd) / 2**0.5


case(
    "Haar wavelet",
    haar,
    lambda g, h, x: np.stack([g + h, g - h], 2).reshape(len(x), -1) / 2**0.5,
    SIGNAL,
)
AT = np.array([0.3, 2.6, 5.5, 6.1])


def interpolated(y, t):
    i = np.floor(t.real).astype(int)
    return y[i] + (t - i) * (y[i + 1] - y[i])


def interpolated_back(g, y, t):
    i, gy = np.floor(t).astype(int), np.zeros_like(y)
    np.add.at(gy, i, g * (1 - t + i))
    np.add.at(gy, i + 1, g * (t - i))
    return gy, g * (y[i + 1] - y[i])


case("linear interpolation", interpolated, interpolated_back, SIGNAL[0], AT, only_given=True)
case(
    "numpy.interp, its values",
    lambda y, t: np.interp(t, np.arange(N), y),
    lambda g, y, t: interpolated_back(g, y, t)[0],
    SIGNAL[1],
    AT,
    wrt=0,
    only_given=True,
)


def bilinear(image, at):
    i = np.floor(at.real).astype(int)
    u, v = (at - i).T
    a, b = image[i[:, 0], i[:, 1]], image[i[:, 0], i[:, 1] + 1]
    c, d = image[i[:, 0] + 1, i[:, 1]], image[i[:, 0] + 1, i[:, 1] + 1]
    return a * (1 - u) * (1 - v) + b * (1 - u) * v + c * u * (1 - v) + d * u * v


def bilinear_back(g, image, at):
    i, gi = np.floor(at).astype(int), np.zeros_like(image)
    u, v = (at - i).T
    p = [image[i[:, 0] + r, i[:, 1] + s] for r in (0, 1) for s in (0, 1)]
    for weight, r, s in (
        ((1 - u) * (1 - v), 0, 0),
        ((1 - u) * v, 0, 1),
        (u * (1 - v), 1, 0),
        (u * v, 1, 1),
    ):
        np.add.at(gi, (i[:, 0] + r, i[:, 1] + s), g * weight)
    gu = (p[2] - p[0]) * (1 - v) + (p[3] - p[1]) * v
    gv = (p[1] - p[0]) * (1 - u) + (p[3] - p[2]) * u
    return gi, g[:, None] * np.stack([gu, gv], 1)


case("bilinear sampling", bilinear, bilinear_back, SIGNAL, rng.uniform(0.1, 3.9, (6, 2)), **ONLY)


def fourier_features(x, w):
    return np.concatenate([np.sin(x @ w), np.cos(x @ w)], 1)


def fourier_features_back(g, x, w):
    n = w.shape[1]
    ga = g[:, :n] * np.cos(x @ w) - g[:, n:] * np.sin(x @ w)
    return ga @ w.T, x.T @ ga


case("Fourier features", fourier_features, fourier_features_back, X, W, domain=(-8, 8))
case(
    "softmin",
    lambda x: np.exp(-x) / np.exp(-x).sum(1, keepdims=True),
    lambda g, x: softmin_back(g, x),
    P,
    domain=(-20, 20),
)


def softmin_back(g, x):
    y = np.exp(-x) / np.exp(-x).sum(1, keepdims=True)
    return -y * (g - (g * y).sum(1, keepdims=True))
