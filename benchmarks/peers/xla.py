"""The step in JAX, as a good user would write it: a whole iteration, k steps of D and one of G, is
one jitted function that donates its state, with the data on the device; nothing waits until the
last iteration. The threads are those that the process may run on. On a GPU, products are float32:
JAX would take TF32.
"""

import jax
import jax.numpy as jnp
import numpy
from game import Draws, Schedule, networks, parameters, plan


def make_network(layers):
    """The function (θ, x, masks) -> y of a `plan`."""

    def network(theta, x, masks=()):
        theta, masks = iter(theta), iter(masks)
        for kind, number in layers:
            if kind == "affine":
                x = x @ next(theta) + next(theta)
            elif kind == "dropout":
                x = x * next(masks)
            elif kind == "maxout":
                x = x.reshape(len(x), number, -1).max(1)  # piece p of unit j is column p·units + j
            elif kind == "leaky_relu":
                x = jax.nn.leaky_relu(x, number)
            else:
                x = getattr(jax.nn, kind)(x)
        return x

    return network


class Jitted:
    def __init__(self, recipe, data, threads, device="cpu"):
        jax.config.update("jax_platforms", "cuda" if device == "gpu" else "cpu")
        jax.config.update("jax_default_matmul_precision", "highest" if device == "gpu" else None)
        jax.config.update("jax_enable_x64", recipe.dtype == "float64")
        self.recipe, self.schedule, self.iteration = recipe, Schedule(recipe, data), 0
        G, D = networks(recipe, data)
        self.G, self.D, self.draws = (
            make_network(plan(G)),
            make_network(plan(D)),
            Draws(recipe, data, D),
        )
        self.rows = jnp.asarray(data.train) if data else None
        self.step = jax.jit(self._step, donate_argnums=0, static_argnums=5)
        self.load(parameters(G), parameters(D))

    def load(self, theta_g, theta_d):
        """Start from these lists W, b, W, b, …"""

        def arrays(theta):
            return [jnp.array(p, self.recipe.dtype) for p in theta]

        def state(theta):
            velocity, square = (jax.tree.map(jnp.zeros_like, arrays(theta)) for _ in range(2))
            return velocity, square if self.recipe.rule == "adam" else None

        average = arrays(theta_g) if self.recipe.average else None
        self.state = arrays(theta_g), arrays(theta_d), state(theta_g), state(theta_d), average

    def d_loss(self, theta_d, x, masks):
        """−V(D, G) on 2m rows, half of them real"""
        m, logits = self.recipe.batch, self.D(theta_d, x, masks)
        return (jax.nn.softplus(-logits[:m]).sum() + jax.nn.softplus(logits[m:]).sum()) / m

    def g_loss(self, theta_g, theta_d, z, masks):
        logits = self.D(theta_d, self.G(theta_g, z), masks)
        if self.recipe.loss == "saturating":
            return -jax.nn.softplus(logits).mean()
        return jax.nn.softplus(-logits).mean()

    def _step(self, state, rows, d_draws, g_draws, numbers, averages):
        theta_g, theta_d, state_g, state_d, average = state
        for (x, z, masks), now in zip(d_draws, numbers[:-1]):
            if rows is not None:
                x = rows.at[x].get(mode="promise_in_bounds")
                x = x.astype(self.recipe.dtype) * (1 / 255 if x.dtype == jnp.uint8 else 1)
            x = jnp.concatenate([x, self.G(theta_g, z)])
            theta_d, state_d = self._move(
                theta_d, state_d, jax.grad(self.d_loss)(theta_d, x, masks), now
            )
        z, masks = g_draws
        theta_g, state_g = self._move(
            theta_g, state_g, jax.grad(self.g_loss)(theta_g, theta_d, z, masks), numbers[-1]
        )
        if average is not None and averages:
            average = [mean + numbers[-1][-1] * (p - mean) for mean, p in zip(average, theta_g)]
        return theta_g, theta_d, state_g, state_d, average

    def _move(self, theta, state, gradient, numbers):
        rate, momentum, correct_v, correct_s, _ = numbers
        velocity, square = state
        if square is None:
            velocity = [momentum * v - rate * g for v, g in zip(velocity, gradient)]
            return [p + v for p, v in zip(theta, velocity)], (velocity, None)
        decay, epsilon = self.schedule.decay, self.schedule.epsilon
        velocity = [momentum * v + (1 - momentum) * g for v, g in zip(velocity, gradient)]
        square = [decay * s + (1 - decay) * g * g for s, g in zip(square, gradient)]
        moved = [
            p - rate * correct_v * v / (jnp.sqrt(s * correct_s) + epsilon)
            for p, v, s in zip(theta, velocity, square)
        ]
        return moved, (velocity, square)

    def iterate(self, iterations):
        for _ in range(iterations):
            d_draws, g_draws = (
                [self.draws.d_step() for _ in range(self.recipe.k)],
                self.draws.g_step(),
            )
            numbers = numpy.array(self.schedule.updates(self.iteration), self.recipe.dtype)
            averages = self.schedule.averages(self.iteration)
            self.state = self.step(self.state, self.rows, d_draws, g_draws, numbers, averages)
            self.iteration += 1
        jax.block_until_ready(self.state)

    def moved(self):
        """θ_g, θ_d and, where there is one, the average of θ_g."""
        theta_g, theta_d, *_, average = self.state
        return [[numpy.asarray(p) for p in theta] for theta in (theta_g, theta_d, average) if theta]
