"""The theory: densities, divergences and push-forwards against SciPy, hand-worked numbers and
draws; the paper's statements.
"""

import math

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import numpygan as ng
from numpygan.arrays import Stream
from numpygan.check.oracles import five_point
from numpygan.data.sources import TOYS
from numpygan.gan.sampling import generate
from numpygan.theory import divergences, maximum_likelihood, proposition2, quadrature
from numpygan.theory.densities import GaussianMixture, Uniform, toy
from numpygan.theory.pushforward import PushForward, breakpoints
from numpygan.theory.theorem1 import cost_and_jsd, random_density, random_pairs
from tests.helpers.numeric import assert_near

LOG_4 = math.log(4)
number = lambda low, high: st.floats(low, high, allow_nan=False)


@st.composite
def densities(draw, dim=1):
    """A mixture of one to three Gaussians or a uniform density."""
    if draw(st.booleans()):
        low = draw(st.lists(number(-4, 4), min_size=dim, max_size=dim))
        return Uniform(low, [end + draw(number(0.05, 6)) for end in low])
    modes = draw(st.integers(1, 3))
    weights = numpy.array(draw(st.lists(number(0.01, 1), min_size=modes, max_size=modes)))
    means = draw(
        st.lists(
            st.lists(number(-4, 4), min_size=dim, max_size=dim), min_size=modes, max_size=modes
        )
    )
    return GaussianMixture(
        means,
        draw(st.lists(number(0.1 * dim**2, 3), min_size=modes, max_size=modes)),
        weights / weights.sum(),
    )


def on_nodes(*pair, nodes=10):
    x, w = quadrature.over(*pair, nodes=nodes)
    return *(p.log_density(x) for p in pair), w


# Theorem 1


@settings(max_examples=150)
@given(densities(), densities())
def test_c_is_minus_log_4_plus_twice_the_jsd(p, q):
    cost, jsd = cost_and_jsd(p, q)
    assert abs(cost - (-LOG_4 + 2 * jsd)) < 1e-10
    assert -1e-10 < jsd < math.log(2) + 1e-10 and -LOG_4 - 1e-10 < cost < 1e-10


@settings(max_examples=6)
@given(densities(2), densities(2))
def test_theorem_1_in_the_plane(p, q):
    log_p, log_q, w = on_nodes(p, q, nodes=6)
    cost, jsd = divergences.cost(log_p, log_q, w), divergences.jsd(log_p, log_q, w)
    assert abs(cost - (-LOG_4 + 2 * jsd)) < 1e-6


@settings(max_examples=50)
@given(densities())
def test_c_is_minus_log_4_where_p_g_is_p_data(p):
    cost, jsd = cost_and_jsd(p, p)
    assert abs(cost + LOG_4) < 1e-10 and abs(jsd) < 1e-12


@settings(max_examples=40)
@given(densities(), densities(), number(-3, 3), number(-3, 3))
def test_no_discriminator_exceeds_c(p, q, slope, offset):
    """max_D V is V(D*): a D beside D* gives less."""
    x, w = quadrature.over(p, q)
    log_p, log_q = p.log_density(x), q.log_density(x)
    there = numpy.logaddexp(log_p, log_q) > -numpy.inf
    logit = numpy.where(there, numpy.clip(divergences.log_ratio(log_p, log_q), -700, 700), 0)
    assert (
        divergences.value(log_p, log_q, logit + slope * x[:, 0] + offset, w)
        <= divergences.cost(log_p, log_q, w) + 1e-10
    )


def test_worked_by_hand():
    """p on [0, 2], q on [1, 3]: half of each lies where m = ½, half where m = ¼, so KL(p ‖ m) = ½
    log 2, and JSD the same.
    """
    p, q = Uniform(0, 2), Uniform(1, 3)
    log_p, log_q, w = on_nodes(p, q)
    assert math.isclose(divergences.jsd(log_p, log_q, w), math.log(2) / 2, rel_tol=1e-13)
    assert math.isclose(divergences.cost(log_p, log_q, w), -math.log(2), rel_tol=1e-13)
    assert divergences.kl(log_p, log_q, w) == math.inf
    inner, outer, w = on_nodes(Uniform(0, 1), Uniform(0, 4))
    assert math.isclose(divergences.kl(inner, outer, w), LOG_4, rel_tol=1e-13)
    apart = on_nodes(Uniform(0, 1), Uniform(5, 6))
    assert (
        math.isclose(divergences.jsd(*apart), math.log(2), rel_tol=1e-13)
        and abs(divergences.cost(*apart)) < 1e-13
    )
    # KL(N(0, 1) ‖ N(1, 2²)) = log 2 + (1 + 1)/(2·4) − ½
    one, two, w = on_nodes(GaussianMixture([[0.0]], 1.0), GaussianMixture([[1.0]], 2.0))
    assert math.isclose(divergences.kl(one, two, w), math.log(2) + 0.25 - 0.5, rel_tol=1e-12)


