"""What the peers that work on NumPy's arrays share: θ as a list of arrays, updates in plain NumPy.
A child makes the passes and gradients as a good user of its library would.
"""

import numpy
from game import Draws, Schedule, networks, parameters, plan


class ByNumPy:
    """An iteration whose updates are NumPy's, in place. A child has

    build(plan_g, plan_d)                  makes both networks
    samples(theta_g, z)                    G(z), without a gradient
    d_slopes(theta_d, x, masks)            ∂(−V)/∂θ_d on 2m rows, half of them real: a list
    g_slopes(theta_g, theta_d, z, masks)   the gradient of G's loss: a list
    """

    def __init__(self, recipe, data, threads):
        self.recipe, self.schedule, self.iteration = recipe, Schedule(recipe, data), 0
        G, D = networks(recipe, data)
        self.build(plan(G), plan(D))
        self.draws, self.rows = Draws(recipe, data, D), data.train if data else None
        self.load(parameters(G), parameters(D))

    def load(self, theta_g, theta_d):
        """Start from these lists W, b, W, b, …"""
        copies = lambda theta: [numpy.array(p, self.recipe.dtype) for p in theta]
        zeros = lambda theta: [numpy.zeros(p.shape, self.recipe.dtype) for p in theta]
        self.theta_g, self.theta_d = copies(theta_g), copies(theta_d)
        self.state_g = zeros(theta_g), zeros(theta_g)
        self.state_d = zeros(theta_d), zeros(theta_d)
        self.average = copies(theta_g) if self.recipe.average else None

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
                rows = numpy.concatenate([self.examples(x), self.samples(self.theta_g, z)])
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
