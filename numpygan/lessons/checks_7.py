"""The checks of lesson 7: gradcheck for the layers, check_game for the steps of the game."""

import numpy as np

import numpygan as ng

from .checks_3 import check_adam_step
from .checks_4 import check_value_slopes
from .judging import Wrong, expect, game_is_right, layer_backward, layer_forward, unchanged

_X = np.random.default_rng(0).normal(size=(5, 4))


def _elementwise(layer, y):
    layer_forward(layer(), _X, y)
    layer_backward([ng.Affine(3, 4), layer(), ng.Affine(4, 2)])


def check_Patient1(kind):
    _elementwise(kind, np.maximum(_X, 0))
    net = ng.MLP([kind(), ng.Affine(1, 1)], "float64")
    tape = net.tape(1)
    net.layers[1].W[...] = 1
    net.forward(np.zeros((1, 1)), tape)
    if net.backward(np.ones((1, 1)), tape).any():
        raise Wrong("x: at x = 0 the derivative is agreed to be 0: x > 0, not x ≥ 0")


def check_Patient2(kind):
    _elementwise(kind, 1 / (1 + np.exp(-_X)))


def check_Patient3(kind):
    layer_backward([ng.Affine(3, 4), ng.Tanh(), kind(4, 2)])


def check_Patient4(kind):
    _elementwise(kind, np.tanh(_X))


def check_Patient5(kind):
    mask = np.array([[0.0, 2.0, 2.0, 0.0]] * 5)
    layer_forward(kind(0.5), _X, _X * mask, [(_X, "the mask is not used")], {"mask": mask})
    layer_backward([ng.Affine(3, 4), kind(0.5), ng.Affine(4, 2)])
    stream, net = ng.Stream(0), ng.MLP([kind(0.5), ng.Affine(400, 2)], "float64")
    tape = net.tape(5)
    net.draw_masks(tape, stream)
    if not {*np.unique(tape.layers[0].mask)} == {0.0, 2.0}:
        raise Wrong("draw_mask should draw 1/keep or 0; leave it as it was")


def check_Patient6(kind):
    _elementwise(kind, np.tanh(_X))


def check_patient7(f):
    a_real, a_fake = np.random.default_rng(0).normal(size=(2, 5, 1))
    real, fake = np.log1p(np.exp(-a_real)), np.log1p(np.exp(a_fake))
    right = -real.mean() - fake.mean()
    found = unchanged(lambda: f(a_real, a_fake), a_real=a_real, a_fake=a_fake)
    if np.ndim(found) == 0 and found is not None and 1e-10 < abs(found - right) < 1e-4:
        raise Wrong(
            f"V is {found:.10f}, expected {right:.10f}: a small number added in a log "
            f"changes V and its slope"
        )
    expect(
        "V",
        found,
        right,
        [
            (-right, "the sign is turned; D maximizes V"),
            (5 * right, "it is a sum; V is a mean over the rows"),
            (-real.mean() + fake.mean(), "the sign of the generated half is turned"),
            (-real.mean() - np.log1p(np.exp(-a_fake)).mean(), "the generated half has log(1 − D)"),
        ],
    )
    sure = np.array([[800.0], [50.0]])
    for a, b, value in ((sure, -sure, 0.0), (-sure, sure, -850.0)):
        found = f(a, b)
        if not np.isfinite(found):
            raise Wrong(
                f"V is {found} where D is sure: the logarithm of a rounded sigmoid; "
                f"do the algebra at the logit first"
            )
        if abs(found - value) > 1e-9:
            raise Wrong(
                f"V is {found:.6g} where D is sure, expected {value:.6g}: σ is cut off or "
                f"shifted; do the algebra at the logit"
            )


def check_patient8(f):
    check_value_slopes(f)


def _sigma(a):
    return 1 / (1 + np.exp(-a))


def _d_step(G, D, p_data, p_z, optimizer_d, mask_stream, m):
    pass_d = D.tape(2 * m)
    z = np.empty((m, G.n_in), G.dtype)
    p_z.minibatch(z)
    p_data.minibatch(pass_d.x[:m])
    pass_d.x[m:] = G.forward(z, G.tape(m))
    D.draw_masks(pass_d, mask_stream)
    a = D.forward(pass_d.x, pass_d)
    D.backward(np.concatenate([_sigma(-a[:m]), -_sigma(a[m:])]) / m, pass_d)
    optimizer_d.ascend()


def _g_step(G, D, p_z, optimizer_g, optimizer_d, mask_stream, m):
    z, pass_g, pass_d = np.empty((m, G.n_in), G.dtype), G.tape(m), D.tape(m)
    p_z.minibatch(z)
    fake = G.forward(z, pass_g)
    D.draw_masks(pass_d, mask_stream)
    slope = -_sigma(-D.forward(fake, pass_d)) / m
    G.backward(D.backward(slope, pass_d, params=False), pass_g)
    optimizer_g.descend()


def _play(d_step, g_step):
    """Algorithm 1 with these two steps is right, or Wrong is raised."""

    def algorithm1(G, D, p_data, p_z, optimizer_g, optimizer_d, mask_stream, m, k, loss):
        while True:
            for _ in range(k):
                d_step(G, D, p_data, p_z, optimizer_d, mask_stream, m)
            g_step(G, D, p_z, optimizer_g, optimizer_d, mask_stream, m)
            yield

    game_is_right(algorithm1, loss="non_saturating")


def check_patient9(f):
    _play(f, _g_step)


def check_patient10(f):
    _play(_d_step, f)


def check_patient11(f):
    pictures = []
    _play(_d_step, lambda *given: pictures.append(f(*given)))
    if any(picture is None for picture in pictures):
        raise Wrong("the picture is None; mend the step, and still return samples of G")
    shape = np.shape(pictures[0])
    if shape != (5, 3):
        raise Wrong(f"the picture has shape {shape}, expected (5, 3): samples of G")


def check_patient12(f):
    check_adam_step(f)
