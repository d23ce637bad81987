# %% [markdown]
# # Lesson 4. The game
#
# About 40 minutes. After this lesson you can
#
# * compute the value function $V(D, G)$ of a GAN without ever taking the logarithm of 0;
# * derive the slopes (the derivatives at the logit) that start the two backward passes;
# * send a gradient through D into G while D stands still.

# %%
import matplotlib.pyplot as plt
import numpy as np

import numpygan as ng
from numpygan.lessons import check

# %% [markdown]
# ## 1. V, at the logits
#
# The generator $G$ turns noise $z$ into samples $G(z)$. The discriminator $D$ says how probable it
# is that its input is data. They play (Goodfellow et al. 2014, Eq. 1)
#
# $$ \min_G \max_D\ V(D, G), \qquad
#    V = \frac1m \sum_{i=1}^m \left[ \log D(x_i) + \log(1 - D(G(z_i))) \right] . $$
#
# $D$ ends in a sigmoid: $D = \sigma(a)$. The number $a$ is called the *logit*.
#
# **Why log of a rounded sigmoid fails.** In float32, $\sigma(20)$ is exactly 1. Then $\log(1 - D)$
# is $\log 0 = -\infty$, and its gradient is not a number. A good discriminator often has such
# logits. So do the algebra first:
#
# $$ \log \sigma(a) = -\log(1 + e^{-a}) = \min(a, 0) - \log(1 + e^{-|a|}), \qquad
#    \log(1 - \sigma(a)) = \log \sigma(-a) . $$
#
# The exponent $-|a|$ is never positive, so nothing overflows. `np.log1p(u)` is $\log(1 + u)$,
# accurate also for small $u$.


# %%
def log_sigmoid(a):
    """log σ(a), finite and exact for every finite a, in the dtype of a."""
    # BEGIN SOLUTION
    return np.minimum(a, 0) - np.log1p(np.exp(-np.abs(a)))
    # END SOLUTION


# %%
check(log_sigmoid)

# %%
a = np.linspace(0, 120, 241, dtype="float32")
with np.errstate(all="ignore"):
    naive = np.log(1 - 1 / (1 + np.exp(-a)))
plt.plot(a, naive, "o", ms=3, label="log(1 − σ(a)) as printed, float32")
plt.plot(a, log_sigmoid(-a), label="your log σ(−a)")
plt.xlabel("logit a of a generated sample")
plt.ylabel("nats")
plt.legend()
plt.show()

# %% [markdown]
# The dots end near $a = 17$. From there on the printed formula gives $-\infty$.
#
# ## 2. The slopes of V
#
# With $\sigma' = \sigma(1 - \sigma)$:
#
# $$ \frac{\partial}{\partial a} \log \sigma(a) = 1 - \sigma(a), \qquad
#    \frac{\partial}{\partial a} \log (1 - \sigma(a)) = -\sigma(a) . $$
#
# The $\sigma'$ cancels. These derivatives with respect to the logit are called *slopes* here. The
# slope of a *wrong* answer does not vanish. With $1/m$ from the mean, the slopes are the $g^y$ that
# start D's backward pass. There are $m$ real and $m$ generated rows, so $m$ is the number of rows
# of *one* half.


# %%
def value_slopes(a_real, a_fake):
    """∂V/∂a_real and ∂V/∂a_fake, each (m, 1)."""
    # BEGIN SOLUTION
    m = len(a_real)
    return 1 / (1 + np.exp(a_real)) / m, -1 / (1 + np.exp(-a_fake)) / m
    # END SOLUTION


# %%
check(value_slopes)

# %% [markdown]
# ## 3. D's step: one pass over both halves
#
# The real and the generated rows go through D in *one* pass over $2m$ rows. D's adjoints sum over
# the rows, so one backward pass gives $\partial V / \partial \theta_d$. (Two passes work, too, if
# the second does not overwrite the cache or the gradient of the first. Public code gets this wrong
# again and again.)


# %%
def d_gradient(D, x, fake):
    """Write ∂V/∂θ_d into D.grad. x: m rows of data; fake: m rows of G. D ends at its logit."""
    m = len(x)
    tape = D.tape(2 * m)
    a = D.forward(np.concatenate([x, fake]), tape)  # (2m, 1), first the real rows
    # BEGIN SOLUTION
    D.backward(np.concatenate(value_slopes(a[:m], a[m:])), tape)
    # END SOLUTION