def test_random_pairs_are_random_and_within_the_bounds():
    error, least, greatest = random_pairs(30)
    assert error < 1e-10 and 0 < least < 2 * math.log(2) and greatest <= 1e-10
    kinds = {type(random_density(numpy.random.default_rng(seed))) for seed in range(20)}
    assert kinds == {Uniform, GaussianMixture}


# Densities


@pytest.mark.parametrize("seed", range(2))
def test_densities_kl_and_jsd_agree_with_scipy(seed):
    integrate = pytest.importorskip("scipy.integrate", reason="install numpygan[test]")
    stats = pytest.importorskip("scipy.stats", reason="install numpygan[test]")
    generator = numpy.random.default_rng(seed)
    p, q = (
        GaussianMixture(
            generator.uniform(-2, 2, (3, 1)), generator.uniform(0.3, 1, 3), [0.2, 0.5, 0.3]
        )
        for _ in range(2)
    )

    def pdf(density, x):
        parts = zip(density.weights.tolist(), density.means[:, 0].tolist(), density.stds.tolist())
        bells = (
            weight / std * math.exp(-0.5 * ((x - mean) / std) ** 2) for weight, mean, std in parts
        )
        return sum(bells) / math.sqrt(2 * math.pi)

    points = generator.uniform(-4, 4, (50, 1))
    by_scipy = p.weights @ stats.norm.pdf(points[:, 0], p.means, p.stds[:, None])
    assert_near(p.log_density(points), numpy.log(by_scipy), 1e-13)

    def integral(f):  # of a function of one number
        return integrate.quad(f, -12, 12, limit=400, epsabs=1e-12, epsrel=1e-12)[0]

    def jsd(x):
        a, b = pdf(p, x), pdf(q, x)
        return sum(c * math.log(2 * c / (a + b)) for c in (a, b) if c > 0) / 2

    log_p, log_q, w = on_nodes(p, q)
    assert (
        abs(integral(lambda x: pdf(p, x)) - 1) < 1e-10
        and abs((w * numpy.exp(log_p)).sum() - 1) < 1e-12
    )
    kl = integral(lambda x: pdf(p, x) * math.log(pdf(p, x) / pdf(q, x)) if pdf(p, x) else 0.0)
    assert abs(divergences.kl(log_p, log_q, w) - kl) < 1e-8
    assert abs(divergences.jsd(log_p, log_q, w) - integral(jsd)) < 1e-9


def test_a_density_in_the_plane_agrees_with_scipy():
    stats = pytest.importorskip("scipy.stats", reason="install numpygan[test]")
    p = GaussianMixture([[0.0, 1.0], [2.0, -1.0]], [0.5, 1.5], [0.25, 0.75])
    x = numpy.random.default_rng(0).normal(size=(40, 2))
    parts = [stats.multivariate_normal(mean, std**2).pdf(x) for mean, std in zip(p.means, p.stds)]
    assert_near(p.log_density(x), numpy.log(0.25 * parts[0] + 0.75 * parts[1]), 1e-13)


@pytest.mark.parametrize("name, modes", [("gauss1d", 2), ("ring", 8), ("grid", 25)])
def test_the_toys_are_those_that_training_draws_from(name, modes):
    p, (means, std) = toy(name), TOYS[name]()
    assert len(p.means) == modes and p.dim == means.shape[1]
    at_mode = p.log_density(means[:1])[0]  # the other modes are too far away to add anything
    assert math.isclose(
        at_mode, -math.log(modes) - p.dim * math.log(std * math.sqrt(2 * math.pi)), abs_tol=1e-6
    )
    # In the plane the edges of all modes would make a fine net
    two = GaussianMixture(means[:2], std)
    x, w = quadrature.over(two, nodes=4)
    assert abs((w * numpy.exp(two.log_density(x))).sum() - 1) < 1e-6


