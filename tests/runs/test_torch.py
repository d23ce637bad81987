"""θ to PyTorch and back: `numpygan export`, a torch module with the same outputs, ng.load_theta."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

import numpygan as ng
from tests.helpers.cli import TINY_TOY, run

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8")
TORCH = re.search(r"```py\n(.*?)```", PAGE, re.DOTALL)[1]
X = np.random.default_rng(0).standard_normal((1000, 3)).astype("float32")


def network(dtype="float32"):
    net = ng.MLP([ng.Affine(3, 6), ng.Tanh(), ng.Affine(6, 2), ng.Sigmoid()], dtype)
    net.initialize(ng.Stream(0))
    return net


def outputs(net):
    return net.forward(X.astype(net.dtype), net.tape(len(X), training=False))


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="install PyTorch")


def module(torch):
    torch.manual_seed(1)
    nn = torch.nn
    return nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 2), nn.Sigmoid())


def results(torch, twin):
    with torch.no_grad():
        return twin(torch.from_numpy(X)).numpy()


def test_a_state_dict_and_its_file_give_the_same_outputs(torch, tmp_path):
    twin, file = module(torch), tmp_path / "theta.pt"
    torch.save(twin.state_dict(), file)
    for source in (twin.state_dict(), file, str(file)):
        net = network()
        assert np.abs(outputs(net) - results(torch, twin)).max() > 0.01
        ng.load_theta(net, source)
        np.testing.assert_allclose(outputs(net), results(torch, twin), atol=1e-6)


def test_a_prefix_and_half_precision(torch):
    twin = module(torch).bfloat16()
    state = {f"G.{name}": tensor for name, tensor in twin.state_dict().items()}
    net = network()
    ng.load_theta(net, state, prefix="G.")
    np.testing.assert_allclose(outputs(net), results(torch, twin.float()), atol=1e-6)


def test_to_torch_and_back(torch):
    from numpygan.runs.network_files import state_dict

    net, twin = network(), module(torch)
    twin.load_state_dict({name: torch.from_numpy(a) for name, a in state_dict(net).items()})
    np.testing.assert_allclose(outputs(net), results(torch, twin), atol=1e-6)


def test_what_holds_more_than_a_state_dict_is_refused_in_a_sentence(torch, tmp_path):
    net, twin, file = network(), module(torch), tmp_path / "theta.pt"
    before = net.theta.copy()
    for content, words in (
        (twin, "holds Python objects"),
        ({"model": twin.state_dict(), "epoch": 3}, "model is (Ordered)?[dD]ict, expected an array"),
        ([1, 2], "holds list, no state dict"),
    ):
        torch.save(content, file)
        with pytest.raises(ng.NumpyganError, match=words) as error:
            ng.load_theta(net, file)
        assert "safetensors.torch.save_file(module.state_dict()" in str(error.value)
        assert "\n" not in str(error.value) and len(str(error.value)) < 400
    with pytest.raises(ng.NumpyganError, match="got Sequential; .*give module.state_dict"):
        ng.load_theta(net, twin)
    assert (net.theta == before).all()


def test_a_state_dict_of_arrays_needs_no_torch():
    net, other = network(), network()
    other.theta = other.theta + 1
    layers = [other.layers[0], other.layers[2]]
    state = {f"{2 * i}.weight": layer.W.T for i, layer in enumerate(layers)}
    state |= {f"{2 * i}.bias": layer.b for i, layer in enumerate(layers)}
    ng.load_theta(net, state)
    assert (net.theta == other.theta).all()
    with pytest.raises(ng.NumpyganError, match="the state dict: does not fit.* missing 0.bias"):
        ng.load_theta(net, {"0.weight": layers[0].W.T})
    with pytest.raises(ng.NumpyganError, match="0.bias is str, expected an array"):
        ng.load_theta(net, state | {"0.bias": "zero"})


def test_without_torch_the_sentence_says_how_to_convert(tmp_path, monkeypatch):
    (tmp_path / "theta.pt").write_bytes(b"PK")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ng.NumpyganError, match="only PyTorch can read it; .*save_file"):
        ng.load_theta(network(), tmp_path / "theta.pt")


def test_an_exported_run_in_torch(torch, tmp_path, monkeypatch):
    """`numpygan export RUN -o FILE.npz`, read into the module that docs/python.md shows."""
    monkeypatch.chdir(tmp_path)
    assert run(*TINY_TOY, "--iterations", "20", "--out", "ring") == 0
    assert run("export", "ring", "-o", "ring.npz") == 0
    it, space = ng.load("ring"), {}
    exec(TORCH, space)
    for name in ("G", "D"):
        net = getattr(it, name)
        x = np.random.default_rng(1).standard_normal((1000, net.n_in)).astype("float32")
        ours = net.forward(x, net.tape(1000, training=False))
        twin = space["as_torch"](net, "ring.npz", name + ".")
        with torch.no_grad():
            theirs = twin(torch.from_numpy(x)).numpy()
        np.testing.assert_allclose(theirs, ours, atol=1e-6 * max(1, np.abs(ours).max()))
        before = net.theta.copy()
        net.theta = np.zeros_like(before)
        ng.load_theta(net, twin.state_dict())
        assert (net.theta == before).all()
