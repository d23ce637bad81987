"""The two algorithms in the paper's words, with the lines of code below; the study page shows them.

A line is (identity, depth, text). A line without identity does nothing itself.
"""

from ..gan.objective import g_loss

ALGORITHM1 = (
    ("", 0, "for number of training iterations do"),
    ("", 1, "for $k$ steps do"),
    ("d z", 2, "sample a minibatch of $m$ noise samples $z$ from $p_z$"),
    ("d x", 2, "sample a minibatch of $m$ examples $x$ from $p_data$"),
    ("", 2, r"update $D$ by ascending its stochastic gradient $VALUE$:"),
    ("d G forward", 3, "$x̃ = G(z)$"),
    ("d D forward", 3, "$D(x), D(x̃)$, both halves in one pass"),
    ("d D backward", 3, "$∇_{θ_d} V$, backward through $D$"),
    ("d D move", 3, "$θ_d$ takes a step up; $θ_g$ is frozen"),
    ("", 1, "end for"),
    ("g z", 1, "sample a fresh minibatch of $m$ noise samples $z$ from $p_z$"),
    ("", 1, "update $G$ by descending its stochastic gradient $LOSS$:"),
    ("g G forward", 2, "$x̃ = G(z)$"),
    ("g D forward", 2, "$D(x̃)$, by the updated $D$"),
    ("g D backward", 2, r"$\frac{∂L}{∂x̃}$, backward through the frozen $D$"),
    ("g G backward", 2, "$∇_{θ_g} L$, then backward through $G$"),
    ("g G move", 2, "$θ_g$ takes a step down; $θ_d$ is frozen"),
    ("", 0, "end for"),
)

AUTHORS2014 = (
    ("", 0, "for number of training iterations do"),
    ("d z", 1, "sample a minibatch of $m$ noise samples $z$ from $p_z$"),
    ("d x", 1, "sample a minibatch of $m$ examples $x$ from $p_data$"),
    ("d G forward", 1, "$x̃ = G(z)$"),
    ("d D forward", 1, "$D(x), D(x̃)$, both halves in one pass"),
    ("d D backward", 1, "$∇_{θ_d} ½ V$, backward through $D$"),
    ("g D backward", 1, r"$\frac{∂L}{∂x̃}$ of $L = LOSSVALUE$, backward through $D$, same masks"),
    ("g G backward", 1, "$∇_{θ_g} L$, then backward through $G$"),
    ("d D move", 1, "$θ_d$ takes a step up"),
    ("g G move", 1, "$θ_g$ takes a step down"),
    ("", 0, "end for"),
)

VALUE = r"∇_{θ_d} \frac{1}{m} Σ [ log D(x) + log(1 − D(G(z))) ]"


def lines(algorithm, loss):
    """The lines of `algorithm` with V and G's loss written out."""
    loss = g_loss(loss).formula.replace("mean", r"\frac{1}{m} Σ").replace("⁻¹", "^{−1}")
    written = {"LOSSVALUE": loss, "LOSS": f"∇_{{θ_g}} ({loss})", "VALUE": VALUE}
    found = []
    for key, depth, line in ALGORITHM1 if algorithm == "algorithm1" else AUTHORS2014:
        for name, formula in written.items():
            line = line.replace(name, formula)
        found.append((key, depth, line))
    return found


def order(algorithm, k):
    """The identities of the lines of one iteration, in the order in which they run."""
    keys = [key for key, _, _ in (ALGORITHM1 if algorithm == "algorithm1" else AUTHORS2014) if key]
    if algorithm != "algorithm1":
        return keys
    d_step = [key for key in keys if key.startswith("d")]
    return d_step * k + [key for key in keys if key not in d_step]
