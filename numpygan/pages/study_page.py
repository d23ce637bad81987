"""The study page: one HTML file that contains its data, deflated and in base64."""

import base64
import json
import math
import re
import zlib
from string import Template

import numpy

from ..gan.objective import g_loss
from ..version import __version__
from . import markup
from .pseudocode import lines
from .shown import strip
from .snapshots import shown_losses
from .typeset import SYMBOLS, equation, equations, formula, typeset

_KINDS = {"f8": "<f8", "f4": "<f4", "b1": "u1", "u1": "u1", "i8": "<i4"}  # dtypes in the page
SCRIPTS = (
    *("data", "heat", "stepper", "layers", "origin", "game"),
    *("toy", "toy_plane", "toy_line", "norms", "main"),
)


def page(recorder, toy, title, notes, limits=(0.0, 1.0), start=None):
    """The text of the page.

    recorder  the Recorder of the iterations
    toy       the ToyGame, or None
    title     what was studied
    notes     sentences about what was changed or left out
    limits    the values (low, high) of black and white in images
    start     the step at which it opens; None: the first backward pass of D
    Title and notes are escaped.
    """
    recipe = recorder.training.recipe
    nets = {
        name: {
            "layers": [_layer(layer) for layer in net.layers],
            "widths": net.widths,
            "units": recorder.kept.units[name],
            "size": int(net.theta.size),
        }
        for name, net in recorder.nets.items()
    }
    data = {
        "lines": [
            {"key": key, "depth": depth, "html": typeset(text)}
            for key, depth, text in lines(recipe.algorithm, recipe.loss)
        ],
        "nets": nets,
        "steps": recorder.steps,
        "start": start,
        "passes": recorder.kept.passes,
        "thetas": recorder.kept.thetas,
        "algorithm": recipe.algorithm,
        "loss": recipe.loss,
        "losses": {loss: _loss(loss) for loss in shown_losses(recipe.loss)},
        "m": recipe.batch,
        "limits": limits,
        "image": _height_and_width(recorder.kept.image_shape),
        "toy": toy and toy.data(),
        "symbols": {name: [symbol_formula(name), text] for name, text in SYMBOLS.items()},
    }
    facts = {
        "recipe": recipe.name,
        "data": recipe.data,
        "m": str(recipe.batch),
        "k": str(recipe.k),
        "loss of G": recipe.loss.replace("_", "-"),
        "optimizer": recipe.rule,
        "seed": str(recipe.seed),
        "numbers": "float64",
        "numpygan": __version__,
    }
    return Template(markup.page_file("study.html")).substitute(
        title=markup.escape(title),
        style=markup.style_sheet("study.css"),
        script="\n".join(markup.page_file(f"{name}.js") for name in SCRIPTS),
        facts=markup.definitions(facts.items()),
        notes="".join(f"<li>{markup.escape(note)}</li>" for note in notes),
        data=pack(data),
    )


def left_out(recorder):
    """Sentences about the units and images of which the page shows only some."""
    notes, shape = [], recorder.kept.image_shape
    for name, net in recorder.nets.items():
        pairs = {(n, len(columns)) for n, columns in zip(net.widths, recorder.kept.units[name])}
        cut = [f"{few} of {n:,}" for n, few in sorted(pairs) if few < n]
        if cut:
            notes.append(
                f"Units of {name} whose numbers are shown: {', '.join(cut)}. Minimum, mean, "
                "maximum and norm are of all units."
            )
    if shape is not None:
        few = min(recorder.training.recipe.batch, strip(math.prod(shape)))
        notes.append(
            f"The first {few} images of each minibatch are shown as pictures, and the weights of "
            f"{few} units that see or make pixels."
        )
        if len(shape) == 3:
            notes.append(
                "A colour image is shown as its planes, red, green and blue, one below the other."
            )
    return notes


def _loss(name):
    """The formula of a loss of G, and |∂L/∂a| of one row at D(G(z)) = 0, .01, … 1."""
    loss, D = g_loss(name), numpy.linspace(0, 1, 101)
    slopes = numpy.empty((101, 1))
    with numpy.errstate(divide="ignore"):  # the logits of 0 and 1 are infinite
        loss.slope(numpy, numpy.log(D / (1 - D))[:, None], out=slopes)
    return {"formula": loss.formula, "slopes": numpy.abs(slopes[:, 0]) * len(slopes)}


def _layer(layer):
    return {
        "name": repr(layer),
        "kind": type(layer).__name__,
        "equations": [equation(text) for text in equations(layer)],
    }


def symbol_formula(name):
    """The MathML of a symbol in SYMBOLS."""
    return formula(re.sub("_(.*)", r"_{\1}", name))


def _height_and_width(shape):
    """The size of a picture; the planes of a colour image are shown one below the other."""
    return None if shape is None else [int(numpy.prod(shape[:-1])), int(shape[-1])]


def pack(data):
    """The `layout` of the data, deflated, in base64."""
    return base64.b64encode(zlib.compress(layout(data), 9)).decode()


def layout(data):
    """JSON and, behind it, the arrays that it refers to as {"at": byte, "type": …, "shape": …}.

    4 bytes, the length n of the JSON; n bytes of JSON; zeros up to a multiple of 8; the arrays.
    """
    arrays, size = [], 0

    def refer(value):
        nonlocal size
        if isinstance(value, numpy.ndarray):
            kind = _KINDS[value.dtype.str[1:]]
            content = numpy.ascontiguousarray(value, kind).tobytes()
            content += bytes(-len(content) % 8)
            arrays.append(content)
            size += len(content)
            return {"at": size - len(content), "type": kind[-2:], "shape": list(value.shape)}
        if isinstance(value, dict):
            return {name: refer(part) for name, part in value.items()}
        if isinstance(value, (list, tuple)):
            return [refer(part) for part in value]
        return value

    text = json.dumps(refer(data), allow_nan=False, separators=(",", ":")).encode()
    head = len(text).to_bytes(4, "little") + text
    return head + bytes(-len(head) % 8) + b"".join(arrays)
