# %% [markdown]
# # Lesson 3. A network is one vector
#
# About 40 minutes. After this lesson you can
#
# * keep all parameters in one vector $\theta$, with the weights as views into it;
# * write the backward pass of a whole stack of layers: the chain rule, over a tape;
# * write momentum and Adam from their formulas.

# %%
import matplotlib.pyplot as plt
import numpy as np

import numpygan as ng
from numpygan.lessons import check

# %% [markdown]
# ## 1. Flat θ
#
# An optimizer, a checkpoint and a gradient check do not care what is a weight and what is a bias.
# For them the parameters are one vector $\theta$. For a layer they are a matrix $W$ and a bias $b$.
# Both are true at once: $W$ is a *view*, another way to look at the same memory. If you write into
# the view, $\theta$ changes.
#
# `theta[i:j].reshape(shape)` of a contiguous array is a view. A copy would not do.


# %%
def views(theta, shapes):
    """A list of views into theta (n,), one after the other, with these shapes."""
    # BEGIN SOLUTION
    found, start = [], 0
    for shape in shapes:
        stop = start + int(np.prod(shape))
        found.append(theta[start:stop].reshape(shape))
        start = stop
    return found
    # END SOLUTION


# %%
check(views)

# %% [markdown]
# In numpygan, `net.theta` is the vector, and `net.layers[0].W` a view into it. The gradient
# `net.grad` has the same order; `gW` and `gb` are views into that.
#
# ## 2. The chain rule over a tape
#
# The layers are $x_0 \to x_1 \to \dots \to x_n$, with $x_{l+1} = f_l(x_l; \theta_l)$. The forward
# pass writes every $x_l$ on the tape. The backward pass starts with $g_n = \partial L/\partial x_n$
# and goes back:
#
# $$ g_l = \left(\frac{\partial x_{l+1}}{\partial x_l}\right)^{\!\top} g_{l+1}, \qquad
#    \frac{\partial L}{\partial \theta_l}
#       = \left(\frac{\partial x_{l+1}}{\partial \theta_l}\right)^{\!\top} g_{l+1} . $$
#
# We never multiply two matrices of derivatives. Each layer computes the adjoint of its input from
# the adjoint of its output, and nothing else is needed. From the loss to the input this costs about
# as much as two forward passes. From the input to the loss it would cost one pass for each
# parameter.
#
# Each layer has its own part of the tape, `t = tape.layers[l]`, and two methods:
#
# * `layer.backward_params(t.gy, t)` writes `gW` and `gb`;
# * `layer.backward(t.gy, t)` writes `t.gx`, and returns nothing.
#
# Neighbours share memory: `tape.layers[l].gx` *is* `tape.layers[l - 1].gy`. `tape.gy` is the last
# `gy`, `tape.gx` the first `gx`.


# %%
def backward(net, gy, tape):
    """Write ∂L/∂θ into net.grad; return ∂L/∂x. gy = ∂L/∂y; net.forward(…, tape) has been called."""
    # BEGIN SOLUTION
    tape.gy[...] = gy
    for layer, t in zip(reversed(net.layers), reversed(tape.layers)):
        layer.backward_params(t.gy, t)
        layer.backward(t.gy, t)
    return tape.gx
    # END SOLUTION


# %%
check(backward)

# %% [markdown]
# ## 3. Optimizers
#
# Momentum keeps a part of its last step, the velocity $v$. $\eta$ is the learning rate, $g$ the
# gradient:
#
# $$ v \leftarrow \mu v - \eta g, \qquad \theta \leftarrow \theta + v . $$
#
# Write *into* the arrays: `v *= mu`, `theta += v`. The line `theta = theta + v` makes a new array
# inside your function, and the network does not change.


# %%
def momentum_step(theta, v, g, rate, mu):
    """One step of gradient descent with momentum; changes theta and v in place, but not g."""
    # BEGIN SOLUTION
    v *= mu
    v -= rate * g
    theta += v
    # END SOLUTION


# %%
check(momentum_step)