@pytest.mark.parametrize(
    "p",
    [GaussianMixture([[0.0, 3.0], [2.0, -1.0]], [0.5, 0.1], [0.2, 0.8]), Uniform([-1, 2], [0, 5])],
)
def test_draws_have_the_mean_and_spread_of_the_density(p):
    x = p.sample(40_000, Stream(0))
    nodes, w = quadrature.over(p, nodes=4)
    mass = w * numpy.exp(p.log_density(nodes))
    mean = mass @ nodes
    variance = mass @ (nodes - mean) ** 2
    assert (numpy.abs(x.mean(0) - mean) < 5 * numpy.sqrt(variance / len(x))).all()
    numpy.testing.assert_allclose(x.var(0), variance, rtol=0.05)
    assert numpy.isfinite(p.log_density(x)).all()


def test_the_score_is_the_derivative_of_the_log_density():
    p = GaussianMixture([[0.0, 3.0], [2.0, -1.0]], [0.5, 1.1], [0.2, 0.8])
    x = numpy.random.default_rng(0).normal(size=(5, 2))
    for row, score in zip(x, p.score(x)):
        for axis in numpy.eye(2):
            numeric = five_point(lambda u: p.log_density(u[None])[0], row, axis)
            assert math.isclose(score @ axis, numeric, rel_tol=1e-8, abs_tol=1e-8)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: GaussianMixture([[0.0]], 0.0), "σ must be > 0"),
        (lambda: GaussianMixture([[0.0]], math.nan), "σ must be > 0"),
        (lambda: GaussianMixture([[0.0], [1.0]], 1.0, [0.5, 0.6]), "sum 1"),
        (lambda: Uniform(1, 1), "low < high"),
        (lambda: PushForward(ng.MLP([ng.Affine(2, 1)]), "uniform"), "R\\^2 to R\\^1"),
    ],
)
def test_what_is_no_density_is_refused(make, words):
    with pytest.raises(ng.NumpyganError, match=words):
        make()


# Push-forwards


def net(*layers, seed=0, scale=None):
    G = ng.MLP(layers, "float64")
    stream = Stream(seed)
    G.initialize(stream)
    for layer in G.layers:
        if isinstance(layer, ng.Affine):
            stream.uniform(layer.b, -0.5, 0.5)
    return G


KINDS = [ng.ReLU, lambda: ng.LeakyReLU(0.2), ng.Tanh, ng.Sigmoid]


