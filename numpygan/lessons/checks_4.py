"""The checks of lesson 4."""

import numpy as np

import numpygan as ng

from .judging import Wrong, expect, results, unchanged


def _sigma(a):
    return 1 / (1 + np.exp(-a))


def check_log_sigmoid(f):
    a = np.array([-3.0, -0.5, 0.0, 2.0])
    right = -np.log(1 + np.exp(-a))
    found = unchanged(lambda: f(a), a=a)
    expect(
        "log σ(a)",
        found,
        right,
        [
            (-np.log(1 + np.exp(a)), "this is log(1 − σ(a)): the sign of a is turned"),
            (-right, "this is −log σ(a) = log(1 + e^−a); the minus is missing"),
            (_sigma(a), "this is σ(a), without its logarithm"),
            (right + np.abs(a), "max(a, 0) stands where min(a, 0) belongs"),
            (
                2 * np.minimum(a, 0) - right,
                "the second term has the wrong sign: min(a, 0) − log(…)",
            ),
            (right - np.abs(a), "the exponent is −|a|, not |a|"),
            (right + np.minimum(a, 0), "the exponent is −|a|, not −a"),
            (right / np.log(10), "this is log10; take the natural logarithm"),
        ],
    )
    single = np.asarray(f(a.astype("float32")))
    if single.dtype != np.float32:
        raise Wrong(f"for an a of float32 it is {single.dtype}; it should keep the dtype of a")
    far = np.array([-1000.0, -800.0, 800.0, 1000.0])
    found = np.asarray(f(far))
    if not np.isfinite(found).all():
        where = far[~np.isfinite(found)][0]
        raise Wrong(f"it is {found[~np.isfinite(found)][0]} at a = {where:g}; use −|a| as exponent")
    expect("log σ(a) at a = −1000, −800, 800, 1000", found, np.minimum(far, 0))
    tiny = float(np.asarray(f(np.array([40.0])))[0])
    expect(
        "log σ(40)",
        tiny,
        -4.248354255291589e-18,
        [(0.0, "it is 0, but −e^−40 is right: 1 + e^−40 rounds to 1; use np.log1p")],
    )


def check_value_slopes(f):
    a_real, a_fake = np.random.default_rng(0).normal(size=(2, 5, 1))
    found = unchanged(lambda: f(a_real, a_fake), a_real=a_real, a_fake=a_fake)
    real, fake = results(found, "∂V/∂a_real", "∂V/∂a_fake")
    D, E = _sigma(a_real), _sigma(a_fake)
    for what, array, right, other, swapped, printed, factor in (
        ("∂V/∂a_real", real, (1 - D) / 5, -E / 5, D / 5, 1 / D / 5, D * (1 - D)),
        ("∂V/∂a_fake", fake, -E / 5, (1 - D) / 5, -(1 - E) / 5, -1 / (1 - E) / 5, E * (1 - E)),
    ):
        alone = "this is σ′ alone; by the chain rule it cancels with the slope of log σ"
        expect(
            what,
            array,
            right,
            [
                (5 * right, "1/m is missing: V is a mean over the m rows of one half"),
                (right / 2, "m is the number of rows of one half, 5, not of both"),
                (-right, "the sign is turned; D ascends V"),
                (other, "the two results are exchanged: first the real half"),
                (swapped, "D and 1 − D are exchanged"),
                (factor / 5, alone),
                (-factor / 5, alone),
                (right * factor, "σ′ has cancelled already; here it is multiplied in once more"),
                (printed, "this is the slope at D; at the logit, σ′ has to be multiplied in"),
                (-5 * right, "the sign is turned, and 1/m is missing"),
            ],
        )
    _finite("∂V/∂a_real", lambda a: f(a, a)[0])
    _finite("∂V/∂a_fake", lambda a: f(a, a)[1])


def _finite(what, slope, far=1000.0):
    """Raise Wrong if slope(a), for a column of logits, is not finite where D is sure."""
    for a in (far, -far):
        found = np.asarray(slope(np.array([[a]])))
        if not np.isfinite(found).all():
            raise Wrong(f"{what} is {found.ravel()[0]} at a = {a:g}; write σ(a) as 1 / (1 + e^−a)")


def _players():
    G = ng.MLP([ng.Affine(2, 4), ng.Tanh(), ng.Affine(4, 3)], "float64")
    D = ng.MLP([ng.Affine(3, 6), ng.LeakyReLU(0.2), ng.Affine(6, 1)], "float64")
    for seed, net in enumerate((G, D)):
        net.theta = 0.7 * np.random.default_rng(seed).standard_normal(net.theta.size)
        net.grad[...] = 7.0
    x, z = (
        np.random.default_rng(3).normal(size=(5, 3)),
        np.random.default_rng(4).normal(size=(5, 2)),
    )
    return G, D, x, z


def _gradient(net, rows, slopes):
    """∂/∂θ of a pass over `rows` that starts with `slopes`, a function of the logits."""
    tape = net.tape(len(rows))
    net.backward(slopes(net.forward(rows, tape)), tape)
    return net.grad.copy()


