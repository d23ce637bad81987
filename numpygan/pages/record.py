"""Iterations of a real training, recorded line by line: what each line read, computed and changed.

The algorithm itself is not changed. The calls to the data sources, the networks and the optimizers
are observed, and the contents of the tapes are copied. The result is plain data, dicts and lists
with NumPy arrays, which study_page.py writes.
"""

from functools import partial

import numpy

from ..errors import NumpyganError
from ..gan import objective
from ..nn.layers import Dropout
from .pseudocode import order
from .shown import describe
from .snapshots import Snapshots


def record(training, iterations, image_shape=None, on_frame=lambda recorder: None):
    """Play `iterations` of a float64 `training` on the host and return its Recorder.

    `on_frame(recorder)` is called at the start and after each update of θ_d or θ_g.
    Raises NumpyganError if the lines that run are not the lines of the algorithm.
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
    """Records a training.

    steps  one for each line that ran: {"line", "iteration", "round", "stack", "scores", "items"}
    kept   the Snapshots to which the steps refer
    """

    def __init__(self, training, image_shape, on_frame):
        self.training, self.G, self.D, self.on_frame = training, training.G, training.D, on_frame
        self.kept = Snapshots(self.nets, training.recipe, image_shape)
        self.steps, self.due = [], []
        self._stack, self._frame, self._round = [], 0, 0
        observe(training.p_z, "minibatch", after=lambda out: self._drawn("z", out))
        observe(training.p_data, "minibatch", after=lambda out: self._drawn("x", out))
        for name, net in self.nets.items():
            observe(net, "forward", after=partial(self._forward, name))
            observe(net, "backward", after=partial(self._backward, name))
        for name, optimizer in (("G", training.optimizer_g), ("D", training.optimizer_d)):
            for direction in ("ascend", "descend"):
                before = partial(self._before_move, name)
                observe(optimizer, direction, before, after=partial(self._moved, name, direction))

    @property
    def nets(self):
        return {"G": self.G, "D": self.D}

    @property
    def _at_once(self):
        """Whether both players move at once, with gradients at the same (θ_d, θ_g)."""
        return self.training.recipe.algorithm == "authors2014"

    def _why_still(self, moving):
        if not self._at_once:
            return ""
        if moving == "D":
            return "; it moves on the next line"
        return "; it moved on the previous line, but this gradient was computed before that"

    def check_all_ran(self):
        if self.due:
            raise NumpyganError(
                f"study: the iteration ended before `{self.due[0]}`; the algorithm isn't the one "
                "that is shown."
            )

    # The lines

    def _step(self, what, items, **more):
        """Record that a line ran. Raises NumpyganError if another line should have run."""
        line = self.due.pop(0) if self.due else "nothing"
        if line.split(" ", 1)[1:] != [what]:
            raise NumpyganError(
                f"study: `{what}` ran where `{line}` was due; the algorithm isn't the one that is "
                "shown."
            )
        if what == "z" and line.startswith("d"):
            self._round += 1
        step = {
            "line": line,
            "iteration": self.training.iteration + 1,
            "round": self._round,
            "items": items,
            "frame": self._frame,
            "stack": [dict(part) for part in self._stack],
            "theta": {name: len(kept) - 1 for name, kept in self.kept.thetas.items()},
        }
        self.steps.append(step | more)
        if what == "G move":
            self._round = 0

    def _drawn(self, name, out):
        self._stack = []
        recipe = self.training.recipe
        uniform = recipe.noise == "uniform"
        if name == "z":
            prior = "uniform on (−√3, √3), variance 1" if uniform else "Gaussian, N(0, 1)"
            read = _item("read", "p_z", f"the prior: {prior}")
            tape = "the tape of G"
        else:
            read = _item("read", "p_data", f"the data: {recipe.data}")
            tape = "the tape of D, its first half"
        note = f"{out.shape[0]} new rows of {out.shape[1]} numbers"
        computed = _item("computed", name, note, out, self.kept.columns(name))
        self._step(name, [read, computed, _item("changed", name, f"the input rows of {tape}")])

    def _theta(self, name, what="parameters"):
        """The item that says which parameters a pass read."""
        size, version = f"{self.nets[name].theta.size:,}", len(self.kept.thetas[name]) - 1
        return _item("read", f"θ_{name.lower()}", f"{size} {what}, version {version}")

    def _forward(self, name, x, tape):
        self._stack = [part for part in self._stack if part["net"] != name]
        kept = {"net": name, "pass": self.kept.keep_pass(name, tape), "adjoints": False}
        self._stack.insert(0, kept)
        outputs = f"the outputs of all {len(tape.layers)} layers, in the tape of {name}"
        changed = _item("changed", "y", outputs)
        columns = self.kept.columns("x")
        if name == "G":
            z = _item("read", "z", "", tape.x, self.kept.columns("z"))
            made = _item("computed", "x̃", f"{tape.m} generated rows", tape.y, columns)
            return self._step("G forward", [z, self._theta(name), made, changed])
        recipe, logits, D = self.training.recipe, tape.y, objective.probability(numpy, tape.y)
        moves_later = any(line.endswith("D move") for line in self.due)
        both = moves_later and tape.m == 2 * recipe.batch
        m = tape.m // 2 if both else tape.m
        dropped = sum(isinstance(layer, Dropout) for layer in tape.net.layers)
        x = _item("read", "x̃", "and x: both halves" if both else "", tape.x, columns)
        items = [x, self._theta(name)]
        if dropped:
            items.append(_item("read", "mask", f"{dropped} dropout masks, drawn for this pass"))
        items.append(_item("computed", "a", "the logits", logits.T))
        items.append(_item("computed", "D", "the probabilities, σ(a)", D.T))
        scores = {"D(G(z))": float(D[-m:].mean()), "L": self._loss(logits[-m:])}
        if both:
            scores["V"] = float(objective.value(numpy, logits[:m], logits[m:]))
            scores["D(x)"] = float(D[:m].mean())
            symbol, note = "V", "mean log D(x) + mean log(1 − D(x̃)), in nats"
        else:
            symbol, note = "L", f"G's loss, {recipe.loss.replace('_', '-')}"
        items.append(_item("computed", symbol, note, numbers=[(symbol, scores[symbol])]))
        self._step("D forward", [*items, changed], scores=scores)

    def _loss(self, logits):
        return float(objective.g_loss(self.training.recipe.loss).value(numpy, logits))

    def _backward(self, name, gy, tape, params=True, inputs=True):
        part = next((part for part in self._stack if part["net"] == name), None)
        # authors2014: G learns from one half of D's pass.
        if part is None or self.kept.passes[part["pass"]]["rows"] != tape.m:
            self._stack = [part for part in self._stack if part["net"] != name]
            part = {"net": name, "pass": self.kept.keep_pass(name, tape)}
            self._stack.insert(0, part)
        part["adjoints"] = True
        self._stack.sort(key=lambda other: other is not part)
        kept = self.kept.passes[part["pass"]]
        first = next(i for i, layer in enumerate(tape.net.layers) if layer.shapes())
        self.kept.keep_adjoints(name, tape, kept, 0 if inputs else first + 1, params)
        x, z = self.kept.columns("x"), self.kept.columns("z")
        seed, columns = (tape.gy, x) if name == "G" else (tape.gy.T, None)
        items = [
            _item("read", "g_y", _seed(name, params, self.training.recipe), seed, columns),
            _item("read", "y", "the values of the forward pass, in the tape"),
            self._theta(name, "weights and biases"),
        ]
        if params:
            norm = [("norm", float(numpy.linalg.norm(tape.net.grad)))]
            note = f"{tape.net.grad.size:,} partial derivatives"
            items.append(_item("computed", "∇", note, numbers=norm))
        if inputs:
            note, columns = "∂L/∂z", z
            if name == "D":
                note, columns = "∂L/∂x̃, one row for each sample: G learns from it", x
                self.kept.keep_slopes(tape, kept)
            items.append(_item("computed", "g_x", note, tape.gx, columns))
        items.append(_item("changed", "g_y", "the adjoints in the tape"))
        if params:
            items.append(_item("changed", "∇", f"{name}'s gradient vector"))
        elif self._at_once:
            note = "D's gradient vector is still the one of ½ V: this pass only leads to G"
            items.append(_item("same", "∇", note))
        else:
            note = "D is frozen: its gradient vector is not even written"
            items.append(_item("frozen", "θ_d", note))
        self._step(f"{name} backward", items)

    def _optimizer(self, name):
        return self.training.optimizer_g if name == "G" else self.training.optimizer_d

    def _norm_of_velocity(self, name):
        first, *_ = self._optimizer(name).moments.values()
        return float(numpy.linalg.norm(first))

    def _before_move(self, name):
        self._before = {n: net.theta.copy() for n, net in self.nets.items()}
        self._velocity = self._norm_of_velocity(name)

    def _moved(self, name, direction):
        other = "D" if name == "G" else "G"
        net, optimizer = self.nets[name], self._optimizer(name)
        moved = net.theta - self._before[name]
        if not numpy.array_equal(self._before[other], self.nets[other].theta):
            raise NumpyganError(
                f"study: {other} has moved with {name}; the algorithm isn't the one that is shown."
            )
        norm = lambda array: float(numpy.linalg.norm(array))
        self.kept.keep_theta(name)
        velocity = "μ v ± η g: the step"
        if type(optimizer).__name__ == "Adam":
            velocity = "μ v + g: Adam's first moment over 1 − β₁; the step is η m̂/(√v̂ + ε)"
        lengths = [
            ("length of the step", norm(moved)),
            ("norm before", norm(self._before[name])),
            ("norm after", norm(net.theta)),
            ("numbers that moved", int((moved != 0).sum())),
        ]
        updated = f"{moved.size:,} parameters {direction}"
        still = f"{self.nets[other].theta.size:,} parameters stay as they are, bit for bit"
        still += self._why_still(name)
        role = "same" if self._at_once else "frozen"
        items = [
            _item("read", "∇", "the gradient vector", numbers=[("norm", norm(net.grad))]),
            _item("read", "η", "learning rate", numbers=[("η", optimizer.learning_rate)]),
            _item("read", "μ", "momentum", numbers=[("μ", optimizer.momentum)]),
            _item("read", "v", "velocity before", numbers=[("norm", self._velocity)]),
            _item("computed", "v", velocity, numbers=[("norm", self._norm_of_velocity(name))]),
            _item("changed", f"θ_{name.lower()}", updated, numbers=lengths),
            _item(role, f"θ_{other.lower()}", still, numbers=[("numbers that moved", 0)]),
        ]
        self._frame += 1
        self.on_frame(self)
        self._step(f"{name} move", items, moves=name)


def _seed(name, params, recipe):
    """The words for the adjoint from which a backward pass starts."""
    if name == "G":
        return "∂L/∂x̃, from D's backward pass"
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


def widened(state):
    """The state of a training, {name: array}, for the same training in float64."""
    return {
        name: value.astype("float64") if value.dtype == "float32" else value
        for name, value in state.items()
    }


def observe(owner, method, before=lambda: None, after=lambda *_: None):
    """Call `before` before each call of this object's `method`, and `after` with its arguments."""
    original = getattr(owner, method)

    def observed(*args, **named):
        before()
        result = original(*args, **named)
        after(*args, **named)
        return result

    setattr(owner, method, observed)


def _item(role, symbol, note="", array=None, columns=None, numbers=()):
    """Something that a line read, computed, changed or left as it was.

    columns  the columns of `array` that are shown; None: all
    """
    found = {"role": role, "symbol": symbol, "note": note}
    found["numbers"] = [list(pair) for pair in numbers]
    if array is not None:
        block = array if columns is None else array[:, columns]
        found |= {"block": block.copy(), "stats": describe(array), "shape": list(array.shape)}
    return found
