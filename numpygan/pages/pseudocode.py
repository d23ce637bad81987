"""The two algorithms as the paper prints them, with the lines of code below each: what the stepper
of the study page steps through.

A line is (identity, depth, text); one without identity does nothing by itself. ORDER has the
identities in the order in which the lines run, as (of a D step, of a G step).
"""

ALGORITHM1 = (
    ("", 0, "for number of training iterations do"),
    ("", 1, "for $k$ steps do"),
    ("d z", 2, "sample a minibatch of $m$ noise samples $z$ from $p_z$"),
    ("d x", 2, "sample a minibatch of $m$ examples $x$ from $p_data$"),
    (
        "",
        2,
        r"update $D$ by ascending its stochastic gradient $∇_{θ_d} \frac{1}{m} Σ [ log D(x) + "
        r"log(1 − D(G(z))) ]$:",
    ),
    ("d G forward", 3, "$x̃ = G(z)$"),
    ("d D forward", 3, "$D(x), D(x̃)$, both halves in one pass"),
    ("d D backward", 3, "$∇_{θ_d} V$, backwards through $D$"),
    ("d D move", 3, "$θ_d$ takes a step up; $θ_g$ is frozen"),
    ("", 1, "end for"),
    ("g z", 1, "sample a fresh minibatch of $m$ noise samples $z$ from $p_z$"),
    ("", 1, "update $G$ by descending its stochastic gradient $LOSS$:"),
    ("g G forward", 2, "$x̃ = G(z)$"),
    ("g D forward", 2, "$D(x̃)$, by the $D$ that has just moved"),
    ("g D backward", 2, r"$\frac{∂L}{∂x̃}$, backwards through the frozen $D$"),
    ("g G backward", 2, "$∇_{θ_g} L$, on backwards through $G$"),
    ("g G move", 2, "$θ_g$ takes a step down; $θ_d$ is frozen"),
    ("", 0, "end for"),
)

AUTHORS2014 = (
    ("", 0, "for number of training iterations do"),
    ("d z", 1, "sample a minibatch of $m$ noise samples $z$ from $p_z$"),
    ("d x", 1, "sample a minibatch of $m$ examples $x$ from $p_data$"),
    ("d G forward", 1, "$x̃ = G(z)$"),
    ("d D forward", 1, "$D(x), D(x̃)$, both halves in one pass"),
    ("d D backward", 1, "$∇_{θ_d} ½ V$, backwards through $D$"),
    (
        "g D backward",
        1,
        r"$\frac{∂L}{∂x̃}$ of $L = LOSSVALUE$, backwards through the same $D$ and the same masks",
    ),
    ("g G backward", 1, "$∇_{θ_g} L$, on backwards through $G$"),
    ("d D move", 1, "$θ_d$ takes a step up"),
    ("g G move", 1, "$θ_g$ takes a step down"),
    ("", 0, "end for"),
)

LOSSES = {
    "saturating": r"\frac{1}{m} Σ log(1 − D(G(z)))",
    "non_saturating": r"−\frac{1}{m} Σ log D(G(z))",
    "maximum_likelihood": r"−\frac{1}{m} Σ ½ e^{σ^{−1}(D(G(z)))}",
}


def lines(algorithm, loss):
    """The lines of `algorithm` with G's loss written in."""
    text = ALGORITHM1 if algorithm == "algorithm1" else AUTHORS2014
    value = LOSSES[loss]
    return [
        (key, depth, line.replace("LOSSVALUE", value).replace("LOSS", f"∇_{{θ_g}} ({value})"))
        for key, depth, line in text
    ]


def order(algorithm, k):
    """The identities of the lines of one iteration in the order in which they run."""
    keys = [key for key, _, _ in (ALGORITHM1 if algorithm == "algorithm1" else AUTHORS2014) if key]
    d_step = [key for key in keys if key.startswith("d")]
    return (
        d_step * k + [key for key in keys if key not in d_step]
        if algorithm == "algorithm1"
        else keys
    )
