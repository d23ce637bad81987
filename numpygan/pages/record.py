"""Real iterations of a training, stopped after each line of its algorithm: what the line read,
computed and changed.

The algorithm runs as it is. What it calls (the sources, the networks' passes, the learning rules)
is observed, and what the tapes then hold is copied. The result is plain data, dicts and lists with
NumPy arrays in them, for page.py to write.
"""

import numpy

from ..errors import NumpyganError
from ..gan import objective
from ..nn.layers import Dropout
from .pseudocode import order
from .shown import describe
from .snapshots import Snapshots


def record(training, iterations, image_shape=None, on_frame=lambda recorder: None):
    """Play `iterations` of a float64 `training` on the host and return its Recorder. `on_frame` is
    called when a θ has moved.

    Raises NumpyganError if what runs isn't the algorithm, line for line.
    """
    recorder = Recorder(training, image_shape, on_frame)
    on_frame(recorder)
    for _ in range(iterations):
        recorder.due = order(training.recipe.algorithm, training.recipe.k)
        training.advance()
        training.check_finite()
        recorder.check_all_ran()
    return recorder


class Recorder:
    """Observes a training.

    steps  one for each line that ran: {"line", "iteration", "round", "stack", "scores", "items"}
    kept   the Snapshots that the steps refer to
    """

    def __init__(self, training, image_shape, on_frame):
        self.training, self.G, self.D, self.on_frame = training, training.G, training.D, on_frame
        self.kept = Snapshots(self.nets, training.recipe, image_shape)
        self.steps, self.due = [], []
        self._stack, self._frame, self._round = [], 0, 0
        _observe(training.p_z, "minibatch", after=lambda out: self._drawn("z", out))
        _observe(training.p_data, "minibatch", after=lambda out: self._drawn("x", out))
        for name, net in self.nets.items():
            _observe(net, "forward", after=lambda x, tape, name=name: self._forward(name, tape))
            _observe(
                net,
                "backward",
                after=lambda gy, tape, params=True, inputs=True, name=name: self._backward(
                    name, tape, params, inputs
                ),
            )
        for name, rule in (("G", training.rule_g), ("D", training.rule_d)):
            for direction in ("ascend", "descend"):
                _observe(
                    rule,
                    direction,
                    before=lambda name=name: self._before_move(name),
                    after=lambda name=name, direction=direction: self._moved(name, direction),
                )

    @property
    def nets(self):
        return {"G": self.G, "D": self.D}

    @property
    def _at_once(self):
        """Whether D and G move at once, from gradients at the same (θ_d, θ_g)."""
        return self.training.recipe.algorithm == "authors2014"

    def _why_still(self, moving):
        if not self._at_once:
            return ""
        return (
            "; it moves on the next line"
            if moving == "D"
            else "; it moved on the line before, which this gradient has not seen"
        )

    def check_all_ran(self):
        if self.due:
            raise NumpyganError(
                f"study: the iteration ended before `{self.due[0]}`; the algorithm isn't the one "
                f"that is shown."
            )

    # The lines

    def _step(self, what, items, **more):
        """Note that a line ran; it must be the one that is due."""
        line = self.due.pop(0) if self.due else "nothing"
        if line.split(" ", 1)[1:] != [what]:
            raise NumpyganError(
                f"study: `{what}` ran where `{line}` was due; the algorithm isn't the one that is "
                f"shown."
            )
        if what == "z" and line.startswith("d"):
            self._round += 1
        self.steps.append(
            {
                "line": line,
                "iteration": self.training.iteration + 1,
                "round": self._round,
                "items": items,
                "frame": self._frame,
                "stack": [dict(part) for part in self._stack],
                "theta": {name: len(kept) - 1 for name, kept in self.kept.thetas.items()},
            }
            | more
        )
        if what == "G move":
            self._round = 0

    def _drawn(self, name, out):
        self._stack = []
        recipe = self.training.recipe
        prior = (
            "uniform on (−√3, √3), variance 1" if recipe.noise == "uniform" else "Gaussian, N(0, 1)"
        )
        source = (
            ("p_z", f"the prior: {prior}")
            if name == "z"
            else ("p_data", f"the data: {recipe.data}")
        )
        self._step(
            name,
            [
                _item("read", source[0], source[1]),
                _item(
                    "computed",
                    name,
                    f"{out.shape[0]} fresh rows of {out.shape[1]} numbers",
                    out,
                    self.kept.columns(name),
                ),
                _item(
                    "changed",
                    name,
                    "the input rows of the tape of "
                    + ("G" if name == "z" else "D, its first half"),
                ),
            ],
        )

    def _forward(self, name, tape):
        self._stack = [part for part in self._stack if part["net"] != name]
        self._stack.insert(
            0, {"net": name, "pass": self.kept.keep_pass(name, tape), "adjoints": False}
        )
        theta = _item(
            "read",
            f"θ_{name.lower()}",
            f"{tape.net.theta.size:,} parameters, version {len(self.kept.thetas[name]) - 1}",
        )
        if name == "G":
            items = [
                _item("read", "z", "", tape.x, self.kept.columns("z")),
                theta,
                _item("computed", "x̃", f"{tape.m} generated rows", tape.y, self.kept.columns("x")),
                _item(
                    "changed",
                    "y",
                    f"the outputs of all {len(tape.layers)} layers, in the tape of G",
                ),
            ]
            return self._step("G forward", items)
        logits, D = tape.y, objective.probability(numpy, tape.y)
        both = (
            any(line.endswith("D move") for line in self.due)
            and tape.m == 2 * self.training.recipe.batch
        )
        m = tape.m // 2 if both else tape.m
        dropped = sum(isinstance(layer, Dropout) for layer in tape.net.layers)
        items = [
            _item(
                "read",
                "x̃",
                "" if not both else "and x: both halves",
                tape.x,
                self.kept.columns("x"),
            ),
            theta,
        ]
        if dropped:
            items.append(_item("read", "mask", f"{dropped} dropout masks, drawn for this pass"))
        items += [
            _item("computed", "a", "the logits", logits.T),
            _item("computed", "D", "the verdicts, σ(a)", D.T),
        ]
        scores = {"D(G(z))": float(D[-m:].mean()), "L": self._loss(logits[-m:])}
        if both:
            scores |= {
                "V": float(objective.value(numpy, logits[:m], logits[m:])),
                "D(x)": float(D[:m].mean()),
            }
            items.append(
                _item(
                    "computed",
                    "V",
                    "mean log D(x) + mean log(1 − D(x̃)), in nats",
                    numbers=[("V", scores["V"])],
                )
            )
        else:
            items.append(
                _item(
                    "computed",
                    "L",
                    f"G's loss, {self.training.recipe.loss.replace('_', '-')}",
                    numbers=[("L", scores["L"])],
                )
            )
        items.append(
            _item("changed", "y", f"the outputs of all {len(tape.layers)} layers, in the tape of D")
        )
        self._scores = scores
        self._step("D forward", items, scores=scores)

    def _loss(self, logits):
        return float(objective.g_loss(self.training.recipe.loss)[0](numpy, logits))

    def _backward(self, name, tape, params, inputs):
        part = next((part for part in self._stack if part["net"] == name), None)
        # Authors2014: G learns from a half of D's pass
        if part is None or self.kept.passes[part["pass"]]["rows"] != tape.m:
            self._stack = [part for part in self._stack if part["net"] != name]
            part = {"net": name, "pass": self.kept.keep_pass(name, tape)}
            self._stack.insert(0, part)
        part["adjoints"] = True
        self._stack.sort(key=lambda other: other is not part)
        kept = self.kept.passes[part["pass"]]
        lowest = (
            0
            if inputs
            else 1 + next(i for i, layer in enumerate(tape.net.layers) if layer.shapes())
        )
        self.kept.keep_adjoints(name, tape, kept, lowest, params)
        seed = _item(
            "read",
            "g_y",
            _seed(name, params, self.training.recipe),
            tape.gy if name == "G" else tape.gy.T,
            self.kept.columns("x") if name == "G" else None,
        )
        items = [
            seed,
            _item("read", "y", "what forward left in the tape: inputs, outputs, masks"),
            _item(
                "read",
                f"θ_{name.lower()}",
                f"the weights, version {len(self.kept.thetas[name]) - 1}",
            ),
        ]
        if params:
            size = tape.net.grad.size
            items.append(
                _item(
                    "computed",
                    "∇",
                    f"{size:,} partial derivatives",
                    numbers=[("norm", float(numpy.linalg.norm(tape.net.grad)))],
                )
            )
        if inputs:
            what = (
                "∂L/∂x̃, one row for each sample: what G is taught with" if name == "D" else "∂L/∂z"
            )
            items.append(
                _item(
                    "computed", "g_x", what, tape.gx, self.kept.columns("x" if name == "D" else "z")
                )
            )
            if name == "D":
                self.kept.keep_slopes(tape, kept)
        items.append(_item("changed", "g_y", "the adjoints in the tape"))
        if params:
            items.append(_item("changed", "∇", f"{name}'s gradient vector"))
        elif self._at_once:
            items.append(
                _item(
                    "same",
                    "∇",
                    "D's gradient vector: still that of ½ V, this pass only goes through D to "
                    "reach G",
                )
            )
        else:
            items.append(
                _item("frozen", "θ_d", "D is frozen: its gradient vector is not even written")
            )
        self._step(f"{name} backward", items)

    def _before_move(self, name):
        self._before = {n: net.theta.copy() for n, net in self.nets.items()}
        rule = self.training.rule_g if name == "G" else self.training.rule_d
        self._velocity = float(numpy.linalg.norm(rule.moments["velocity"]))

    def _moved(self, name, direction):
        other = "D" if name == "G" else "G"
        net, rule = self.nets[name], self.training.rule_g if name == "G" else self.training.rule_d
        moved = net.theta - self._before[name]
        if not numpy.array_equal(self._before[other], self.nets[other].theta):
            raise NumpyganError(
                f"study: {other} has moved with {name}; the algorithm isn't the one that is shown."
            )
        norm = lambda array: float(numpy.linalg.norm(array))
        self.kept.keep_theta(name)
        theta, frozen = f"θ_{name.lower()}", f"θ_{other.lower()}"
        adam = type(rule).__name__ == "Adam"
        items = [
            _item("read", "∇", "the gradient vector", numbers=[("norm", norm(net.grad))]),
            _item("read", "η", "learning rate", numbers=[("η", rule.learning_rate)]),
            _item("read", "μ", "momentum", numbers=[("μ", rule.momentum)]),
            _item("read", "v", "velocity before", numbers=[("norm", self._velocity)]),
            _item(
                "computed",
                "v",
                "μ v + (1 − μ) g, its mean over v̂/√ŝ is the step (Adam)"
                if adam
                else "μ v ± η g: the step",
                numbers=[("norm", norm(rule.moments["velocity"]))],
            ),
            _item(
                "changed",
                theta,
                f"{moved.size:,} parameters {direction}",
                numbers=[
                    ("length of the step", norm(moved)),
                    ("norm before", norm(self._before[name])),
                    ("norm after", norm(net.theta)),
                    ("numbers that moved", int((moved != 0).sum())),
                ],
            ),
            _item(
                "same" if self._at_once else "frozen",
                frozen,
                f"{self.nets[other].theta.size:,} parameters stay as they are, bit for bit"
                + self._why_still(name),
                numbers=[("numbers that moved", 0)],
            ),
        ]
        self._frame += 1
        self.on_frame(self)
        self._step(f"{name} move", items, moves=name)