def check_d_gradient(f):
    G, D, x, z = _players()
    fake = G.forward(z, G.tape(5)).copy()
    thetas = G.theta.copy(), D.theta.copy()
    f(D, x, fake)
    found = D.grad.copy()
    if not np.array_equal(D.theta, thetas[1]):
        raise Wrong("it moves θ_d; it should only write D.grad")
    real = _gradient(D, x, lambda a: (1 - _sigma(a)) / 5)
    generated = _gradient(D, fake, lambda a: -_sigma(a) / 5)
    right = real + generated
    expect(
        "D.grad",
        found,
        right,
        [
            (np.full_like(right, 7.0), "it is as before: call D.backward(gy, tape)"),
            (real, "only the real half counts; both halves have to"),
            (generated, "only the generated half counts; the second pass overwrites the first one"),
            (2 * generated, "`g = D.grad` is no copy, the second pass overwrites it; use .copy()"),
            (real - generated, "the sign of the generated half is turned"),
            (-right, "the sign is turned; D.grad is ∂V/∂θ_d"),
            (5 * right, "1/m is missing"),
            (right + 7.0, "it adds to what was in D.grad; D.backward writes, so leave it at that"),
            (right / 2, "it is halved: m is the number of rows of one half"),
            (
                _gradient(
                    D,
                    np.concatenate([fake, x]),
                    lambda a: np.concatenate([(1 - _sigma(a[:5])) / 5, -_sigma(a[5:]) / 5]),
                ),
                "the halves are exchanged: the first m rows are the real ones",
            ),
            (
                _gradient(
                    D,
                    np.concatenate([x, fake]),
                    lambda a: np.concatenate([-_sigma(a[5:]) / 5, (1 - _sigma(a[:5])) / 5]),
                ),
                "the halves are exchanged: the first m rows are the real ones",
            ),
        ],
    )


def check_g_slope(f):
    a = np.random.default_rng(0).normal(size=(5, 1))
    D = _sigma(a)
    rights = {"saturating": -D / 5, "non_saturating": -(1 - D) / 5}
    for loss, right in rights.items():
        other = next(value for name, value in rights.items() if name != loss)
        expect(
            f"the slope for {loss!r}",
            unchanged(lambda: f(a, loss), a=a),
            right,
            [
                (other, "this is the slope of the other loss"),
                (-right, "the sign is turned: G wants a to rise, and descends"),
                (5 * right, "1/m is missing"),
                (right * D * (1 - D), "σ′ has cancelled already; it is multiplied in once more"),
                (
                    right * (1 - D if loss == "saturating" else D),
                    "σ′ has cancelled already; it is multiplied in once more",
                ),
                (-1 / D / 5, "this is the slope at D; at the logit, σ′ has to be multiplied in"),
                (
                    -1 / (1 - D) / 5,
                    "this is the slope at D; at the logit, σ′ has to be multiplied in",
                ),
            ],
        )
        _finite(f"the slope for {loss!r}", lambda a: f(a, loss))


def check_g_gradient(f):
    for loss in ("saturating", "non_saturating"):
        G, D, _, z = _players()
        theta_g, theta_d = G.theta.copy(), D.theta.copy()
        f(G, D, z, loss)
        found, grad_d = G.grad.copy(), D.grad.copy()
        if not np.array_equal(D.theta, theta_d):
            raise Wrong("it moves θ_d; D stands still in G's step")
        if not np.array_equal(G.theta, theta_g):
            raise Wrong("it moves θ_g; it should only write G.grad")
        if not (grad_d == 7).all():
            raise Wrong("D.grad has changed: D is frozen here, so give D.backward params=False")
        right, skipped = _g_gradients(G, D, z, loss)
        others = {
            "saturating": _g_gradients(G, D, z, "non_saturating")[0],
            "non_saturating": _g_gradients(G, D, z, "saturating")[0],
        }
        expect(
            f"G.grad for {loss!r}",
            found,
            right,
            [
                (np.full_like(right, 7.0), "it is as before: call G.backward(gx, pass_g)"),
                (-right, "the sign is turned; G.grad is ∂L/∂θ_g"),
                (skipped, "the slope goes into G without going back through D"),
                (5 * right, "1/m is missing"),
                (right / 5, "1/m is in g_slope already; here it counts twice"),
                (others[loss], "this is the gradient of the other loss; give g_slope `loss`"),
            ],
        )


def _g_gradients(G, D, z, loss):
    """∂L/∂θ_g, and what comes out if the slope at the logit goes into G as it is."""
    pass_g, pass_d = G.tape(len(z)), D.tape(len(z))
    D_fake = _sigma(D.forward(G.forward(z, pass_g), pass_d))
    slope = (-D_fake if loss == "saturating" else D_fake - 1) / len(z)
    G.backward(D.backward(slope, pass_d, params=False), pass_g)
    right = G.grad.copy()
    G.backward(np.repeat(slope, 3, 1), pass_g)
    return right, G.grad.copy()
