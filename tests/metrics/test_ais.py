"""Annealed importance sampling against densities known in closed form or by quadrature, and its
command.
"""

import json
import math
from types import SimpleNamespace

import numpy
import pytest

import numpygan as ng
from numpygan.arrays import Stream
from numpygan.commands import evaluate_ais
from numpygan.metrics import ais
from numpygan.runs import ais_state as runs
from tests.helpers.cli import TINY, TINY_NETS, images, run, sets, small_world

VARIANCE = 0.1


def affine(n_in, n_out):
    G = ng.MLP([ng.Affine(n_in, n_out)], dtype="float64")
    G.initialize(Stream(0))
    Stream(1).normal(G.layers[0].b)
    return G


def exact_gaussian(G, x):
    """log N(x; b, WᵀW + σ²I)."""
    W, r = G.layers[0].W, x - G.layers[0].b
    covariance = W.T @ W + VARIANCE * numpy.eye(G.n_out)
    return (
        -0.5 * (r * numpy.linalg.solve(covariance, r.T).T).sum(1)
        - 0.5 * numpy.linalg.slogdet(2 * math.pi * covariance)[1]
    )


def exact_uniform(G, x):
    """∫ dz/(2√3) N(x; G(z), σ²I) for one z, by the midpoint rule."""
    edges = numpy.linspace(-math.sqrt(3), math.sqrt(3), 20_001)
    z = ((edges[1:] + edges[:-1]) / 2)[:, None]
    square = ((x[:, None] - G.forward(z, G.tape(len(z)))) ** 2).sum(2)
    return numpy.log(numpy.exp(-0.5 * square / VARIANCE).mean(1)) - 0.5 * G.n_out * math.log(
        2 * math.pi * VARIANCE
    )


CASES = {"gaussian": (3, exact_gaussian), "uniform": (1, exact_uniform)}


@pytest.mark.parametrize("noise", CASES)
def test_both_bounds_enclose_the_exact_value(noise):
    n, exact = CASES[noise]
    G, betas = affine(n, 5), ais.schedule(200)
    x, u = ais.simulate(G, noise, 8, Stream(2), VARIANCE)
    weights, steps, accepted = ais.forward(G, noise, x, betas, Stream(3), 36, VARIANCE)
    back = ais.backward(G, noise, x, u, betas, steps, Stream(4), 36, VARIANCE)
    truth, lower, upper = exact(G, x), ais.log_mean(weights), -ais.log_mean(-back)
    # E[e^(log w)] = p(x) and E[e^(−log w)] = 1/p(x): each estimate within 5 of its own standard
    # errors of the truth
    for estimate, sign, spread in ((lower, 1, weights), (upper, -1, back)):
        shares = numpy.exp(sign * (spread - truth[:, None]))  # of mean 1
        se = shares.std(1, ddof=1) / 6
        assert (numpy.abs(shares.mean(1) - 1) < 5 * se + 0.02).all()
        assert numpy.abs(estimate - truth).max() < 1
    # a single chain's bounds, in the mean: Jensen
    assert weights.mean() < truth.mean() < back.mean()
    assert abs(lower.mean() - truth.mean()) < 0.15 and abs(upper.mean() - truth.mean()) < 0.15
    assert 0.5 < accepted < 0.95


def test_the_gap_closes_with_more_distributions():
    G = affine(3, 5)
    few, many = (
        ais.gap(G, "gaussian", 8, ais.schedule(steps), Stream(5), 8, VARIANCE)
        for steps in (15, 200)
    )
    assert (few[1] - few[0]).mean() > 3 * abs((many[1] - many[0]).mean())


def test_the_schedule_is_sigmoidal():
    betas = ais.schedule(10)
    assert betas[0] == 0 and betas[-1] == 1 and len(betas) == 11 and (numpy.diff(betas) > 0).all()
    numpy.testing.assert_allclose(betas + betas[::-1], 1, atol=1e-15)
    low, high = 1 / (1 + math.exp(4)), 1 / (1 + math.exp(-4))
    assert betas[2] == pytest.approx((1 / (1 + math.exp(2.4)) - low) / (high - low))


