r"""MathML from a short notation, with the meaning of every symbol.

Examples of the notation: "g_W = x^⊤ g_y", "\frac{1}{m} Σ log D(x)".
"""

import inspect
import re
from html import escape
from itertools import groupby

SYMBOLS = {
    "m": "the number of rows of a minibatch",
    "k": "the number of D steps in an iteration",
    "z": "noise, the input of G, one row for each sample",
    "p_z": "the distribution of the noise",
    "x": "an example from the data; in a layer's equations the layer's input, one example per row",
    "x̃": "a generated sample, G(z)",
    "p_data": "the distribution of the data",
    "p_g": "the distribution of G(z)",
    "G": "the generator: noise to data space",
    "D": "the discriminator: the probability that its input came from the data",
    "D*": "the best discriminator for this G: p_data / (p_data + p_g), Proposition 1",
    "V": "the value of the game, E log D(x) + E log(1 − D(G(z))), in nats: D ascends it, G "
    "descends it",
    "C": "C(G), the value of the game against the best discriminator: −log 4 + 2 JSD(p_data, "
    "p_g), Theorem 1",
    "L": "the function whose gradient is taken: V in a D step, G's loss in a G step",
    "a": "the logit of D: D = σ(a)",
    "σ": "the logistic sigmoid, 1/(1 + e^−x)",
    "θ_d": "D's parameters, one vector",
    "θ_g": "G's parameters, one vector",
    "∇": "the gradient: all partial derivatives as one vector",
    "η": "the learning rate",
    "μ": "the momentum",
    "v": "the velocity: the last step",
    "W": "the weights of an Affine layer, (inputs, outputs)",
    "b": "the biases of an Affine layer, one for each output",
    "y": "the layer's output, one example per row",
    "g_x": "∂L/∂x, the adjoint of the layer's input",
    "g_y": "∂L/∂y, the adjoint of the layer's output",
    "g_W": "∂L/∂W, the gradient of the weights",
    "g_b": "∂L/∂b, the gradient of the biases",
    "⊙": "product entry by entry",
    "⊤": "transposed",
    "Σ": "the sum over the rows of the minibatch",
    "mask": "the factor of each entry. ReLU: 1 where x > 0, else 0. Dropout: 1/keep where the "
    "entry is kept, else 0",
    "won": "1 for the piece that reaches the maximum, 0 for the others",
    "slopes": "1 where x > 0, else the slope of the leak",
    "slope": "LeakyReLU: the slope where x ≤ 0",
    "Bernoulli": "Bernoulli(keep): 1 with probability keep, else 0",
    "keep": "the probability that Dropout keeps an entry",
    "r": "1 where Dropout keeps the entry, else 0",
    "pieces": "the number of pieces of a maxout unit",
    "p": "the piece of a maxout unit",
    "j": "the unit",
    "h": "the complex step, 10⁻³⁰",
    "log": "the natural logarithm",
    "∂": "partial derivative",
    "max": "the larger, or largest",
}

_TOKEN = re.compile(r"\\frac|[{}_^]|\d+(?:\.\d+)?|x̃|D\*|[A-Za-z]{2,}|\S")
_OPERATORS = set("=+−·⊙()[]<>,:→←∈…/|½~")
_WORD = re.compile(r"\[?[A-Za-z]{2,}[],]?")


def typeset(text):
    """HTML of a sentence with mathematics between dollar signs; everything else is escaped."""
    parts = text.split("$")
    return "".join(formula(part) if i % 2 else escape(part) for i, part in enumerate(parts))


def equations(layer):
    """The equations in the docstring of a layer, in the notation of `formula`, and English words.

    These are the first line, y = …, and the line with gx = …; two spaces stand between equations.
    """
    # Not getdoc, which looks in the classes above, too
    first, *others = inspect.cleandoc(type(layer).__doc__ or "").splitlines() or [""]
    lines = [first, *(line for line in others if re.search(r"\bgx(_\w+)? = ", line))]
    parts = [part.strip(" ,") for line in lines for part in line.split("  ")]
    return [_notation(part) for part in parts if " = " in part or " ~ " in part]


def _notation(text):
    for pattern, new in (
        ("ᵀ", "^⊤"),
        ("²", "^2"),
        (r"\.\.", "…"),
        ("`", ""),
        (r"\^(−\w)", r"^{\1}"),
        ("_pj", "_{p j}"),
        (r"\bg([xy])_{", r"g_{\1,"),
        (r"\bg([xy])_(\w)", r"g_{\1,\2}"),
        (r"\bg([xyWb])\b", r"g_\1"),
    ):
        text = re.sub(pattern, new, text)
    return text


def equation(text):
    """HTML of one of `equations`; a line can break at its English words.

    What is not in the notation of `formula`, as a docstring can hold, stays as it is.
    """
    runs = [(english, " ".join(run)) for english, run in groupby(text.split(" "), _is_english)]
    try:
        return " ".join(escape(run) if english else formula(run) for english, run in runs)
    except (AssertionError, IndexError, ValueError):
        return escape(text)


def _is_english(word):
    return bool(_WORD.fullmatch(word)) and word.strip("[],") not in {"tanh", *SYMBOLS}


def formula(text):
    """The <math> element of a formula."""
    tokens = _TOKEN.findall(text)
    row = _row(tokens)
    assert not tokens, text
    return f"<math>{row}</math>"


def _row(tokens):
    """The MathML of the tokens before the closing brace or the end."""
    out = []
    while tokens and tokens[0] != "}":
        out.append(_scripts(tokens))
    return f"<mrow>{''.join(out)}</mrow>"


def _scripts(tokens):
    """The MathML of the next atom with its subscript and superscript."""
    name, base = _atom(tokens)
    below = above = None
    while tokens and tokens[0] in "_^":
        if tokens.pop(0) == "_":
            script, below = _atom(tokens)
            name = f"{name}_{script}"
            meaning = name.split(",")[0]
        else:
            above = _named(*_atom(tokens))
    if below and above:
        found = f"<msubsup>{base}{below}{above}</msubsup>"
    elif below:
        found = f"<msub>{base}{below}</msub>"
    elif above:
        return f"<msup>{_named(name, base)}{above}</msup>"
    else:
        return _named(name, base)
    return _named(meaning if meaning in SYMBOLS else name.split("_")[0], found)


def _named(name, element):
    """The element, marked with its meaning if it has one."""
    return f'<mrow data-symbol="{escape(name)}">{element}</mrow>' if name in SYMBOLS else element


def _atom(tokens):
    """The next token, group or fraction: (its plain name, its MathML)."""
    token = tokens.pop(0)
    if token == "{":
        name = "".join(tokens[: tokens.index("}")])
        row = _row(tokens)
        tokens.pop(0)
        return name, row
    if token == "\\frac":
        (_, above), (_, below) = _atom(tokens), _atom(tokens)
        return "", f"<mfrac>{above}{below}</mfrac>"
    if token[0].isdigit():
        return token, f"<mn>{token}</mn>"
    if token in _OPERATORS or token in "Σ∇∂":
        stretchy = ' stretchy="false"' if token in "()[]|" else ""
        return token, f"<mo{stretchy}>{escape(token)}</mo>"
    if token == "⊤":
        return token, '<mi mathvariant="normal">⊤</mi>'
    if token == "x̃":
        return token, "<mover><mi>x</mi><mo>~</mo></mover>"
    if token == "D*":
        return token, "<msup><mi>D</mi><mo>*</mo></msup>"
    return token, f"<mi>{escape(token)}</mi>"
