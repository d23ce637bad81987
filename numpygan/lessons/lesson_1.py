# %% [markdown]
# # Lesson 1. One layer
#
# **Backprop by hand, up to a GAN.** About 40 minutes.
#
# After this lesson you can
#
# * derive the backward pass of $y = xW + b$ by yourself, and write it in three lines;
# * check any derivative to 15 digits with the complex step;
# * say why a finite difference cannot do that, whatever its step.
#
# You need the chain rule, matrix products, and a little NumPy.
#
# Fill in each place that says `Your code goes here`. The cell after it checks your code. In a
# terminal, `numpygan lesson check FILE` checks the whole file.

# %%
import matplotlib.pyplot as plt
import numpy as np

import numpygan as ng
from numpygan.lessons import check

# %% [markdown]
# ## 1. Forward
#
# A *minibatch* is a matrix $x$ of shape $(m, n_{\mathrm{in}})$. Each row is one example. An affine
# layer has a weight matrix $W$, shape $(n_{\mathrm{in}}, n_{\mathrm{out}})$, and a bias $b$, shape
# $(n_{\mathrm{out}},)$:
#
# $$ y = xW + \mathbf 1 b^\top, \qquad y_{ij} = \sum_k x_{ik} W_{kj} + b_j . $$
#
# $\mathbf 1$ is a column of $m$ ones: each row of $y$ gets the same $b$.


# %%
def affine_forward(x, W, b):
    """y = x W + 1 bᵀ.  x (m, n_in), W (n_in, n_out), b (n_out,); returns y (m, n_out)."""
    # BEGIN SOLUTION
    return x @ W + b  # (m, n_in)·(n_in, n_out) -> (m, n_out)
    # END SOLUTION


# %%
check(affine_forward)

# %% [markdown]
# ## 2. Backward
#
# Some number $L$ depends on $y$. We are given $g^y$, the matrix of all
# $g^y_{ij} = \partial L / \partial y_{ij}$. It has the shape of $y$. We want the same derivatives
# for $x$, $W$ and $b$. These are called the *adjoints* $g^x$, $g^W$, $g^b$. Each has the shape of
# its variable.
#
# **The weights.** $L$ depends on $W_{kj}$ through every $y_{ij}$ with this $j$: one for each
# example $i$. The chain rule adds up all paths, and $\partial y_{ij} / \partial W_{kj} = x_{ik}$:
#
# $$ g^W_{kj} = \sum_i g^y_{ij}\, \frac{\partial y_{ij}}{\partial W_{kj}}
#             = \sum_i x_{ik}\, g^y_{ij} = (x^\top g^y)_{kj} . $$
#
# **The bias.** $\partial y_{ij} / \partial b_j = 1$, so $g^b_j = \sum_i g^y_{ij}$: a sum over the
# rows.
#
# **The input.** $x_{ik}$ acts on all outputs $j$ of its own row $i$, and on no other row:
#
# $$ g^x_{ik} = \sum_j g^y_{ij}\, W_{kj} = (g^y W^\top)_{ik} . $$
#
# The shapes help to remember this. There is only one way to multiply $g^y$ and $W$ that gives the
# shape of $x$. But shapes prove nothing: if $n_{\mathrm{in}} = n_{\mathrm{out}}$, then $g^y W$
# fits, too.


# %%
def affine_backward(x, W, gy):
    """From gy = ∂L/∂y (m, n_out): returns gx (m, n_in), gW (n_in, n_out), gb (n_out,)."""
    # BEGIN SOLUTION
    gx = gy @ W.T  # (m, n_out)·(n_out, n_in) -> (m, n_in)
    gW = x.T @ gy  # (n_in, m)·(m, n_out) -> (n_in, n_out)
    gb = gy.sum(0)  # (m, n_out) -> (n_out,)
    return gx, gW, gb
    # END SOLUTION


# %%
check(affine_backward)

# %% [markdown]
# A common question: where is the mean over the minibatch? It is not here. The layer sums over the
# rows because the chain rule says so. If $L$ is a mean, then $1/m$ is already in $g^y$.
#
# ## 3. How do we know?
#
# We compare with a numerical derivative. The usual one is the central difference
#
# $$ f'(p) \approx \frac{f(p + \varepsilon) - f(p - \varepsilon)}{2\varepsilon} . $$
#
# For a function of many numbers: move one number at a time.


# %%
def central_difference(f, x, eps):
    """The gradient of f (array -> number) at the float array x, shape (n,): n differences.

    x must not be changed.
    """
    # BEGIN SOLUTION
    gradient = np.zeros(len(x))
    for i in range(len(x)):
        step = np.zeros(len(x))
        step[i] = eps
        gradient[i] = (f(x + step) - f(x - step)) / (2 * eps)
    return gradient
    # END SOLUTION