@pytest.mark.parametrize("noise", ais.PRIORS)
def test_slopes_of_the_densities(noise):
    """∂ log p/∂u and ∂ℓ/∂u against central differences, through a G with every kind of curvature."""
    G = ng.MLP([ng.Affine(4, 6), ng.Tanh(), ng.Affine(6, 5), ng.Sigmoid()], dtype="float64")
    G.initialize(Stream(0))
    prior, u, h = ais.PRIORS[noise], numpy.empty((3, 4)), 1e-5
    prior.draw(u, Stream(1))
    likelihood = ais.Likelihood(G, prior, numpy.random.default_rng(2).random((3, 5)))
    for f in (prior.log_density, likelihood):
        slope = f(u)[1].copy()
        for j in range(4):
            step = h * numpy.eye(4)[j]
            numpy.testing.assert_allclose(
                slope[:, j], (f(u + step)[0] - f(u - step)[0]) / (2 * h), rtol=1e-6, atol=1e-7
            )


def test_the_likelihood_by_hand():
    G = affine(1, 2)
    G.layers[0].W[...], G.layers[0].b[...] = [[1.0, 2.0]], [0.0, 1.0]
    # G(.5) = (.5, 2), x = (1, 1): ‖x − G‖² = 1.25;  −1.25/.2 − log(2π·.1)
    value, slope = ais.Likelihood(G, ais.Gaussian, numpy.array([[1.0, 1.0]]), VARIANCE)(
        numpy.array([[0.5]])
    )
    assert value[0] == pytest.approx(-6.25 - math.log(0.2 * math.pi)) and slope[
        0, 0
    ] == pytest.approx((0.5 * 1 - 1 * 2) / 0.1)


def test_the_uniform_prior_is_uniform():
    u = numpy.empty((100_000, 1))
    ais.Uniform.draw(u, Stream(0))
    z = numpy.sort(ais.Uniform.z(u)[0][:, 0])
    # Kolmogorov's distance
    assert (
        numpy.abs((z + math.sqrt(3)) / (2 * math.sqrt(3)) - numpy.linspace(0, 1, len(z))).max()
        < 0.005
    )
    far = numpy.array([[800.0, -800.0]])
    assert ais.Uniform.log_density(far)[0][0] == -1600.0  # no overflow in the tails


def test_a_chain_stays_in_its_distribution():
    """Moves at β = 1 from exact posterior samples of a Gaussian model leave its mean and
    covariance.
    """
    G, rows = affine(2, 3), 4000
    x = numpy.array([0.3, -0.2, 0.5])
    W, r = G.layers[0].W, x - G.layers[0].b
    covariance = numpy.linalg.inv(numpy.eye(2) + W @ W.T / VARIANCE)
    mean = covariance @ W @ r / VARIANCE
    u = numpy.random.default_rng(1).multivariate_normal(mean, covariance, rows)
    likelihood = ais.Likelihood(G, ais.Gaussian, numpy.repeat(x[None], rows, 0), VARIANCE)
    walk = ais.Chains(likelihood, ais.Gaussian, u, Stream(2))
    for _ in range(5):
        accepted = walk.move(1.0, numpy.full(rows, 0.2)).mean()
    assert 0.2 < accepted < 0.97  # or acceptance would not be tested
    assert not (walk.u == u).all(1).any()
    se = numpy.sqrt(numpy.diag(covariance) / rows)
    assert (numpy.abs(walk.u.mean(0) - mean) < 4 * se).all()
    assert numpy.abs(numpy.cov(walk.u.T) - covariance).max() < 0.1 * covariance.max()
    numpy.testing.assert_allclose(walk.value, likelihood(walk.u)[0])


def test_a_trajectory_that_leaves_the_numbers_is_rejected():
    u = numpy.zeros((2, 2))
    walk = ais.Chains(
        ais.Likelihood(affine(2, 3), ais.Gaussian, numpy.zeros((2, 3))), ais.Gaussian, u, Stream(0)
    )
    with numpy.errstate(over="ignore", invalid="ignore"):
        assert walk.move(1.0, numpy.array([1e200, 0.01]))[0] == 0
    assert (walk.u[0] == 0).all() and numpy.isfinite(walk.value).all() and (walk.u[1] != 0).all()


