"""θ for other programs: safetensors, npz and ONNX; and back from safetensors, npz and PyTorch.

The names follow a state dict of PyTorch: "G.0.weight" of a `torch.nn.Sequential` with one
module for each layer. PyTorch's weight is (n_out, n_in), numpygan's W is (n_in, n_out).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy

from ..errors import NumpyganError
from ..files import write_bytes, write_whole
from ..nn.layers import Affine, Dropout, LeakyReLU, Maxout, ReLU, Sigmoid, Tanh
from ..nn.mlp import MLP
from ..reading import read_arrays
from ..requirements import is_array

_CONVERT = (
    'with PyTorch, `safetensors.torch.save_file(module.state_dict(), "theta.safetensors")` writes '
    "a file that is read without it"
)
OPSET = 17  # of ONNX: it has every operator that is used, and runtimes since 2022 read it


def state_dict(net: MLP, prefix: str = "") -> dict[str, numpy.ndarray]:
    """The parameters of `net` by PyTorch's names, each a contiguous array of its own."""
    return {prefix + name: numpy.ascontiguousarray(view) for name, view in _parameters(net)}


def _parameters(net):
    """Yield PyTorch's name of each parameter, and a view into θ with PyTorch's axes."""
    for index, layer in enumerate(net.layers):
        for name in layer.shapes():
            view = getattr(layer, name)
            if isinstance(layer, Affine):
                name = {"W": "weight", "b": "bias"}[name]
            yield f"{index}.{name}", view.T if name == "weight" else view