@pytest.mark.parametrize("noise", ["uniform", "gaussian"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_push_forward_integrates_to_1_and_is_the_density_of_the_samples(kind, noise):
    G = net(
        ng.Affine(1, 16, scale=1.5),
        kind(),
        ng.Affine(16, 16, scale=0.8),
        kind(),
        ng.Affine(16, 1, scale=0.8),
        seed=3,
    )
    p_g = PushForward(G, noise)
    x, w = quadrature.over(p_g)
    mass = w * numpy.exp(p_g.log_density(x))
    assert abs(mass.sum() + p_g.atoms - 1) < 1e-4
    z = numpy.empty((100_000, 1))
    Stream(0).normal(z) if noise == "gaussian" else Stream(0).uniform(
        z, -math.sqrt(3), math.sqrt(3)
    )
    drawn = generate(G, z)
    for power in (1, 2):
        values = drawn**power
        assert (
            abs(values.mean() - mass @ x[:, 0] ** power)
            < 5 * values.std() / math.sqrt(len(z)) + 1e-4
        )
    quantile = numpy.quantile(drawn, 0.3)
    assert abs(mass[x[:, 0] < quantile].sum() - 0.3) < 0.02


def test_a_push_forward_worked_by_hand():
    """G(z) = |z| of a uniform z: two branches, twice the density.

    G(z) = 2z + 1 of a Gaussian: N(1, 4).
    """
    G = ng.MLP([ng.Affine(1, 2), ng.ReLU(), ng.Affine(2, 1)], "float64")
    G.theta = numpy.array([1.0, -1, 0, 0, 1, 1, 0])
    p_g = PushForward(G, "uniform")
    assert_near(p_g.cuts[[0, -1]], numpy.array([-math.sqrt(3), math.sqrt(3)]), 1e-15)
    assert numpy.abs(p_g.cuts).min() < 1e-15
    assert_near(
        numpy.exp(p_g.log_density(numpy.array([[0.1], [1.0], [1.7]]))),
        numpy.full(3, 1 / math.sqrt(3)),
        1e-14,
    )
    assert (p_g.log_density(numpy.array([[-0.1], [1.8]])) == -numpy.inf).all()
    G = ng.MLP([ng.Affine(1, 1)], "float64")
    G.theta = numpy.array([2.0, 1.0])
    x = numpy.linspace(-5, 7, 50)[:, None]
    assert_near(
        PushForward(G, "gaussian").log_density(x),
        GaussianMixture([[1.0]], 2.0).log_density(x),
        1e-14,
    )


def test_a_constant_stretch_is_an_atom():
    G = ng.MLP([ng.Affine(1, 1), ng.ReLU(), ng.Affine(1, 1)], "float64")
    G.theta = numpy.array([1.0, 0, 1, 0])  # max(z, 0)
    for noise in ("uniform", "gaussian"):
        p_g = PushForward(G, noise)
        x, w = quadrature.over(p_g)
        assert (
            math.isclose(p_g.atoms, 0.5)
            and abs((w * numpy.exp(p_g.log_density(x))).sum() - 0.5) < 1e-6
        )


@pytest.mark.parametrize("kind", KINDS[:2])
def test_between_breakpoints_g_is_linear_and_at_each_it_is_not(kind):
    G = net(ng.Affine(1, 6, scale=2.0), kind(), ng.Affine(6, 5), kind(), ng.Affine(5, 1), seed=1)
    cuts = breakpoints(G, numpy.array([-2.0, 2.0]))
    share = numpy.array([0.2, 0.4, 0.6, 0.8])
    for a, b in zip(cuts[:-1], cuts[1:]):
        y = generate(G, (a + (b - a) * share)[:, None])[:, 0]
        assert numpy.abs(numpy.diff(y, 2)).max() < 1e-12
    reach = 1e-6 * numpy.array([-1.0, 0.0, 1.0])
    bends = [abs(numpy.diff(generate(G, (cut + reach)[:, None])[:, 0], 2)[0]) for cut in cuts[1:-1]]
    # a switch may not reach the output
    assert len(bends) > 5 and sum(bend > 1e-12 for bend in bends) >= len(bends) - 2


def test_the_turning_points_of_a_smooth_g_are_found():
    """G(z) = tanh(z + 1) − tanh(2z): with turning points where sech²(z + 1) = 2 sech²(2z)."""
    G = ng.MLP([ng.Affine(1, 2), ng.Tanh(), ng.Affine(2, 1)], "float64")
    G.theta = numpy.array([1.0, 2, 1, 0, 1, -1, 0])
    p_g = PushForward(G, "uniform")
    turns = p_g.cuts[1:-1][numpy.diff(numpy.sign(numpy.diff(p_g.at))) != 0]
    slope = lambda z: 1 / numpy.cosh(z + 1) ** 2 - 2 / numpy.cosh(2 * z) ** 2
    assert len(turns) == 2 and numpy.abs(slope(turns)).max() < 1e-12


# Proposition 2


def discretised(p, q):
    x, width = proposition2.bins(-8.0, 8.0, 400)
    return x, proposition2.log_masses(p, x), proposition2.log_masses(q, x)


@settings(max_examples=10)
@given(number(-3, 3), number(0.3, 2), number(0.1, 1))
def test_functional_descent_converges_to_p_data_from_anywhere(mean, std, rate):
    _, log_p, log_q = discretised(toy("gauss1d"), GaussianMixture([[mean]], std))
    path, costs = proposition2.functional_descent(log_p, log_q, int(60 / rate), rate)
    assert (numpy.diff(costs) < 1e-14).all() and abs(costs[-1] + LOG_4) < 1e-9
    assert numpy.abs(numpy.exp(path[-1]) - numpy.exp(log_p)).max() < 1e-4
    assert all(abs(numpy.exp(log_q).sum() - 1) < 1e-12 for log_q in path)


def test_at_rate_1_a_step_halves_the_difference():
    _, log_p, log_q = discretised(toy("gauss1d"), GaussianMixture([[1.0]], 1.0))
    path, _ = proposition2.functional_descent(log_p, log_q, 1, 1.0)
    assert_near(numpy.exp(path[1]), (numpy.exp(log_p) + numpy.exp(log_q)) / 2, 1e-13)


def test_the_gradient_in_theta_space_is_that_of_c():
    x, log_p, _ = discretised(toy("gauss1d"), toy("gauss1d"))
    means = numpy.array([-0.7, 0.9])
    _, gradient = proposition2.parameter_gradient(log_p, means, 0.5, x)
    for j, axis in enumerate(numpy.eye(2)):
        numeric = five_point(
            lambda m: proposition2.parameter_gradient(log_p, m, 0.5, x)[0], means, axis
        )
        assert math.isclose(gradient[j], numeric, rel_tol=1e-8)


def test_in_theta_space_one_start_arrives_and_another_is_caught():
    x, log_p, _ = discretised(toy("gauss1d"), toy("gauss1d"))
    means, costs, gradient = proposition2.parameter_descent(log_p, [-0.5, 0.5], 0.5, x, 300)
    assert_near(means[-1], numpy.array([-1.5, 1.5]), 1e-6)
    assert abs(costs[-1] + LOG_4) < 1e-10
    means, costs, gradient = proposition2.parameter_descent(log_p, [-3.0, -2.5], 0.5, x, 1500)
    assert gradient < 1e-8 and costs[-1] + LOG_4 > 0.4 and (means[-1] < 0).all()


# Maximum likelihood


def test_the_gaussian_of_greatest_likelihood():
    x = numpy.random.default_rng(0).normal(2.0, 3.0, (200, 2))
    best = maximum_likelihood.fit_gaussian(x)
    assert_near(best.means[0], x.mean(0), 1e-14)
    assert math.isclose(best.stds[0] ** 2, ((x - x.mean(0)) ** 2).mean())
    top = best.log_density(x).mean()
    for mean, std in ((1.001, 1), (1, 1.001), (0.999, 1), (1, 0.999)):
        assert GaussianMixture(best.means * mean, best.stds * std).log_density(x).mean() < top


@settings(max_examples=20)
@given(densities(), st.integers(0, 1000))
def test_em_never_lowers_the_likelihood(p, seed):
    x = p.sample(300, Stream(seed))
    start = GaussianMixture([[-2.0], [0.1], [3.0]], [1.0, 0.5, 2.0])
    likelihood = [mixture.log_density(x).mean() for mixture in maximum_likelihood.em(x, start, 25)]
    assert (numpy.diff(likelihood) > -1e-10).all()


def test_em_finds_the_mixture():
    p = GaussianMixture([[-1.0, 0.0], [2.0, 1.0]], [0.5, 0.8], [0.3, 0.7])
    found = maximum_likelihood.em(
        p.sample(10_000, Stream(0)), GaussianMixture([[-2.0, 0.0], [1.0, 0.0]], 1.0), 40
    )[-1]
    for name in ("means", "stds", "weights"):
        assert numpy.abs(getattr(found, name) - getattr(p, name)).max() < 0.04


def test_em_by_hand_and_a_mode_without_rows():
    """Two far modes on rows −1, 1 and 10, 14: means 0 and 12, σ 1 and 2, weights ½.

    A third, with weight 0, stays.
    """
    x = numpy.array([[-1.0], [1.0], [10.0], [14.0]])
    start = GaussianMixture([[0.5], [11.0], [1e4]], [1.0, 1.0, 1.0], [0.5, 0.5, 0.0])
    after = maximum_likelihood.em(x, start, 1)[1]
    assert_near(after.means[:, 0], numpy.array([0.0, 12.0, 1e4]), 1e-13)
    assert_near(after.stds, numpy.array([1.0, 2.0, 1.0]), 1e-13)
    assert_near(after.weights, numpy.array([0.5, 0.5, 0.0]), 1e-13)


def test_kl_falls_exactly_as_the_likelihood_rises():
    p = toy("gauss1d")
    entropy = maximum_likelihood.entropy(p)
    x = p.sample(2000, Stream(0))
    kls, likelihoods = zip(
        *(
            maximum_likelihood.divergence_and_likelihood(p, q)
            for q in maximum_likelihood.em(x, GaussianMixture([[-1.0], [0.5]], 1.0), 15)
        )
    )
    assert kls[-1] < 0.01 < kls[0]
    assert numpy.abs(numpy.array(kls) + likelihoods + entropy).max() < 1e-10
    one = maximum_likelihood.entropy(GaussianMixture([[3.0]], 2.0))
    assert math.isclose(one, 0.5 * math.log(2 * math.pi * math.e * 4), rel_tol=1e-12)


@pytest.mark.parametrize("mean, std", [(0.3, 2.2), (-1.0, 3.0)])
def test_the_maximum_likelihood_game_descends_half_the_kl(mean, std):
    p = toy("gauss1d")

    def kl(theta):
        return maximum_likelihood.divergence_and_likelihood(
            p, GaussianMixture([[theta[0]]], theta[1])
        )[0]

    expected = [five_point(kl, numpy.array([mean, std]), axis) / 2 for axis in numpy.eye(2)]
    assert_near(maximum_likelihood.game_gradient(p, mean, std), numpy.array(expected), 1e-6)
    other = maximum_likelihood.game_gradient(p, mean, std, "non_saturating")
    assert numpy.abs(other - expected).max() > 0.01  # the other losses are not maximum likelihood
