# %% [markdown]
# # Lesson 2. Nonlinearities
#
# About 40 minutes. After this lesson you can
#
# * write the backward pass of ReLU, sigmoid, maxout and dropout;
# * say what happens at a kink, at a tie, and where a sigmoid is saturated;
# * add a layer of your own to numpygan.
#
# All these layers work on each number alone (maxout: on small groups of numbers). So nearly all
# entries of their Jacobian are zero, and nobody writes it down: the backward pass is an elementwise
# product.

# %%
import matplotlib.pyplot as plt
import numpy as np

import numpygan as ng
from numpygan.lessons import check

# %% [markdown]
# ## 1. ReLU
#
# $$ y = \max(x, 0), \qquad g^x = g^y \odot [x > 0] . $$
#
# $\odot$ is the elementwise product. $[x > 0]$ is 1 where $x > 0$, and 0 elsewhere. At $x = 0$
# there is a *kink*: no derivative exists. We agree on 0. Random numbers never hit a kink. Zeros in
# data and zero biases do.
#
# The mask comes from $x$. The sign of the *gradient* does not matter.


# %%
def relu_backward(x, gy):
    """gx for y = max(x, 0); at x = 0 the derivative is 0."""
    # BEGIN SOLUTION
    return gy * (x > 0)
    # END SOLUTION


# %%
check(relu_backward)

# %% [markdown]
# ## 2. Sigmoid, as a layer of numpygan
#
# $$ y = \sigma(x) = \frac{1}{1 + e^{-x}}, \qquad
#    \sigma' = \frac{e^{-x}}{(1 + e^{-x})^2} = y(1 - y), \qquad g^x = g^y \odot y \odot (1 - y) . $$
#
# A layer is a class with `forward` and `backward`. It keeps nothing in `self`: the arrays of one
# pass are on the tape `t` of this pass. `forward` reads `x` and fills `t.y`. `backward` reads `gy`
# (and `t.x`, `t.y`) and fills `t.gx`. These arrays exist already, so write *into* them:
# `t.y[...] = …`. (A method may also return its result; numpygan then copies it into the array.)


# %%
class MySigmoid(ng.Layer):
    def forward(self, x, t):
        # BEGIN SOLUTION
        t.y[...] = 1 / (1 + np.exp(-x))
        # END SOLUTION

    def backward(self, gy, t):
        # BEGIN SOLUTION
        t.gx[...] = gy * t.y * (1 - t.y)
        # END SOLUTION


# %%
check(MySigmoid)

# %% [markdown]
# **Saturation.** $\sigma'$ is at most 1/4, and it falls like $e^{-|x|}$. The layers before a
# saturated sigmoid get almost no gradient and learn almost nothing. Remember this picture for
# lesson 4.

# %%
net = ng.MLP([ng.Affine(1, 1), MySigmoid()], dtype="float64")
net.layers[0].W[...] = 1
line = np.linspace(-12, 12, 241)[:, None]
tape = net.tape(len(line))
net.forward(line, tape)
slope = net.backward(np.ones_like(line), tape)
plt.semilogy(line, slope, label="your backward pass, gy = 1")
plt.semilogy(line, np.exp(-np.abs(line)), ":", label="$e^{-|x|}$")
plt.xlabel("x")
plt.ylabel("$\\sigma'(x)$")
plt.legend()
plt.show()

# %% [markdown]
# ## 3. Maxout
#
# A maxout unit takes the largest of several inputs, here of two. The input has $2n$ columns: first
# $n$ columns $u$, then $n$ columns $v$ (`x[:, :n]` and `x[:, n:]`).
#
# $$ y = \max(u, v), \qquad g^u = g^y \odot [u \ge v], \qquad g^v = g^y \odot [v > u] . $$
#
# The whole gradient goes to the winner, and none to the loser. At a *tie* the first piece wins,
# alone. If both pieces got the gradient, it would count twice.


# %%
class MyMaxout(ng.Layer):
    """Maxout of two pieces: x (m, 2n) -> y (m, n)."""

    def width(self, n_in):
        return n_in // 2

    def forward(self, x, t):
        n = x.shape[1] // 2
        u, v = x[:, :n], x[:, n:]
        # The checker gives complex numbers: only their real parts may decide who wins.
        t.y[...] = np.where(u.real >= v.real, u, v)

    def backward(self, gy, t):
        n = gy.shape[1]
        # BEGIN SOLUTION
        first = t.x[:, :n] >= t.x[:, n:]
        t.gx[:, :n] = gy * first
        t.gx[:, n:] = gy * ~first
        # END SOLUTION


# %%
check(MyMaxout)

# %% [markdown]
# ## 4. Dropout
#
# Dropout multiplies each number with a random one: $1/p$ with probability $p$, else 0.
#
# $$ y = x \odot r, \qquad E[r] = 1, \qquad g^x = g^y \odot r . $$
#
# Here $p$ is the probability to *keep* a number. Because of $1/p$ the mean of $y$ is $x$, and
# nothing has to be rescaled at test time.
#
# The mask $r$ is a part of the function. Forward and backward must see the *same* $r$. So we draw
# it once, before both, and keep it. Your function makes $r$ from uniform numbers in $[0, 1)$.


# %%
def dropout_mask(uniform, keep):
    """r, as large as `uniform`: 1/keep where a number of `uniform` is below keep, else 0."""
    # BEGIN SOLUTION
    return (uniform < keep) / keep
    # END SOLUTION


# %%
check(dropout_mask)

# %% [markdown]
# ## 5. All together
#
# The checker tries each layer alone, with a random $g^y$, and then the whole network. A mistake in
# one layer is found in that layer.

# %%
print(ng.gradcheck([ng.Affine(3, 8), MyMaxout(), ng.Affine(4, 5), MySigmoid(), ng.Affine(5, 1)]))

# %% [markdown]
# How do layers change a gradient on its way down? The same gradient goes through ten layers.

# %%
for name, kind in (("sigmoid", ng.Sigmoid), ("tanh", ng.Tanh), ("relu", ng.ReLU)):
    deep = [layer for _ in range(10) for layer in (ng.Affine(50, 50), kind())]
    net = ng.MLP(deep, dtype="float64")
    net.initialize(ng.Stream(1))
    tape = net.tape(100)
    ng.Stream(2).normal(tape.x)
    net.forward(tape.x, tape)
    net.backward(np.ones((100, 50)), tape)
    norms = [np.linalg.norm(t.gx) for t in tape.layers[::2]]
    plt.semilogy(range(1, 11), norms, "o-", label=name)
plt.xlabel("layer (10 is nearest to the loss)")
plt.ylabel("‖gx‖")
plt.legend()
plt.show()

# %% [markdown]
# ## To think about
#
# 1. A sigmoid loses at least a factor of 4 per layer. What does your picture say? Which part of it
#    comes from $W$?
# 2. ReLU's gradient at 0 could be 1 instead of 0. When would a training notice?
# 3. Somebody draws the dropout mask inside `forward` *and* again inside `backward`. The mean of
#    the gradient, over many draws, is then $g^y \cdot E[r]$, which looks fine. Why is it wrong for
#    a *nonlinear* network?
