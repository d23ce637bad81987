"""The step in PyTorch, eager and compiled, as a good user would write it.

Both: D sees the 2m rows in one pass, G's rows for D come without a graph, D's weights get no
gradient in the G step, nothing asks for the value of a loss, no scores are kept (numpygan keeps
them). Of `amax`, `max(1).values`, `max_pool1d` and a chain of `maximum` for maxout `amax` was the
fastest forward and backward.

Eager has fused optimizers, whose velocity leaves η out (the same step as long as η stays what it
is), and foreach averaging. Compiled has each of the two steps as one graph without a break,
gradient (torch.func) and update included, so that the update is fused, too; that was faster than
compiled losses with fused optimizers, or autograd.grad inside the graph.

On a GPU the draws come from pinned memory, and only the end of the last iteration is waited for.
`Graphed` records the same two steps as CUDA graphs, uncompiled, and replays them.
"""

import torch
from game import Draws, Schedule, networks, parameters, plan
from torch.nn import functional

from numpygan.errors import NumpyganError


def make_network(layers):
    """The function (θ, x, masks) -> y of a `plan`."""

    def network(theta, x, masks=()):
        theta, masks = iter(theta), iter(masks)
        for kind, number in layers:
            if kind == "affine":
                W, b = next(theta), next(theta)
                x = torch.addmm(b, x, W)
            elif kind == "dropout":
                x = x * next(masks)
            elif kind == "maxout":
                x = x.view(len(x), number, -1).amax(1)  # piece p of unit j is column p·units + j
            elif kind == "leaky_relu":
                x = functional.leaky_relu(x, number)
            else:
                x = getattr(torch, kind)(x)
        return x

    return network


class Eager:
    def __init__(self, recipe, data, threads, device="cpu"):
        torch.set_num_threads(threads)
        self.device = torch.device("cuda" if device == "gpu" else "cpu")
        self.pinned = device == "gpu"
        self.recipe, self.schedule, self.iteration = recipe, Schedule(recipe, data), 0
        G, D = networks(recipe, data)
        self.G, self.D, self.draws = (
            make_network(plan(G)),
            make_network(plan(D)),
            Draws(recipe, data, D),
        )
        self.rows = torch.from_numpy(data.train).to(self.device) if data else None
        m, self.dtype = recipe.batch, getattr(torch, recipe.dtype)
        self.target = torch.cat(
            [torch.ones(m, 1, dtype=self.dtype), torch.zeros(m, 1, dtype=self.dtype)]
        ).to(self.device)
        self.load(parameters(G), parameters(D))

    def load(self, theta_g, theta_d):
        """Start from these lists W, b, W, b, …"""
        self.theta_g, self.theta_d = (
            [
                torch.tensor(p, dtype=self.dtype, device=self.device, requires_grad=True)
                for p in theta
            ]
            for theta in (theta_g, theta_d)
        )
        self.average = [p.detach().clone() for p in self.theta_g] if self.recipe.average else None
        self.start()

    def start(self):
        if self.recipe.rule == "adam":
            betas = self.recipe.momentum, self.schedule.decay
            self.optimizer_g, self.optimizer_d = (
                torch.optim.Adam(theta, betas=betas, fused=True)
                for theta in (self.theta_g, self.theta_d)
            )
        else:
            self.optimizer_g, self.optimizer_d = (
                torch.optim.SGD(theta, lr=0.0, momentum=self.recipe.momentum, fused=True)
                for theta in (self.theta_g, self.theta_d)
            )

    def examples(self, x):
        """The minibatch: rows in [0, 1] by their numbers, or the toy's examples themselves."""
        if self.rows is None:
            return x
        x = self.rows.index_select(0, x)
        return x.to(self.dtype).mul_(1 / 255) if x.dtype == torch.uint8 else x.to(self.dtype)

    def d_loss(self, theta_d, x, masks):
        """−V(D, G) on 2m rows, half of them real"""
        logits = self.D(theta_d, x, masks)
        return (
            functional.binary_cross_entropy_with_logits(logits, self.target, reduction="sum")
            / self.recipe.batch
        )

    def g_loss(self, theta_g, theta_d, z, masks):
        logits = self.D(theta_d, self.G(theta_g, z), masks)
        if self.recipe.loss == "saturating":
            return -functional.softplus(logits).mean()
        return functional.softplus(-logits).mean()

    def drawn(self, *arrays):
        """Draws as tensors on the device; on a CPU without a copy."""
        return [each(lambda a: self.send(self.host(a)), array) for array in arrays]

    def host(self, array):
        """An array as a tensor of the host, for a GPU in pinned memory."""
        tensor = torch.as_tensor(array)
        return tensor.pin_memory() if self.pinned else tensor

    def send(self, tensor):
        return tensor.to(self.device, non_blocking=True)

    def iterate(self, iterations):
        self.play(iterations)
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def play(self, iterations):
        for _ in range(iterations):
            rate_g, rate_d, momentum = self.schedule.rates(self.iteration)
            for optimizer, rate in ((self.optimizer_g, rate_g), (self.optimizer_d, rate_d)):
                optimizer.param_groups[0]["lr"] = rate
                if "momentum" in optimizer.param_groups[0]:
                    optimizer.param_groups[0]["momentum"] = momentum
            for _ in range(self.recipe.k):
                x, z, masks = self.drawn(*self.draws.d_step())
                with torch.no_grad():
                    rows = torch.cat([self.examples(x), self.G(self.theta_g, z)])
                self.optimizer_d.zero_grad(set_to_none=True)
                self.d_loss(self.theta_d, rows, masks).backward()
                self.optimizer_d.step()
            z, masks = self.drawn(*self.draws.g_step())
            self.optimizer_g.zero_grad(set_to_none=True)
            self.g_loss(self.theta_g, self.theta_d, z, masks).backward(inputs=self.theta_g)
            self.optimizer_g.step()
            if self.average and self.schedule.averages(self.iteration):
                torch._foreach_lerp_(
                    self.average,
                    [p.detach() for p in self.theta_g],
                    self.schedule.share(self.iteration),
                )
            self.iteration += 1

    def moved(self):
        """θ_g, θ_d and, where there is one, the average of θ_g."""
        return [
            [p.detach().cpu().numpy() for p in theta]
            for theta in (self.theta_g, self.theta_d, self.average)
            if theta
        ]


