"""A run in one's hands: ng.load, numpygan export, ng.load_theta."""

import json
import shutil

import numpy
import pytest

import numpygan as ng
from tests.helpers.cli import TINY, images, run, small_world


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("load")
    with small_world(folder):
        numpy.save("images.npy", images())
        assert run(*TINY, "--iterations", 30, "--set", "average=0.9", "--out", "it") == 0
        yield folder


def test_a_run_without_its_data_anywhere(world, tmp_path):
    shutil.copytree("it", tmp_path / "copy")
    it = ng.load(tmp_path / "copy")
    assert it.recipe.average == 0.9 and it.iteration == 30 and it.image_shape == (8, 8)
    assert it.G.n_out == 64 and it.D.n_out == 1 and it.evaluation is None
    assert it.metrics["iteration"][-1] == 30 and it.metrics["V"].dtype == "float64"
    assert "mnist" in repr(it) and "iteration 30" in repr(it) and "<img" in it._repr_html_()


def test_samples_are_those_of_the_command(world):
    assert run("sample", "it", "-n", 5, "--seed", 3, "-o", "new.npy") == 0
    it = ng.load("it")
    assert (it.sample(5, seed=3) == numpy.load("new.npy")).all()
    assert (it.images(5, seed=3) == it.sample(5, seed=3).reshape(5, 8, 8)).all()


def test_lines_between_two_draws(world):
    it = ng.load("toy")
    lines = it.interpolate(3, steps=5)
    assert lines.shape == (3, 5, 2)
    z = numpy.zeros((6, it.G.n_in), "float32")
    ng.Noise(it.recipe.noise, ng.Stream(0)).minibatch(z)
    tape = it.G.tape(6)
    ends = it.G.forward(z, tape)
    numpy.testing.assert_allclose(lines[:, 0], ends[:3], atol=1e-6)
    numpy.testing.assert_allclose(lines[:, -1], ends[3:], atol=1e-6)
    middle = it.G.forward((z[:3] + z[3:]) / 2, it.G.tape(3))
    numpy.testing.assert_allclose(lines[:, 2], middle, atol=1e-6)


@pytest.mark.parametrize(
    "act, words",
    [
        (lambda: ng.load("nowhere"), "nowhere.*no run"),
        (lambda: ng.load("it", "last"), '"best" or "newest".*last'),
        (lambda: ng.load("toy").images(2), "not images"),
        (lambda: ng.load_theta(ng.load("it").G, "images.npy"), "images.npy.*safetensors"),
        (lambda: ng.load_theta(ng.load("it").G, "new.safetensors"), "new.safetensors"),
        (lambda: ng.load_theta("it", "new.npz"), "load_theta: expected an MLP, got str"),
        (lambda: ng.load("it").sample(0), "sample: n must be a whole number ≥ 1, got 0"),
        (lambda: ng.load("it").sample(2, seed=-1), "sample: seed"),
        (lambda: ng.load("it").images(2.5), "sample: n .*2.5"),
        (lambda: ng.load("it").interpolate(2, steps=1), "interpolate: steps"),
    ],
)
def test_what_is_wrong_is_one_sentence(world, act, words):
    with pytest.raises(ng.NumpyganError, match=words):
        act()


def test_npz_out_and_back(world):
    assert run("export", "it", "-o", "both.npz") == 0
    it = ng.load("it")
    arrays = numpy.load("both.npz")
    assert (arrays["G.0.weight"] == it.G.layers[0].W.T).all()
    assert (arrays["D.0.bias" if "D.0.bias" in arrays else "D.1.bias"]).dtype == "float32"
    assert json.loads(str(arrays["recipe"]))["batch"] == it.recipe.batch
    theta = it.G.theta.copy()
    it.G.theta = numpy.zeros_like(theta)
    ng.load_theta(it.G, "both.npz", prefix="G.")
    assert (it.G.theta == theta).all()
    with pytest.raises(ng.NumpyganError, match='missing 0.*prefix="G."'):
        ng.load_theta(it.G, "both.npz")
    with pytest.raises(ng.NumpyganError, match="D.*|missing"):
        ng.load_theta(it.G, "both.npz", prefix="D.")
    assert (it.G.theta == theta).all()


def test_numbers_that_are_not_finite_are_refused_and_nothing_moves(world):
    net = ng.MLP([ng.Affine(2, 1)])
    numpy.savez("nan.npz", **{"0.weight": numpy.ones((1, 2)), "0.bias": numpy.array([numpy.nan])})
    with pytest.raises(ng.NumpyganError, match="0.bias holds a number that is not finite"):
        ng.load_theta(net, "nan.npz")
    assert (net.theta == 0).all()


def test_safetensors_out_and_back(world):
    numpy_file = pytest.importorskip("safetensors.numpy", reason="install numpygan[export]")
    assert run("export", "it", "-o", "both.safetensors") == 0
    it = ng.load("it")
    arrays = numpy_file.load_file("both.safetensors")
    assert (arrays["G.0.weight"] == it.G.layers[0].W.T).all()
    theta = it.D.theta.copy()
    it.D.theta = numpy.zeros_like(theta)
    ng.load_theta(it.D, "both.safetensors", prefix="D.")
    assert (it.D.theta == theta).all()


@pytest.mark.parametrize("network", ["G", "D"])
@pytest.mark.parametrize("name", ["it", "toy"])
def test_onnx_computes_the_same(world, name, network):
    runtime = pytest.importorskip("onnxruntime", reason="install onnxruntime")
    pytest.importorskip("onnx", reason="install numpygan[export]")
    file = f"{name}-{network}.onnx"
    assert run("export", name, "-o", file, "--network", network, "--force") == 0
    net = getattr(ng.load(name), network)
    x = numpy.random.default_rng(0).standard_normal((1000, net.n_in)).astype("float32")
    (y,) = runtime.InferenceSession(file).run(["y"], {"x": x})
    ours = net.forward(x, net.tape(1000, training=False))
    numpy.testing.assert_allclose(y, ours, atol=1e-6 * max(1, numpy.abs(ours).max()))


def test_without_the_library_it_is_one_sentence(world, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "safetensors.numpy", None)
    assert run("export", "it", "-o", "none.safetensors") == 2
    assert "pip install 'numpygan[export]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "state, prefix, words",
    [
        ({"0.weight": numpy.ones((1, 2)), "0.bias": numpy.ones(1)}, 3, "prefix must be a text"),
        ({0: numpy.ones(1)}, "", "the name 0 is no text"),
        (
            {"0.weight": numpy.ones((1, 2)), "0.bias": numpy.array([1e300])},
            "",
            "0.bias holds a number that is not finite, or too large for float32",
        ),
    ],
)
def test_a_state_dict_of_other_names_or_too_large_numbers(state, prefix, words):
    net = ng.MLP([ng.Affine(2, 1)])
    with pytest.raises(ng.NumpyganError, match=words):
        ng.load_theta(net, state, prefix)
    assert not net.theta.any()
