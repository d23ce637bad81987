"""The MNIST recipe a second and a third time, in PyTorch and in JAX: the losses are written down,
autodiff does the rest.

`play` trains with numpygan and notes what chance decided; `play_torch` and `play_jax` train on from
the same θ and draws. They share nothing with the package but those draws and the numbers of the
recipe. G is z → ReLU → ReLU → sigmoid, D is dropout → maxout → dropout → maxout → dropout → one
logit a, D(x) = σ(a), so log D = logsigmoid(a), log(1 − D) = logsigmoid(−a).
"""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy

from numpygan.nn.layers import Affine
from numpygan.runs.trainer import Training


class Outcome(NamedTuple):
    """Where a player got to: the arrays W1, b1, W2, b2, W3, b3 of each network and the gradients
    last used to move them.
    """

    theta_g: list
    theta_d: list
    gradient_g: list
    gradient_d: list


@dataclass
class Draws:
    """What chance decided in a run, to be used up once, in the order in which it was drawn."""

    images: numpy.ndarray  # uint8 (N, d)
    theta_g: list  # at the start
    theta_d: list
    keep: tuple  # the shares that dropout keeps
    m: int
    orders: list = field(default_factory=list)  # of the images, one for each pass over the data
    noises: list = field(default_factory=list)  # z (m, n_z)
    # Bool (rows, width), one for each dropout layer of each pass through D
    kept: list = field(default_factory=list)

    def fresh(self):
        """A copy that can be used up."""
        copy = Draws(self.images, self.theta_g, self.theta_d, self.keep, self.m)
        copy.orders, copy.noises, copy.kept = iter(self.orders), iter(self.noises), iter(self.kept)
        copy.rows = iter(())
        return copy

    def noise(self):
        return next(self.noises)

    def examples(self):
        """The next m rows in [0, 1]; an order's remainder of fewer than m is left over."""
        rows = next(self.rows, None)
        if rows is None:
            order, n = next(self.orders), len(self.images) // self.m * self.m
            self.rows = iter(order[:n].reshape(-1, self.m))
            rows = next(self.rows)
        return self.images[rows] / 255

    def masks(self, rows):
        """A mask for each dropout layer, for one pass of D over `rows` rows: kept entries are
        scaled up to the expectation.
        """
        masks = [next(self.kept) / keep for keep in self.keep]
        assert {len(mask) for mask in masks} == {rows}
        return masks

    def masks_real_fake(self):
        """The masks of one pass over m examples and m generated rows, apart."""
        masks = self.masks(2 * self.m)
        return [mask[: self.m] for mask in masks], [mask[self.m :] for mask in masks]

    def left(self):
        """How many draws numpygan made that the peer did not need."""
        return len([*self.orders, *self.noises, *self.kept])


def play(recipe, dataset, iterations):
    """Train with numpygan: its Draws, and its Outcome."""
    training = Training(recipe, dataset, numpy)
    draws = Draws(
        dataset.train,
        *(arrays(net, "W", "b") for net in (training.G, training.D)),
        recipe.keep,
        recipe.batch,
    )
    data, noise, dropout = (training.streams[name] for name in ("data", "noise", "dropout"))
    data.permutation = noting(data.permutation, lambda order, *_: draws.orders.append(order))
    noise.uniform = noting(noise.uniform, lambda _, out, *__: draws.noises.append(out.copy()))
    dropout.keep = noting(dropout.keep, lambda _, out, *__: draws.kept.append(out > 0))
    for _ in range(iterations):
        training.advance()
    nets = training.G, training.D
    return draws, Outcome(
        *(arrays(net, "W", "b") for net in nets), *(arrays(net, "gW", "gb") for net in nets)
    )


def noting(method, note):
    """`method`, with `note(result, *arguments)` called after it."""

    def noted(*arguments):
        result = method(*arguments)
        note(result, *arguments)
        return result

    return noted


def arrays(net, *names):
    return [
        getattr(layer, name).copy()
        for layer in net.layers
        if isinstance(layer, Affine)
        for name in names
    ]


def learning_rate(recipe, start, t):
    """start · decay^(−t) in iteration t = 0, 1, 2, …, but never below the floor."""
    return max(recipe.learning_rate_floor, start / math.pow(recipe.learning_rate_decay, t))


def momentum(recipe, t, examples):
    """From `momentum` in epoch 1 linearly to `momentum_final` in epoch `momentum_epochs`, constant
    after.
    """
    epoch = 1 + t // (examples // (recipe.batch * recipe.k))
    if epoch >= recipe.momentum_epochs:
        return recipe.momentum_final
    return recipe.momentum + (recipe.momentum_final - recipe.momentum) * (epoch - 1) / (
        recipe.momentum_epochs - 1
    )