class Watched:
    """In place of ais.Chains: ℓ is the number of a chain, the first `pilots` accept all, others
    nothing.
    """

    pilots, width, steps = 0, 1, {}

    def __init__(self, likelihood, prior, u, stream):
        self.chain = numpy.arange(len(u)) % self.width
        self.value = self.chain.astype(float)

    def move(self, beta, step):
        self.steps.setdefault(beta, []).append(step.reshape(-1, self.width).copy())
        return (self.chain < self.pilots).astype(float)


def test_pilots_set_the_step_and_nothing_else(monkeypatch):
    """Their weights don't count, nor their acceptance; on the way back each β has the step that it
    had.
    """
    G, x, u, chains = affine(2, 5), numpy.zeros((3, 5)), numpy.zeros((3, 2)), 6
    sizes = []
    monkeypatch.setattr(ais.Gaussian, "draw", lambda out, stream: sizes.append(len(out)))
    monkeypatch.setattr(ais, "Chains", Watched)
    betas = ais.schedule(5)
    # Only to learn how many chains there are
    ais.forward(G, "gaussian", x, betas[[0, -1]], Stream(0), chains)
    width = sizes[0] // len(x)
    pilots = width - chains
    assert pilots > 0
    monkeypatch.setattr(Watched, "pilots", pilots)
    monkeypatch.setattr(Watched, "width", width)
    monkeypatch.setattr(Watched, "steps", {})
    weights, steps, accepted = ais.forward(G, "gaussian", x, betas, Stream(0), chains)
    numpy.testing.assert_allclose(weights, [range(pilots, width)] * 3)
    there = {beta: used[0][0, 0] for beta, used in Watched.steps.items()}
    sizes = list(there.values())
    assert accepted == 0 and list(there) == betas[1:-1].tolist()
    assert sizes == sorted(sizes) and len(set(sizes)) == len(betas) - 2  # the pilots accept all
    monkeypatch.setattr(Watched, "width", chains)
    monkeypatch.setattr(Watched, "steps", {})
    ais.backward(G, "gaussian", x, u, betas, steps, Stream(0), chains)
    assert {beta: used[0][0, 0] for beta, used in Watched.steps.items()} == there


class Separate(Watched):
    """The pilots of example 0 accept a little more than 65 %, those of example 1 a little less.

    The other chains would turn every mean that contains one of them the other way.
    """

    def move(self, beta, step):
        self.steps.setdefault(beta, []).append(step.reshape(-1, self.width).copy())
        probability = numpy.empty((2, self.width))
        probability[:, : self.pilots] = [[0.66], [0.64]]
        probability[:, self.pilots :] = [[-1e9], [1e9]]
        return probability.reshape(-1)


def test_each_example_has_the_step_of_its_own_pilots(monkeypatch):
    G, x, chains, pilots = affine(2, 5), numpy.zeros((2, 5)), 6, ais._PILOTS
    monkeypatch.setattr(ais.Gaussian, "draw", lambda out, stream: None)
    monkeypatch.setattr(ais, "Chains", Separate)
    for name, value in {"pilots": pilots, "width": pilots + chains, "steps": {}}.items():
        monkeypatch.setattr(Watched, name, value)
    betas = ais.schedule(5)
    weights, steps, _ = ais.forward(G, "gaussian", x, betas, Stream(0), chains)
    grows, falls = (0.1 * factor ** numpy.arange(4) for factor in (1.02, 0.98))
    numpy.testing.assert_allclose(steps, numpy.stack([grows, falls], 1))
    for turn, (beta, (used,)) in enumerate(Watched.steps.items()):
        assert beta == betas[turn + 1]
        wanted = [[grows[turn]] * (pilots + chains), [falls[turn]] * (pilots + chains)]
        numpy.testing.assert_allclose(used, wanted)
    numpy.testing.assert_allclose(weights, [range(pilots, pilots + chains)] * 2)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    with small_world(folder):
        numpy.save("images.npy", images())
        assert run(*TINY, "--epochs", 1, "--out", "it") == 0
    return folder


@pytest.fixture(autouse=True)
def here(world, monkeypatch):
    monkeypatch.chdir(world)
    for name in ("ais.npz", "evaluation.json"):
        (world / "it" / name).unlink(missing_ok=True)


AIS = ["evaluate", "it", "--ais", "--examples", 25, "--distributions", 12]


