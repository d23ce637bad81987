"""The step in HIPS autograd, as a good user would write it: forward passes in its NumPy, gradients
by `grad`, updates in place in plain NumPy. D sees the 2m rows in one pass; G's rows for D are made
outside `grad`.
"""

import autograd.numpy as anp
from autograd import grad
from by_numpy import ByNumPy


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


class Eager(ByNumPy):
    def build(self, plan_g, plan_d):
        self.samples, self.D = make_network(plan_g), make_network(plan_d)
        self.d_slopes, self.g_slopes = grad(self.d_loss), grad(self.g_loss)

    def d_loss(self, theta_d, x, masks):
        """−V(D, G) on 2m rows, half of them real"""
        m, logits = self.recipe.batch, self.D(theta_d, x, masks)
        return (anp.sum(softplus(-logits[:m])) + anp.sum(softplus(logits[m:]))) / m

    def g_loss(self, theta_g, theta_d, z, masks):
        logits = self.D(theta_d, self.samples(theta_g, z), masks)
        if self.recipe.loss == "saturating":
            return -anp.mean(softplus(logits))
        return anp.mean(softplus(-logits))
