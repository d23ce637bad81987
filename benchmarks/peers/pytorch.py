"""The step in PyTorch, eager and compiled, as a good user would write it.

Both: D sees the 2m rows in one pass, G's rows for D come without a graph, D's weights get no
gradient in the G step, nothing asks for the value of a loss, no scores are kept (numpygan keeps
them). Of `amax`, `max(1).values`, `max_pool1d` and a chain of `maximum` for maxout `amax` was the
fastest forward and backward.

Eager has fused optimizers, whose velocity leaves η out (the same step as long as η stays what it
is), and foreach averaging. Compiled has each of the two steps as one graph without a break,
gradient (torch.func) and update included, so that the update is fused, too; that was faster than
compiled losses with fused optimizers, or autograd.grad inside the graph.
"""

import torch
from game import Draws, Schedule, networks, parameters, plan
from torch.nn import functional


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
    def __init__(self, recipe, data, threads):
        torch.set_num_threads(threads)
        self.recipe, self.schedule, self.iteration = recipe, Schedule(recipe, data), 0
        G, D = networks(recipe, data)
        self.G, self.D, self.draws = (
            make_network(plan(G)),
            make_network(plan(D)),
            Draws(recipe, data, D),
        )
        self.rows = torch.from_numpy(data.train) if data else None
        m, self.dtype = recipe.batch, getattr(torch, recipe.dtype)
        self.target = torch.cat(
            [torch.ones(m, 1, dtype=self.dtype), torch.zeros(m, 1, dtype=self.dtype)]
        )
        self.load(parameters(G), parameters(D))

    def load(self, theta_g, theta_d):
        """Start from these lists W, b, W, b, …"""
        self.theta_g, self.theta_d = (
            [torch.tensor(p, dtype=self.dtype, requires_grad=True) for p in theta]
            for theta in (theta_g, theta_d)
        )
        self.average = [p.detach().clone() for p in self.theta_g] if self.recipe.average else None
        self.start()

    def start(self):
        if self.recipe.rule == "adam":
            betas = self.recipe.momentum, self.schedule.decay
            self.rule_g, self.rule_d = (
                torch.optim.Adam(theta, betas=betas, fused=True)
                for theta in (self.theta_g, self.theta_d)
            )
        else:
            self.rule_g, self.rule_d = (
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
        """Draws as tensors, without a copy."""
        return [
            [torch.from_numpy(a) for a in array]
            if isinstance(array, list)
            else torch.from_numpy(array)
            for array in arrays
        ]

    def iterate(self, iterations):
        for _ in range(iterations):
            rate_g, rate_d, momentum = self.schedule.rates(self.iteration)
            for rule, rate in ((self.rule_g, rate_g), (self.rule_d, rate_d)):
                rule.param_groups[0]["lr"] = rate
                if "momentum" in rule.param_groups[0]:
                    rule.param_groups[0]["momentum"] = momentum
            for _ in range(self.recipe.k):
                x, z, masks = self.drawn(*self.draws.d_step())
                with torch.no_grad():
                    rows = torch.cat([self.examples(x), self.G(self.theta_g, z)])
                self.rule_d.zero_grad(set_to_none=True)
                self.d_loss(self.theta_d, rows, masks).backward()
                self.rule_d.step()
            z, masks = self.drawn(*self.draws.g_step())
            self.rule_g.zero_grad(set_to_none=True)
            self.g_loss(self.theta_g, self.theta_d, z, masks).backward(inputs=self.theta_g)
            self.rule_g.step()
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
            [p.detach().numpy() for p in theta]
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
        options = {"fullgraph": True, "dynamic": False, "mode": self.mode}
        self.d_step, self.g_step = (
            torch.compile(self._d_step, **options),
            torch.compile(self._g_step, **options),
        )

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

    def iterate(self, iterations):
        for _ in range(iterations):
            *numbers_d, numbers_g = torch.tensor(
                self.schedule.updates(self.iteration), dtype=self.dtype
            ).unbind()
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


class CompiledAutotuned(Compiled):
    mode = "max-autotune-no-cudagraphs"