# %% [markdown]
# Adam (Kingma and Ba, 2015) keeps running means of $g$ and of $g^2$, number by number:
#
# $$ m \leftarrow \beta_1 m + (1 - \beta_1) g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, $$
#
# $$ \hat m = \frac{m}{1 - \beta_1^t}, \qquad \hat v = \frac{v}{1 - \beta_2^t}, \qquad
#    \theta \leftarrow \theta - \eta\, \frac{\hat m}{\sqrt{\hat v} + \epsilon} . $$
#
# $t$ counts the steps from 1. Both means start at 0, so they are too small at first. After one
# step $m = (1 - \beta_1) g$: the division by $1 - \beta_1^t$ makes it $g$ again.


# %%
def adam_step(theta, m, v, g, t, rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Step t of Adam, t = 1, 2, …; changes theta, m and v in place, but not g."""
    # BEGIN SOLUTION
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    theta -= rate * m_hat / (np.sqrt(v_hat) + epsilon)
    # END SOLUTION


# %%
check(adam_step)

# %% [markdown]
# ## 4. Everything is yours now
#
# Two spirals, a network with your `backward`, and your optimizers. The loss is
# $-\frac1m \sum \log p(\text{label})$ with $p = \sigma(a)$. Its slope at the *logit* $a$ is
# $(\sigma(a) - \text{label})/m$. (Lesson 4 shows why.)

# %%
rng = np.random.default_rng(0)
angle = np.sqrt(rng.random(200)) * 3 * np.pi
label = np.repeat([0.0, 1.0], 100)[:, None]
turn = angle[:, None] + np.pi * label
points = np.hstack([np.cos(turn), np.sin(turn)]) * angle[:, None] / 9
points += 0.02 * rng.normal(size=points.shape)


def train(step, steps=1000):
    """The losses of a training, and the network."""
    net = ng.MLP(
        [ng.Affine(2, 40), ng.Tanh(), ng.Affine(40, 40), ng.Tanh(), ng.Affine(40, 1)],
        dtype="float64",
    )
    net.initialize(ng.Stream(3))
    tape, losses = net.tape(len(points)), []
    for t in range(1, steps + 1):
        a = net.forward(points, tape)
        losses.append(np.logaddexp(0, np.where(label == 1, -a, a)).mean())
        backward(net, (1 / (1 + np.exp(-a)) - label) / len(points), tape)
        step(net, t)
        net.version += 1  # θ has changed: tapes of earlier passes are stale
    return losses, net


def plain():
    return lambda net, t: np.add(net.theta, -0.3 * net.grad, out=net.theta)


def with_momentum():
    state = {}

    def step(net, t):
        v = state.setdefault("v", np.zeros_like(net.theta))
        momentum_step(net.theta, v, net.grad, 0.3, 0.9)

    return step


def with_adam():
    state = {}

    def step(net, t):
        m, v = (state.setdefault(name, np.zeros_like(net.theta)) for name in "mv")
        adam_step(net.theta, m, v, net.grad, t, rate=3e-3)

    return step


figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
for name, make in (("plain", plain), ("momentum", with_momentum), ("Adam", with_adam)):
    losses, net = train(make())
    left.semilogy(losses, label=name)
left.set(xlabel="step", ylabel="loss (nats)")
left.legend()
ticks = np.linspace(-1.4, 1.4, 80)
plane = np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2)
logits = net.forward(plane, net.tape(len(plane))).reshape(80, 80)
right.contourf(ticks, ticks, logits, levels=[-99, 0, 99], alpha=0.3)
right.scatter(*points.T, c=label[:, 0], s=6)
right.set(title="Adam: where the logit is > 0", aspect="equal")
plt.show()

# %% [markdown]
# ## To think about
#
# 1. `tape.layers[l].gx` and `tape.layers[l - 1].gy` are one array. What would go wrong in a layer
#    whose `backward` changes `gy` in place before `backward_params` has read it?
# 2. Multiply the loss by 1000. Which of the three optimizers takes the same steps as before?
# 3. Two networks share one counter $t$ for Adam, and each step of either adds 1. Which number in
#    the formula is wrong then, and for how long does it matter? (You will meet this patient in
#    lesson 7.)
