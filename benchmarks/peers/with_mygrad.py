"""The step in MyGrad, as a good user would write it: tensors, its own nonlinearities, `backward`,
without the guard of memory, which its manual advises for speed. A frozen D is constant; G's rows
for D are made without a graph.
"""

import mygrad as mg
from by_numpy import ByNumPy
from mygrad.nnet import activations

KINDS = {"relu": activations.relu, "tanh": activations.tanh, "sigmoid": activations.sigmoid}
mg.turn_memory_guarding_off()


def make_network(layers):
    """The function (tensors of θ, x, masks) -> y of a `plan`."""

    def network(theta, x, masks=()):
        at, masks = 0, iter(masks)
        for kind, number in layers:
            if kind == "affine":
                x, at = mg.matmul(x, theta[at]) + theta[at + 1], at + 2
            elif kind == "dropout":
                x = x * next(masks)
            elif kind == "maxout":
                x = mg.max(mg.reshape(x, (len(x), number, -1)), axis=1)
            elif kind == "leaky_relu":
                x = activations.leaky_relu(x, number)
            else:
                x = KINDS[kind](x)
        return x

    return network


def tensors(theta, constant=False):
    """Tensors on the arrays of θ themselves."""
    return [mg.tensor(p, constant=constant, copy=False) for p in theta]


class Eager(ByNumPy):
    def build(self, plan_g, plan_d):
        self.G, self.D = make_network(plan_g), make_network(plan_d)

    @mg.no_autodiff
    def samples(self, theta_g, z):
        return self.G(tensors(theta_g), z).data

    def d_slopes(self, theta_d, x, masks):
        theta, m = tensors(theta_d), self.recipe.batch
        logits = self.D(theta, x, masks)
        loss = mg.logaddexp(0, -logits[:m]).sum() + mg.logaddexp(0, logits[m:]).sum()
        (loss / m).backward()
        return [p.grad for p in theta]

    def g_slopes(self, theta_g, theta_d, z, masks):
        theta = tensors(theta_g)
        logits = self.D(tensors(theta_d, constant=True), self.G(theta, z), masks)
        if self.recipe.loss == "saturating":
            loss = -mg.mean(mg.logaddexp(0, logits))
        else:
            loss = mg.mean(mg.logaddexp(0, -logits))
        loss.backward()
        return [p.grad for p in theta]