def load_theta(net: MLP, file: str | os.PathLike | Mapping, prefix: str = "") -> None:
    """Set θ of `net` from FILE.safetensors, FILE.npz or a state dict of PyTorch.

    file    a path; or a state dict, such as `module.state_dict()`, with arrays or tensors. In a
            file that ends in .pt or .pth PyTorch reads a state dict; nothing in it is executed.
    prefix  what stands before the names of this network: "G." in a file of `numpygan export`

    Numbers are cast to the dtype of `net`. Raises NumpyganError if a name is missing or unknown, a
    shape differs, or a number is not finite; θ is unchanged then.

    >>> net = ng.MLP([ng.Affine(2, 1)], "float64")
    >>> ng.load_theta(net, {"0.weight": numpy.array([[3.0, 4]]), "0.bias": numpy.array([1.0])})
    >>> net.theta
    array([3., 4., 1.])
    """
    if not isinstance(net, MLP):
        raise NumpyganError(f"load_theta: expected an MLP, got {type(net).__name__}.")
    if not isinstance(prefix, str):
        raise NumpyganError(f"load_theta: prefix must be a text such as 'G.', got {prefix!r}.")
    if isinstance(file, Mapping):
        arrays, file = _as_arrays(file, "load_theta: the state dict"), "load_theta: the state dict"
    elif isinstance(file, str | os.PathLike):
        arrays = _read(Path(file))
    else:
        raise NumpyganError(
            f"load_theta: expected a path or a state dict, got {type(file).__name__}; of a module "
            f"of PyTorch give module.state_dict()."
        )
    there = {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
    wanted = state_dict(net)
    if prefix and arrays and not there:
        raise NumpyganError(
            f"{file}: no name starts with {prefix!r}; it has {', '.join(sorted(arrays)[:4])}."
        )
    if set(there) != set(wanted):
        missing, more = sorted(set(wanted) - set(there)), sorted(set(there) - set(wanted))
        hint = ' (give prefix="G." or "D.")' if any(n[:2] in ("G.", "D.") for n in more) else ""
        raise NumpyganError(
            f"{file}: does not fit the network: missing {', '.join(missing[:4]) or 'nothing'}, "
            f"not known {', '.join(more[:4]) or 'nothing'}{hint}."
        )
    for name, array in there.items():
        if array.shape != wanted[name].shape or array.dtype.kind != "f":
            raise NumpyganError(
                f"{file}: {name} is {array.dtype} of shape {array.shape}, expected real numbers "
                f"of shape {wanted[name].shape}."
            )
        with numpy.errstate(over="ignore"):
            finite = numpy.isfinite(array.astype(net.dtype)).all()
        if not finite:
            raise NumpyganError(
                f"{file}: {name} holds a number that is not finite, or too large for {net.dtype}."
            )
    for name, view in _parameters(net):
        view[...] = net.xp.asarray(there[name])
    net.version += 1


def _read(file):
    if file.suffix == ".npz":
        return {name: a for name, a in read_arrays(file).items() if a.dtype.kind != "U"}
    try:
        if file.suffix == ".safetensors":
            from safetensors.numpy import load_file

            return load_file(file)
        if file.suffix in (".pt", ".pth"):
            import torch

            return _as_arrays(torch.load(file, map_location="cpu", weights_only=True), file)
    except NumpyganError:
        raise
    except ImportError as error:
        if error.name == "torch":
            raise NumpyganError(f"{file}: only PyTorch can read it; {_CONVERT}.") from None
        raise _lacking(file, error) from None
    except Exception as error:  # the libraries raise errors of many kinds for a damaged file
        if type(error).__name__ == "UnpicklingError":
            raise NumpyganError(
                f"{file}: holds Python objects, a whole module for example, whose loading could "
                f"run any code; expected a state dict; {_CONVERT}."
            ) from None
        raise NumpyganError(f"{file}: cannot be read ({type(error).__name__}: {error}).") from None
    raise NumpyganError(f"{file}: expected a name that ends in .safetensors, .npz, .pt or .pth.")


def _as_arrays(tensors, file):
    """The arrays of a state dict by name. Raises NumpyganError if something else is in it."""
    found = {}
    if not isinstance(tensors, Mapping):
        raise NumpyganError(f"{file}: holds {type(tensors).__name__}, no state dict; {_CONVERT}.")
    for name, tensor in tensors.items():
        if not isinstance(name, str):
            raise NumpyganError(f"{file}: the name {name!r} is no text; {_CONVERT}.")
        if hasattr(tensor, "detach"):  # of PyTorch; NumPy has no bfloat16
            tensor = tensor.detach().cpu()
            tensor = (tensor.double() if tensor.is_floating_point() else tensor).numpy()
        if not is_array(numpy, tensor):
            raise NumpyganError(
                f"{file}: {name} is {type(tensor).__name__}, expected an array; {_CONVERT}."
            )
        found[name] = tensor
    return found


def write(run, file: Path, network: str = "G") -> None:
    """Write the networks of `run`, an `ng.load`ed Run, to FILE.safetensors, FILE.npz, or one of
    them, G or D, to FILE.onnx. Dropout is off.

    Raises NumpyganError if the format's library is missing or FILE can't be written.
    """
    recipe = {"recipe": json.dumps(vars(run.recipe)), "iteration": str(run.iteration)}
    both = state_dict(run.G, "G.") | state_dict(run.D, "D.")
    try:
        if file.suffix.lower() == ".safetensors":
            from safetensors.numpy import save

            data = save(both, metadata=recipe)
            write_bytes(file, data)
        elif file.suffix.lower() == ".npz":
            texts = {name: numpy.asarray(text) for name, text in recipe.items()}
            arrays: dict = both | texts
            write_whole(file, lambda out: numpy.savez(out, **arrays))
        else:
            data = onnx_model(run.G if network == "G" else run.D, network, recipe)
            write_bytes(file, data.SerializeToString())
    except ImportError as error:
        raise _lacking(file, error) from None


def _lacking(file, error):
    return NumpyganError(
        f"{file}: needs {error.name}, which is not installed; `pip install 'numpygan[export]'`, "
        f"or choose a name that ends in .npz."
    )


def onnx_model(net: MLP, name: str, metadata: dict[str, str]):
    """`net` without dropout as a model of ONNX: rows "x" (m, n_in) to "y" (m, n_out)."""
    from onnx import TensorProto, checker, helper, numpy_helper

    nodes: list = []
    constants: list = []
    at = "x"

    def node(kind, *inputs, **attributes):
        nonlocal at
        to = f"v{len(nodes)}"
        nodes.append(helper.make_node(kind, [at, *inputs], [to], **attributes))
        at = to

    def constant(array):
        constants.append(numpy_helper.from_array(array, f"c{len(constants)}"))
        return constants[-1].name

    for layer, n_out in zip(net.layers, net.widths[1:]):
        if isinstance(layer, Affine):
            node("MatMul", constant(layer.W.astype("float32")))
            node("Add", constant(layer.b.astype("float32")))
        elif isinstance(layer, Maxout):
            node("Reshape", constant(numpy.array([-1, layer.pieces, n_out], "int64")))
            node("ReduceMax", axes=[1], keepdims=0)
        elif isinstance(layer, LeakyReLU):
            node("LeakyRelu", alpha=layer.slope)
        elif type(layer) in (ReLU, Sigmoid, Tanh):
            node({ReLU: "Relu", Sigmoid: "Sigmoid", Tanh: "Tanh"}[type(layer)])
        elif not isinstance(layer, Dropout):
            raise NumpyganError(f"{layer}: ONNX has no operator for this layer.")
    node("Identity")
    nodes[-1].output[0] = "y"
    rows = [
        helper.make_tensor_value_info(which, TensorProto.FLOAT, ["m", width])
        for which, width in (("x", net.n_in), ("y", net.n_out))
    ]
    graph = helper.make_graph(nodes, name, rows[:1], rows[1:], constants)
    model = helper.make_model(
        graph, producer_name="numpygan", opset_imports=[helper.make_opsetid("", OPSET)]
    )
    model.ir_version = 8  # of the time of the opset: older runtimes refuse a newer one
    helper.set_model_props(model, metadata)
    checker.check_model(model)
    return model