def play_torch(recipe, draws, iterations, pieces=5):
    """The recipe in PyTorch: its Outcome."""
    import torch
    from torch.nn.functional import logsigmoid

    torch.set_num_threads(1)
    tensors = lambda arrays: [torch.tensor(array) for array in arrays]
    theta_g, theta_d = (
        [p.requires_grad_() for p in tensors(theta)] for theta in (draws.theta_g, draws.theta_d)
    )

    def G(z):
        W1, b1, W2, b2, W3, b3 = theta_g
        h = torch.relu(z @ W1 + b1)
        h = torch.relu(h @ W2 + b2)
        return torch.sigmoid(h @ W3 + b3)

    def maxout(u):
        # Piece p of unit j is column p·units + j
        return u.reshape(len(u), pieces, -1).max(1).values

    def logit(x, masks):
        W1, b1, W2, b2, W3, b3 = theta_d
        mask1, mask2, mask3 = tensors(masks)
        h = maxout((x * mask1) @ W1 + b1)
        h = maxout((h * mask2) @ W2 + b2)
        return (h * mask3) @ W3 + b3

    def value(x, z, masks_real, masks_fake):
        """V(D, G) = (1/m) Σ log D(x) + (1/m) Σ log(1 − D(G(z)))"""
        return logsigmoid(logit(x, masks_real)).mean() + logsigmoid(-logit(G(z), masks_fake)).mean()

    def saturating(z, masks):
        return logsigmoid(-logit(G(z), masks)).mean()

    def non_saturating(z, masks):
        return -logsigmoid(logit(G(z), masks)).mean()

    def maximum_likelihood(z, masks):
        return -torch.exp(logit(G(z), masks)).mean() / 2

    def momentum_rule(theta):
        velocity = [torch.zeros_like(p) for p in theta]

        @torch.no_grad()
        def ascend(gradient, eta, mu):
            for p, v, g in zip(theta, velocity, gradient, strict=True):
                v *= mu
                v += eta * g
                p += v

        return ascend

    def adam_rule(theta):
        adam = torch.optim.Adam(theta, betas=(recipe.momentum, 0.999), eps=1e-8, maximize=True)

        def ascend(gradient, eta, mu):
            adam.param_groups[0]["lr"] = eta
            for p, g in zip(theta, gradient, strict=True):
                p.grad = g
            adam.step()

        return ascend

    rule = {"momentum": momentum_rule, "adam": adam_rule}[recipe.rule]
    ascend_g, ascend_d = rule(theta_g), rule(theta_d)

    def algorithm1(rate_g, rate_d, mu):
        losses = {
            "saturating": saturating,
            "non_saturating": non_saturating,
            "maximum_likelihood": maximum_likelihood,
        }
        loss = losses[recipe.loss]
        for _ in range(recipe.k):
            x, z = torch.tensor(draws.examples()), torch.tensor(draws.noise())
            gradient_d = torch.autograd.grad(value(x, z, *draws.masks_real_fake()), theta_d)
            ascend_d(gradient_d, rate_d, mu)
        z = torch.tensor(draws.noise())
        gradient_g = torch.autograd.grad(loss(z, draws.masks(draws.m)), theta_g)
        ascend_g([-g for g in gradient_g], rate_g, mu)
        return gradient_g, gradient_d

    def authors2014(rate_g, rate_d, mu):
        x, z = torch.tensor(draws.examples()), torch.tensor(draws.noise())
        masks_real, masks_fake = draws.masks_real_fake()
        gradient_d = torch.autograd.grad(0.5 * value(x, z, masks_real, masks_fake), theta_d)
        gradient_g = torch.autograd.grad(non_saturating(z, masks_fake), theta_g)
        ascend_d(gradient_d, rate_d, mu)
        ascend_g([-g for g in gradient_g], rate_g, mu)
        return gradient_g, gradient_d

    iteration = {"algorithm1": algorithm1, "authors2014": authors2014}[recipe.algorithm]
    for t in range(iterations):
        rates = (
            learning_rate(recipe, start, t)
            for start in (recipe.learning_rate_g, recipe.learning_rate_d)
        )
        gradients = iteration(*rates, momentum(recipe, t, len(draws.images)))
    return Outcome(*([p.detach().numpy() for p in part] for part in (theta_g, theta_d, *gradients)))