def values(world):
    return [
        row["value"] for row in json.loads((world / "it" / "evaluation.json").read_text())["rows"]
    ]


def test_the_command_writes_rows(world, capsys):
    assert run(*AIS) == 0
    out = capsys.readouterr().out
    rows = json.loads((world / "it" / "evaluation.json").read_text())["rows"]
    assert [row["metric"] for row in rows] == [
        "AIS log-likelihood (nats)",
        "AIS, bidirectional gap (nats)",
    ]
    state = numpy.load(world / "it" / "ais.npz")
    assert rows[0]["value"] == pytest.approx(state["lower"].mean()) and rows[0][
        "se"
    ] == pytest.approx(state["lower"].std() / 5)
    assert rows[1]["value"] == pytest.approx(
        (state["simulated_upper"] - state["simulated_lower"]).mean()
    )
    assert (
        state["lower"].shape == (25,)
        and "25 test images" in rows[0]["detail"]
        and f"{rows[0]['value']:.1f}" in out
    )
    assert "328.8" not in out  # published on MNIST, not on these images


def test_stopped_and_gone_on_with_it_has_the_same_bits(world, monkeypatch, capsys):
    assert run(*AIS) == 0
    whole = values(world)
    (world / "it" / "ais.npz").unlink()
    (world / "it" / "evaluation.json").unlink()
    forward, calls = ais.forward, []

    def interrupted(*arguments, **named):
        calls.append(1)
        if len(calls) == 3:  # simulated, first batch, …
            raise KeyboardInterrupt
        return forward(*arguments, **named)

    monkeypatch.setattr(ais, "forward", interrupted)
    assert run(*AIS) == 130 and "give the same command" in capsys.readouterr().err
    assert not (world / "it" / "evaluation.json").exists()
    assert run(*AIS) == 0 and values(world) == whole
    assert len(calls) == 3 + 2  # two batches were left
    # Nothing is computed twice
    assert run(*AIS) == 0 and values(world) == whole and len(calls) == 5


def test_rows_stand_beside_others_and_survive_a_new_evaluation(world):
    assert run("evaluate", "it") == 0
    before = json.loads((world / "it" / "evaluation.json").read_text())
    assert run(*AIS) == 0
    after = json.loads((world / "it" / "evaluation.json").read_text())
    assert after["parzen"] == before["parzen"] and len(after["rows"]) == len(before["rows"]) + 2
    assert run("evaluate", "it") == 0
    assert json.loads((world / "it" / "evaluation.json").read_text()) == after


def of_another_checkpoint(found):
    found["source"]["iteration"] -= 1  # they say nothing of the one that is evaluated now


def without_a_value_or_an_error(found):
    found["rows"][-2]["value"] = found["rows"][-1]["se"] = None


@pytest.mark.parametrize("change", [of_another_checkpoint, without_a_value_or_an_error])
def test_rows_that_do_not_survive_a_new_evaluation(change, world):
    assert run("evaluate", "it") == 0
    assert run(*AIS) == 0
    file = world / "it" / "evaluation.json"
    found = json.loads(file.read_text())
    assert [row["metric"] for row in found["rows"][-2:]] == list(evaluate_ais.NAMES)
    change(found)
    file.write_text(json.dumps(found))
    assert run("evaluate", "it") == 0
    rows = json.loads(file.read_text())["rows"]
    assert rows and not {row["metric"] for row in rows} & set(evaluate_ais.NAMES)