# %%
check(d_gradient)

# %% [markdown]
# ## 4. G's step: through D, into G
#
# G descends a loss of its own. The paper prints two:
#
# $$ L_{\mathrm{sat}} = \frac1m \sum \log(1 - D(G(z))), \qquad
#    L_{\mathrm{non}} = -\frac1m \sum \log D(G(z)) , $$
#
# $$ \frac{\partial L_{\mathrm{sat}}}{\partial a} = -\frac{\sigma(a)}{m}, \qquad
#    \frac{\partial L_{\mathrm{non}}}{\partial a} = -\frac{1 - \sigma(a)}{m} . $$
#
# Both want $a$ to rise. They differ in *when* they push. Early on, D is sure that G's samples are
# generated: $a \to -\infty$, $\sigma(a) \to 0$. Then the first slope vanishes. The second one is
# largest.


# %%
def g_slope(a, loss):
    """∂L/∂a (m, 1) for loss "saturating" or "non_saturating"."""
    # BEGIN SOLUTION
    if loss == "saturating":
        return -1 / (1 + np.exp(-a)) / len(a)
    return -1 / (1 + np.exp(a)) / len(a)
    # END SOLUTION


# %%
check(g_slope)

# %%
a = np.linspace(-8, 8, 200)[:, None]
for loss in ("saturating", "non_saturating"):
    plt.plot(a, -len(a) * g_slope(a, loss), label=loss)
plt.xlabel("logit a of a generated sample (left: D is sure)")
plt.ylabel("push on a, times m")
plt.legend()
plt.show()

# %% [markdown]
# The gradient goes back through D to D's *input*. That is $\partial L/\partial G(z)$, the $g^y$ of
# G's backward pass. D is a part of the function here, but it does not move: only $\theta_g$ is
# learned in this step. `D.backward(gy, tape, params=False)` returns $g^x$ and leaves `D.grad` as it
# is.


# %%
def g_gradient(G, D, z, loss):
    """Write ∂L/∂θ_g into G.grad; leave D.grad as it is."""
    pass_g, pass_d = G.tape(len(z)), D.tape(len(z))
    fake = G.forward(z, pass_g)
    a = D.forward(fake, pass_d)
    # BEGIN SOLUTION
    gx = D.backward(g_slope(a, loss), pass_d, params=False)
    G.backward(gx, pass_g)
    # END SOLUTION


# %%
check(g_gradient)

# %% [markdown]
# ## 5. The game, seen
#
# Here D is good and G is bad. The arrows show where each loss pushes the samples: $-g^x$ of D.

# %%
G = ng.MLP([ng.Affine(2, 16), ng.Tanh(), ng.Affine(16, 2)], dtype="float64")
D = ng.MLP([ng.Affine(2, 32), ng.Tanh(), ng.Affine(32, 1)], dtype="float64")
for seed, net in enumerate((G, D)):
    net.initialize(ng.Stream(seed))
rng = np.random.default_rng(0)
move = ng.Momentum(D, learning_rate=0.2, momentum=0.5)
for _ in range(60):
    x = rng.normal(size=(64, 2)) * 0.3 + 2
    z = rng.normal(size=(64, 2))
    d_gradient(D, x, G.forward(z, G.tape(64)))
    move.ascend()
fake = G.forward(z, G.tape(64)).copy()
figure, both = plt.subplots(1, 2, figsize=(10, 4.5), sharex=True, sharey=True)
for axes, loss in zip(both, ("saturating", "non_saturating")):
    tape = D.tape(64)
    push = -D.backward(g_slope(D.forward(fake, tape), loss), tape, params=False)
    axes.scatter(*x.T, s=8, label="data")
    axes.quiver(*fake.T, *push.T, angles="xy", scale_units="xy", scale=0.03, width=0.004)
    axes.scatter(*fake.T, s=8, label="G(z)")
    axes.set_title(f"{loss}: mean push {np.linalg.norm(push, axis=1).mean():.2g}")
both[0].legend()
plt.show()

# %% [markdown]
# ## To think about
#
# 1. At which $D$ do the two losses of G push equally hard? What does this say about the end of a
#    training, where $D \approx 1/2$?
# 2. Someone lets D end with a `Sigmoid` layer and starts its backward pass with $1/D$ and
#    $-1/(1-D)$. On paper that is the same. Where does it break?
# 3. In G's step, `params=False` saves work. Which products does it leave out?