def _seed(name, params, recipe):
    """What a backward pass starts from, in words."""
    if name == "G":
        return "∂L/∂x̃, what D handed down"
    if params:
        half = "½ " if recipe.algorithm == "authors2014" else ""
        return (
            f"∂{half}V/∂a at the logits: {half}(1 − D(x))/m of the examples, −{half}D(x̃)/m of "
            f"the samples"
        )
    slopes = {
        "saturating": "−D(x̃)/m",
        "non_saturating": "−(1 − D(x̃))/m",
        "maximum_likelihood": "−½ e^a/m",
    }
    return "∂L/∂a at the logits: " + slopes[recipe.loss]


def _observe(owner, method, before=lambda: None, after=lambda *_: None):
    """Let this object's `method` be preceded and followed by a look at its arguments."""
    original = getattr(owner, method)

    def observed(*args, **named):
        before()
        result = original(*args, **named)
        after(*args, **named)
        return result

    setattr(owner, method, observed)


def _item(role, symbol, note="", array=None, columns=None, numbers=()):
    """Something that a line read, computed or changed, or that stayed frozen."""
    found = {
        "role": role,
        "symbol": symbol,
        "note": note,
        "numbers": [list(pair) for pair in numbers],
    }
    if array is not None:
        block = array if columns is None else array[:, columns]
        found |= {"block": block.copy(), "stats": describe(array), "shape": list(array.shape)}
    return found
