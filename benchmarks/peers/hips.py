"""The step in HIPS autograd, as a good user would write it: forward passes in its NumPy, gradients
by `grad`, updates in place in plain NumPy. D sees the 2m rows in one pass; G's rows for D are made
outside `grad`.
"""

import autograd.numpy as anp
import numpy
from autograd import grad
from game import Draws, Schedule, networks, parameters, plan


def softplus(a):
    return anp.logaddexp(0, a)


KINDS = {
    "relu": lambda x: anp.maximum(x, 0),
    "tanh": anp.tanh,
    "sigmoid": lambda x: 1 / (1 + anp.exp(-x)),
}


def make_network(layers):
    """The function (θ, x, masks) -> y of a `plan`."""

    def network(theta, x, masks=()):
        at, masks = 0, iter(masks)
        for kind, number in layers:
            if kind == "affine":
                x, at = x @ theta[at] + theta[at + 1], at + 2
            elif kind == "dropout":
                x = x * next(masks)
            elif kind == "maxout":
                x = anp.max(anp.reshape(x, (len(x), number, -1)), axis=1)
            elif kind == "leaky_relu":
                x = anp.maximum(x, number * x)
            else:
                x = KINDS[kind](x)
        return x

    return network


class Eager:
    def __init__(self, recipe, data, threads):
        self.recipe, self.schedule, self.iteration = recipe, Schedule(recipe, data), 0
        G, D = networks(recipe, data)
        self.G, self.D = make_network(plan(G)), make_network(plan(D))
        self.draws, self.rows = Draws(recipe, data, D), data.train if data else None
        self.d_slopes, self.g_slopes = grad(self.d_loss), grad(self.g_loss)
        self.load(parameters(G), parameters(D))

    def load(self, theta_g, theta_d):
        """Start from these lists W, b, W, b, …"""
        copies = lambda theta: [numpy.array(p, self.recipe.dtype) for p in theta]
        zeros = lambda theta: [numpy.zeros(p.shape, self.recipe.dtype) for p in theta]
        self.theta_g, self.theta_d = copies(theta_g), copies(theta_d)
        self.state_g = zeros(theta_g), zeros(theta_g)
        self.state_d = zeros(theta_d), zeros(theta_d)
        self.average = copies(theta_g) if self.recipe.average else None

    def d_loss(self, theta_d, x, masks):
        """−V(D, G) on 2m rows, half of them real"""
        m, logits = self.recipe.batch, self.D(theta_d, x, masks)
        return (anp.sum(softplus(-logits[:m])) + anp.sum(softplus(logits[m:]))) / m

    def g_loss(self, theta_g, theta_d, z, masks):
        logits = self.D(theta_d, self.G(theta_g, z), masks)
        if self.recipe.loss == "saturating":
            return -anp.mean(softplus(logits))
        return anp.mean(softplus(-logits))

    def examples(self, x):
        """The minibatch: rows in [0, 1] by their numbers, or the toy's examples themselves."""
        if self.rows is None:
            return x
        x = self.rows[x]
        scale = 1 / 255 if x.dtype == numpy.uint8 else 1
        return numpy.multiply(x, scale, dtype=self.recipe.dtype)

    def move(self, theta, state, gradient, numbers):
        rate, momentum, correct_v, correct_s, _ = numbers
        decay = self.schedule.decay
        for p, v, s, g in zip(theta, *state, gradient):
            if self.recipe.rule == "adam":
                v += (1 - momentum) * (g - v)
                s += (1 - decay) * (g * g - s)
                p -= rate * correct_v * v / (numpy.sqrt(s * correct_s) + self.schedule.epsilon)
            else:
                v *= momentum
                v -= rate * g
                p += v

    def iterate(self, iterations):
        for _ in range(iterations):
            *numbers_d, numbers_g = self.schedule.updates(self.iteration)
            for numbers in numbers_d:
                x, z, masks = self.draws.d_step()
                rows = numpy.concatenate([self.examples(x), self.G(self.theta_g, z)])
                slopes = self.d_slopes(self.theta_d, rows, masks)
                self.move(self.theta_d, self.state_d, slopes, numbers)
            z, masks = self.draws.g_step()
            slopes = self.g_slopes(self.theta_g, self.theta_d, z, masks)
            self.move(self.theta_g, self.state_g, slopes, numbers_g)
            if self.average and self.schedule.averages(self.iteration):
                for mean, p in zip(self.average, self.theta_g):
                    mean += numbers_g[-1] * (p - mean)
            self.iteration += 1

    def moved(self):
        """θ_g, θ_d and, where there is one, the average of θ_g."""
        return [theta for theta in (self.theta_g, self.theta_d, self.average) if theta]