class Compiled(Eager):
    mode = None

    def start(self):
        self.theta_g, self.theta_d = (
            [p.detach() for p in theta] for theta in (self.theta_g, self.theta_d)
        )
        velocity_g, velocity_d, square_g, square_d = (
            [torch.zeros_like(p) for p in theta] for theta in (self.theta_g, self.theta_d) * 2
        )
        adam = self.recipe.rule == "adam"
        self.state_g, self.state_d = (
            (velocity_g, square_g if adam else None),
            (velocity_d, square_d if adam else None),
        )
        self.d_step, self.g_step = self.made(self._d_step), self.made(self._g_step)

    def made(self, step):
        return torch.compile(step, fullgraph=True, dynamic=False, mode=self.mode)

    def _d_step(self, theta_d, theta_g, state, rows, x, z, masks, numbers):
        x = torch.cat([self.examples(x), self.G(theta_g, z)])
        self._move(theta_d, state, torch.func.grad(self.d_loss)(theta_d, x, masks), numbers)

    def _g_step(self, theta_g, theta_d, state, average, z, masks, numbers):
        self._move(
            theta_g, state, torch.func.grad(self.g_loss)(theta_g, theta_d, z, masks), numbers
        )
        if average:
            for mean, p in zip(average, theta_g):
                mean.lerp_(p, numbers[-1])

    def _move(self, theta, state, gradient, numbers):
        rate, momentum, correct_v, correct_s, _ = numbers.unbind()
        velocity, square = state
        for i, (p, g) in enumerate(zip(theta, gradient)):
            if square is None:
                velocity[i].mul_(momentum).sub_(rate * g)
                p.add_(velocity[i])
            else:
                velocity[i].lerp_(g, 1 - momentum)
                square[i].lerp_(g * g, 1 - self.schedule.decay)
                p.sub_(
                    rate
                    * correct_v
                    * velocity[i]
                    / ((square[i] * correct_s).sqrt() + self.schedule.epsilon)
                )

    def play(self, iterations):
        for _ in range(iterations):
            numbers = torch.tensor(self.schedule.updates(self.iteration), dtype=self.dtype)
            *numbers_d, numbers_g = self.send(self.host(numbers)).unbind()
            for numbers in numbers_d:
                x, z, masks = self.drawn(*self.draws.d_step())
                self.d_step(
                    self.theta_d, self.theta_g, self.state_d, self.rows, x, z, masks, numbers
                )
            z, masks = self.drawn(*self.draws.g_step())
            # With and without the average these are two graphs.
            average = self.average if self.schedule.averages(self.iteration) else None
            self.g_step(self.theta_g, self.theta_d, self.state_g, average, z, masks, numbers_g)
            self.iteration += 1


class Graphed(Compiled):
    """Both steps as CUDA graphs. The draws stay on the host until they are copied into the inputs
    of a graph.
    """

    def __init__(self, recipe, data, threads, device="cpu"):
        if device != "gpu":
            raise NumpyganError(
                f"torch graph: a CUDA graph needs a GPU, got device {device!r}; leave it out there."
            )
        super().__init__(recipe, data, threads, device)

    def send(self, tensor):
        return tensor

    def made(self, step):
        return Replayed(step)


class Replayed:
    """`step` as a CUDA graph.

    The first four arguments of `step` are where they are in every call: parameters, state, data,
    average. The draws and numbers after them are copied into the inputs of the graph.
    """

    def __init__(self, step):
        self.step, self.graphs = step, {}

    def __call__(self, *arguments):
        fixed, draws = arguments[:4], arguments[4:]
        kind = fixed[3] is None  # with and without the average these are two graphs
        if kind not in self.graphs:
            inputs = each(lambda draw: draw.to(fixed[0][0].device, copy=True), draws)
            self.graphs[kind] = self.record(fixed, inputs), inputs
        graph, inputs = self.graphs[kind]
        for mine, new in zip(flat(inputs), flat(draws)):
            mine.copy_(new, non_blocking=True)
        graph.replay()

    def record(self, fixed, inputs):
        """The graph. Recording computes nothing; the warm-up that it needs moves copies of θ."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.step(*each(torch.clone, fixed), *inputs)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.step(*fixed, *inputs)
        return graph


def each(function, nested):
    """`nested`, lists and tuples of arrays or None, with `function` of each array."""
    if nested is None:
        return None
    if isinstance(nested, (list, tuple)):
        return type(nested)(each(function, part) for part in nested)
    return function(nested)


def flat(nested):
    """The tensors of nested lists and tuples, one after the other."""
    if isinstance(nested, (list, tuple)):
        return [tensor for part in nested for tensor in flat(part)]
    return [nested]


class CompiledAutotuned(Compiled):
    mode = "max-autotune-no-cudagraphs"