# %%
check(central_difference)

# %% [markdown]
# The central difference has two errors. *Truncation*: the Taylor series gives
# $\varepsilon^2 f'''(p)/6$. *Cancellation*: $f(p+\varepsilon)$ and $f(p-\varepsilon)$ are nearly
# equal, each is rounded to about $10^{-16} |f|$, and we divide by a small $2\varepsilon$. A smaller
# step makes the first error smaller and the second larger.
#
# **The complex step** subtracts nothing. Let $f$ be analytic. Move $p$ by an *imaginary* amount:
#
# $$ f(p + ih) = f(p) + ih f'(p) - \tfrac{1}{2} h^2 f''(p) - \dots
#    \qquad\Longrightarrow\qquad
#    f'(p) = \frac{\operatorname{Im} f(p + ih)}{h} + O(h^2) . $$
#
# The real part holds $f$, the imaginary part holds $hf'$. The two are never subtracted. So $h$ may
# be $10^{-30}$: then $h^2 = 10^{-60}$, and no rounding is added. There is nothing left to choose.
#
# An array of floats drops an imaginary part. `x.astype(complex)` is a copy that can hold one.


# %%
def complex_step(f, x, h=1e-30):
    """The gradient of f (array -> number, also for complex arrays) at the float array x (n,)."""
    # BEGIN SOLUTION
    gradient = np.zeros(len(x))
    for i in range(len(x)):
        moved = x.astype(complex)
        moved[i] += 1j * h
        gradient[i] = f(moved).imag / h
    return gradient
    # END SOLUTION


# %%
check(complex_step)

# %% [markdown]
# ## 4. Your own error curve
#
# The function is $L(W) = \sum_{ij} g_{ij} \tanh(xW + b)_{ij}$ for random $x$, $b$, $g$. The exact
# gradient comes from *your* `affine_backward`, with $\tanh' = 1 - \tanh^2$.

# %%
rng = np.random.default_rng(1)
x, b, g = rng.normal(size=(5, 3)), rng.normal(size=4), rng.normal(size=(5, 4))
W = rng.normal(size=(3, 4))


def loss(w):
    return (g * np.tanh(affine_forward(x, w.reshape(3, 4), b))).sum()


y = np.tanh(affine_forward(x, W, b))
_, gW, _ = affine_backward(x, W, g * (1 - y**2))
exact = gW.ravel()
steps = np.logspace(0, -16, 65)


def error(gradient):
    return max(np.abs(gradient - exact).max() / np.abs(exact).max(), 1e-17)


plt.loglog(steps, [error(central_difference(loss, W.ravel(), e)) for e in steps], label="central")
plt.loglog(steps, [error(complex_step(loss, W.ravel(), h)) for h in steps], label="complex step")
plt.gca().invert_xaxis()
plt.xlabel("step")
plt.ylabel("relative error of the gradient")
plt.legend()
plt.show()

# %% [markdown]
# Read your picture. From left to right the central difference falls with slope 2, reaches about
# $10^{-10}$ near $\varepsilon = 10^{-5}$, and rises again. The complex step falls with the same
# slope, and stays at $10^{-16}$. "Which ε is right?" is a question about the wrong method.
#
# ## 5. The examiner
#
# numpygan checks a layer with the complex step. Give it your two functions as a layer. Read what it
# says: in the column "tensor", x stands for the gradient $g^x$, W for $g^W$, and so on. Then put a
# mistake into `affine_backward`, run that cell and this one again, and read it once more.


# %%
class MyAffine(ng.Affine):
    def forward(self, x, t):
        t.y[...] = affine_forward(x, self.W, self.b)

    def backward(self, gy, t):
        t.gx[...] = affine_backward(t.x, self.W, gy)[0]

    def backward_params(self, gy, t):
        _, self.gW[...], self.gb[...] = affine_backward(t.x, self.W, gy)


print(ng.gradcheck([MyAffine(3, 4), ng.Tanh(), MyAffine(4, 2)]))

# %% [markdown]
# ## To think about
#
# 1. Why does a test with $\varepsilon = 10^{-7}$ and a tolerance of $10^{-7}$ pass a gradient
#    that is wrong by one part in $10^{8}$? Which mistakes are that small?
# 2. `abs(x)` of a complex number is its length. What does the complex step say about
#    $f(x) = |x|$ if $f$ is written with `abs`?
# 3. $g^x$ needs $W$, and $g^W$ needs $x$. What does that mean for the memory of a training step?