def play_jax(recipe, draws, iterations, pieces=5):
    """The recipe in JAX, as pure functions of (θ_g, θ_d): its Outcome."""
    import jax
    import jax.numpy as jnp
    from jax.nn import log_sigmoid

    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_disable_most_optimizations", True)  # compiling takes longer than the run

    def G(theta, z):
        W1, b1, W2, b2, W3, b3 = theta
        h = jax.nn.relu(z @ W1 + b1)
        h = jax.nn.relu(h @ W2 + b2)
        return jax.nn.sigmoid(h @ W3 + b3)

    def maxout(u):
        u = u.reshape(len(u), pieces, -1)
        # At a tie the first, alone; jnp.max would share the gradient out
        winner = u.argmax(1, keepdims=True)
        return jnp.take_along_axis(u, winner, 1)[:, 0]

    def logit(theta, x, masks):
        W1, b1, W2, b2, W3, b3 = theta
        h = maxout((x * masks[0]) @ W1 + b1)
        h = maxout((h * masks[1]) @ W2 + b2)
        return (h * masks[2]) @ W3 + b3

    def value(theta_d, theta_g, x, z, masks_real, masks_fake):
        fake = G(theta_g, z)
        return (
            log_sigmoid(logit(theta_d, x, masks_real))
            + log_sigmoid(-logit(theta_d, fake, masks_fake))
        ).mean()

    def saturating(theta_g, theta_d, z, masks):
        return log_sigmoid(-logit(theta_d, G(theta_g, z), masks)).mean()

    def non_saturating(theta_g, theta_d, z, masks):
        return -log_sigmoid(logit(theta_d, G(theta_g, z), masks)).mean()

    def maximum_likelihood(theta_g, theta_d, z, masks):
        return -jnp.exp(logit(theta_d, G(theta_g, z), masks)).mean() / 2

    def zeros(theta):
        return [jnp.zeros_like(p) for p in theta]

    def momentum_step(theta, velocity, gradient, eta, mu):
        """One step along `gradient`."""
        velocity = [mu * v + eta * g for v, g in zip(velocity, gradient, strict=True)]
        return [p + v for p, v in zip(theta, velocity, strict=True)], velocity

    def adam_step(theta, state, gradient, eta, beta1, beta2=0.999):
        first, second, count = state
        first = [beta1 * v + (1 - beta1) * g for v, g in zip(first, gradient, strict=True)]
        second = [beta2 * s + (1 - beta2) * g**2 for s, g in zip(second, gradient, strict=True)]
        count += 1
        unbiased = [(v / (1 - beta1**count), s / (1 - beta2**count)) for v, s in zip(first, second)]
        return [
            p + eta * v / (jnp.sqrt(s) + 1e-8) for p, (v, s) in zip(theta, unbiased, strict=True)
        ], (first, second, count)

    simultaneous = recipe.algorithm == "authors2014"
    value_gradient = jax.jit(jax.grad(value))  # in the first argument
    losses = {
        "saturating": saturating,
        "non_saturating": non_saturating,
        "maximum_likelihood": maximum_likelihood,
    }
    loss_gradient = jax.jit(jax.grad(losses[recipe.loss]))
    theta_g, theta_d = draws.theta_g, draws.theta_d
    if recipe.rule == "momentum":
        step, state_g, state_d = jax.jit(momentum_step), zeros(theta_g), zeros(theta_d)
    else:
        step, state_g, state_d = (
            jax.jit(adam_step),
            *((zeros(theta), zeros(theta), 0) for theta in (theta_g, theta_d)),
        )
    for t in range(iterations):
        rate_g, rate_d = (
            learning_rate(recipe, start, t)
            for start in (recipe.learning_rate_g, recipe.learning_rate_d)
        )
        mu = momentum(recipe, t, len(draws.images))
        if simultaneous:
            x, z, (masks_real, masks_fake) = (
                draws.examples(),
                draws.noise(),
                draws.masks_real_fake(),
            )
            gradient_d = [
                g / 2 for g in value_gradient(theta_d, theta_g, x, z, masks_real, masks_fake)
            ]
            gradient_g = loss_gradient(theta_g, theta_d, z, masks_fake)
            theta_d, state_d = step(theta_d, state_d, gradient_d, rate_d, mu)
        else:
            for _ in range(recipe.k):
                gradient_d = value_gradient(
                    theta_d, theta_g, draws.examples(), draws.noise(), *draws.masks_real_fake()
                )
                theta_d, state_d = step(theta_d, state_d, gradient_d, rate_d, mu)
            gradient_g = loss_gradient(theta_g, theta_d, draws.noise(), draws.masks(draws.m))
        theta_g, state_g = step(theta_g, state_g, gradient_g, -rate_g, mu)
    return Outcome(
        *([numpy.asarray(p) for p in part] for part in (theta_g, theta_d, gradient_g, gradient_d))
    )
