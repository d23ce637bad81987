"""The checks of lesson 1."""

import numpy as np

import numpygan as ng

from .judging import expect, layer_backward, results, unchanged


def _numbers():
    rng = np.random.default_rng(0)
    return rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)


def check_affine_forward(f):
    x, W, b = _numbers()
    y = unchanged(lambda: f(x, W, b), x=x, W=W, b=b)
    expect("y", y, x @ W + b, [(x @ W, "b is not added"), (x @ W - b, "b is subtracted")])
    x, b = x[:, :3], np.array([1.0, 2.0, 3.0])
    W = np.arange(9.0).reshape(3, 3)
    expect("y", f(x, W, b), x @ W + b, [(x @ W.T + b, "it multiplies by Wᵀ instead of W")])


def check_affine_backward(f):
    x, W, _ = _numbers()
    gy = np.random.default_rng(1).normal(size=(5, 3))
    gx, gW, gb = results(unchanged(lambda: f(x, W, gy), x=x, W=W, gy=gy), "gx", "gW", "gb")
    order = "this is gW; the order is gx, gW, gb"
    expect("gx", gx, gy @ W.T, [(x.T @ gy, order)])
    expect(
        "gW",
        gW,
        x.T @ gy,
        [
            (gy.T @ x, "it is transposed: gW must have the shape of W"),
            (x.T @ gy / 5, "it is averaged over the rows; the chain rule sums (1/m is in gy)"),
        ],
    )
    expect(
        "gb",
        gb,
        gy.sum(0),
        [
            (gy.mean(0), "it is averaged over the rows; the chain rule sums (1/m is in gy)"),
            (gy.sum(1), "it is summed over the outputs; sum over the rows (axis 0)"),
            (gy, "every example acts on b: sum over the rows"),
        ],
    )

    class Affine(ng.Affine):
        def backward(self, gy, t):
            t.gx[...] = f(t.x, self.W, gy)[0]

        def backward_params(self, gy, t):
            _, self.gW[...], self.gb[...] = f(t.x, self.W, gy)

    layer_backward([Affine(4, 4), ng.Tanh(), Affine(4, 2)])


def _cubic(x):
    return (x**3).sum() + x[0] * x[1]


_AT = np.array([0.5, -1.0, 2.0])


def check_central_difference(f):
    eps = 0.1
    found = unchanged(lambda: f(_cubic, _AT, eps), x=_AT)
    exact = 3 * _AT**2 + np.array([_AT[1], _AT[0], 0.0])
    ahead = np.array([_cubic(_AT + eps * e) - _cubic(_AT) for e in np.eye(3)])
    behind = np.array([_cubic(_AT) - _cubic(_AT - eps * e) for e in np.eye(3)])
    right = exact + eps**2
    so_far = [eps * np.tril(np.ones((3, 3)))[i] for i in range(3)]
    kept = np.array([_cubic(_AT + step) - _cubic(_AT - step) for step in so_far]) / (2 * eps)
    expect(
        "the gradient at ε = 0.1",
        found,
        right,
        [
            (behind / eps, "this is the backward difference; take f(x + ε) − f(x − ε) over 2ε"),
            (kept, "the numbers moved before are still moved; move one number of x at a time"),
            (right * [1, 0, 0], "only the first number is there; is `return` inside the loop?"),
            (right * 2 * eps, "divide by 2ε"),
            (right * eps**2, "a / 2 * eps is (a/2)·eps; write a / (2 * eps)"),
            (ahead / eps, "this is the forward difference; take f(x + ε) − f(x − ε) over 2ε"),
            (2 * exact + 2 * eps**2, "it is twice too large: divide by 2ε"),
            (
                (_cubic(_AT + eps) - _cubic(_AT - eps)) / (2 * eps),
                "one number: all of x is moved at once, or the differences are added up; return "
                "one difference for each number of x",
            ),
            (
                np.full(3, (_cubic(_AT + eps) - _cubic(_AT - eps)) / (2 * eps)),
                "all numbers are moved at once; move one number at a time",
            ),
            (exact, "it is too exact: the central difference has an error of ε² here"),
        ],
    )


def check_complex_step(f):
    exact = 3 * _AT**2 + np.array([_AT[1], _AT[0], 0.0])
    all_at_once = np.full(3, exact.sum())
    at_zero = np.array([_AT[1], _AT[0], 0.0])  # ∂/∂x_i where x_i = 0
    found = unchanged(lambda: f(_cubic, _AT), x=_AT)
    expect(
        "the gradient",
        found,
        exact,
        [
            (exact * 1e-30, "divide by h"),
            (at_zero, "x[i] must keep its real part: `moved[i] += 1j * h`"),
            (all_at_once, "all numbers are moved at once; move one number at a time"),
            (
                exact.sum(),
                "one number: all of x is moved at once, or the derivatives are added up; return "
                "one derivative for each number of x",
            ),
            (np.full(3, _cubic(_AT) / 1e-30), "this is the real part; f′ is in the imaginary part"),
            (exact * [1, 0, 0], "only the first number is there; is `return` inside the loop?"),
            (np.cumsum(exact), "the numbers moved before are still moved; begin anew for each"),
            (
                np.zeros(3),
                "it is 0: the step was lost. It is 1j * h; x.astype(complex) can hold it",
            ),
        ],
        1e-14,
    )
    at_large_step = f(_cubic, _AT, 0.1)
    expect(
        "the gradient at h = 0.1",
        at_large_step,
        exact - 0.01,
        [(exact, "h is not used: the step is 1j * h")],
    )