BAD = {
    "of samples": (["evaluate", "--samples", "images.npy", "--ais"], "RUN"),
    "a toy": (["evaluate", "toy", "--ais"], "toy"),
    "examples alone": (["evaluate", "it", "--examples", 5], "--ais"),
    "too many": (["evaluate", "it", "--ais", "--examples", 10**6], "--examples"),
    "none": (["evaluate", "it", "--ais", "--examples", 0], "--examples"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case, capsys):
    arguments, words = BAD[case]
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and words in error


def test_other_settings_need_force(world, capsys):
    assert run(*AIS) == 0
    assert run(*AIS, "--seed", 1) == 2 and "--force" in capsys.readouterr().err
    first = values(world)
    assert run(*AIS, "--seed", 1, "--force") == 0 and values(world) != first


def test_an_evaluation_of_another_checkpoint_is_kept(world, capsys):
    assert run("evaluate", "it") == 0
    file = world / "it" / "evaluation.json"
    file.write_text(file.read_text().replace('"iteration": 20', '"iteration": 19'))
    assert (
        run(*AIS) == 2
        and "19" in capsys.readouterr().err
        and not (world / "it" / "ais.npz").exists()
    )


def both_scales(rows):
    """A linear G with Gaussian output noise of variance 0.025 and its rows: x, then 2x − 1.

    All numbers are multiples of 1/64, so that 2x − 1 is exact.
    """
    generator = numpy.random.default_rng(0)
    W, b = (generator.integers(-32, 96, shape) / 64 for shape in ((2, 3), 3))
    x = generator.normal(size=(rows, 2)) @ W + b + 0.16 * generator.normal(size=(rows, 3))
    x = numpy.rint(64 * x) / 64
    nets = [ng.MLP([ng.Affine(2, 3)], dtype="float64") for _ in "us"]
    for G, weights, bias in zip(nets, (W, 2 * W), (b, 2 * b - 1)):
        G.layers[0].W[...], G.layers[0].b[...] = weights, bias
    return zip(nets, (x, 2 * x - 1), ((0.0, 1.0), (-1.0, 1.0)))


def test_data_in_minus_1_to_1_have_the_density_of_those_in_0_to_1(tmp_path):
    found, exact = [], None
    for number, (G, x, ends) in enumerate(both_scales(12)):
        place = SimpleNamespace(ais=tmp_path / f"{number}.npz")
        found.append(runs.bounds(place, G, "gaussian", x, ends, 12, 150, 0))
        if exact is None:
            W, r = G.layers[0].W, x - G.layers[0].b
            covariance = W.T @ W + 0.025 * numpy.eye(3)
            exact = -0.5 * (r * numpy.linalg.solve(covariance, r.T).T).sum(1)
            exact -= 0.5 * numpy.linalg.slogdet(2 * math.pi * covariance)[1]
    unit, signed = found
    for name in ("lower", "simulated_lower", "simulated_upper", "acceptance"):
        numpy.testing.assert_allclose(signed[name], unit[name], rtol=1e-10)
    assert signed["lower"].mean() == pytest.approx(exact.mean(), abs=0.15)


def test_a_state_of_one_scale_is_not_taken_for_the_other(tmp_path):
    place = SimpleNamespace(ais=tmp_path / "ais.npz")
    (G, x, unit), (_, _, signed) = both_scales(10)
    before = runs.bounds(place, G, "gaussian", x, unit, 10, 5, 0)
    assert "range" not in str(before["settings"])  # as in files of older versions
    for ends, other in ((unit, signed), (signed, unit)):
        runs.bounds(place, G, "gaussian", x, ends, 10, 5, 0, force=True)
        with pytest.raises(ng.NumpyganError, match="--force"):
            runs.bounds(place, G, "gaussian", x, other, 10, 5, 0)


def test_the_command_on_other_data_than_pixels(world, capsys):
    """[−1, 1]: measured, and the row says so. Real numbers: refused."""
    pictures = images()
    data = {
        "signed": (pictures / 127.5 - 1, "tanh"),
        "table": (pictures[:, :5, 0] / 50 - 3, "linear"),
    }
    for name, (rows, visible) in data.items():
        numpy.save(f"{name}.npy", rows.astype("float32"))
        nets = [*TINY_NETS, *sets(generator=f"relu 16, {visible}")]
        assert run(*TINY[:4], f"{name}.npy", *nets, "--epochs", 1, "--out", name) == 0
    capsys.readouterr()
    assert run("evaluate", "signed", *AIS[2:]) == 0
    assert "σ² = 0.025 of (x + 1)/2" in capsys.readouterr().out
    rows = json.loads((world / "signed" / "evaluation.json").read_text())["rows"]
    assert "(x + 1)/2" in rows[0]["detail"]
    assert run("evaluate", "table", *AIS[2:]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "table" in error and "[-1, 1]" in error


def test_batches():
    assert [runs.batches(n) for n in (1, 10, 11, 100)] == [1, 1, 2, 10]
