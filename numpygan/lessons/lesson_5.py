# %% [markdown]
# # Lesson 5. Algorithm 1
#
# About 40 minutes. The pictures take about a minute to run. After this lesson you can
#
# * write the paper's Algorithm 1, and say its rules: which network is updated when, with which
#   gradient, on which data;
# * see a GAN learn, and measure how many modes it has found;
# * say what the loss of G, the number $k$ and the learning rates do.

# %%
import matplotlib.pyplot as plt
import numpy as np

import numpygan as ng
from numpygan.lessons import check


def sigma(a):
    return 1 / (1 + np.exp(-np.clip(a, -60, 60)))


# From lesson 4: the slopes at the logits.
def value_slopes(a_real, a_fake):
    return sigma(-a_real) / len(a_real), -sigma(a_fake) / len(a_fake)


def g_slope(a, loss):
    return -(sigma(a) if loss == "saturating" else sigma(-a)) / len(a)


# %% [markdown]
# ## 1. The algorithm
#
# * **for** number of training iterations **do**
#   * **for** $k$ steps **do**
#     * Sample a minibatch of $m$ noise samples $z$ from $p_z$.
#     * Sample a minibatch of $m$ examples $x$ from $p_{\mathrm{data}}$.
#     * Update D by *ascending* $\nabla_{\theta_d} \frac1m \sum [\log D(x) + \log(1 - D(G(z)))]$.
#   * Sample a minibatch of $m$ noise samples $z$ from $p_z$.
#   * Update G by *descending* its loss.
#
# The rules behind these lines:
#
# * each step of D has fresh $x$ and fresh $z$; G's step has a fresh $z$ again;
# * D's step moves $\theta_d$ alone; G's step moves $\theta_g$ alone;
# * G's step goes through the D that has just been *updated*;
# * dropout masks are drawn for each pass of D: `D.draw_masks(tape, mask_stream)` before its
#   `D.forward`.
#
# `p_z.minibatch(z)` fills `z` with fresh numbers, `p_data.minibatch(x)` fills `x`. `optimizer_d`
# and `optimizer_g` are the optimizers of D and G: `optimizer_d.ascend()` moves $\theta_d$ along
# `D.grad`, `optimizer_g.descend()` moves $\theta_g$ against `G.grad`.


# %%
def algorithm1(
    G, D, p_data, p_z, optimizer_g, optimizer_d, mask_stream, m=100, k=1, loss="saturating"
):
    """Algorithm 1. After each iteration it yields the logits (2m, 1) of D's last step."""
    pass_g, pass_d, pass_dg = G.tape(m), D.tape(2 * m), D.tape(m)  # pass_dg: D, in G's step
    z, x = np.empty((m, G.n_in), G.dtype), np.empty((m, D.n_in), D.dtype)
    while True:
        # BEGIN SOLUTION
        for _ in range(k):
            p_z.minibatch(z)
            p_data.minibatch(x)
            fake = G.forward(z, pass_g)
            D.draw_masks(pass_d, mask_stream)
            a = D.forward(np.concatenate([x, fake]), pass_d)
            D.backward(np.concatenate(value_slopes(a[:m], a[m:])), pass_d)
            optimizer_d.ascend()
        p_z.minibatch(z)
        fake = G.forward(z, pass_g)
        D.draw_masks(pass_dg, mask_stream)
        slope = g_slope(D.forward(fake, pass_dg), loss)
        G.backward(D.backward(slope, pass_dg, params=False), pass_g)
        optimizer_g.descend()
        # END SOLUTION
        yield pass_d.y


# %%
check(algorithm1)

# %% [markdown]
# The checker plays two iterations of your loop. Before every update it computes the gradient again
# by the complex step, from $\theta$, the minibatches and the dropout masks alone, and compares.
#
# ## 2. How many modes?
#
# The data are a ring of 8 narrow Gaussians. We count as PacGAN's authors do: a sample is *good* if
# it lies within $3\sigma$ of its nearest mode. A mode is *found* if it is nearest to at least one
# good sample.


# %%
def modes_found(samples, means, std):
    """samples (n, 2), means (modes, 2): (how many modes are found, the share of good samples)."""
    # BEGIN SOLUTION
    distance = np.linalg.norm(samples[:, None] - means, axis=2)  # (n, modes)
    nearest = distance.argmin(1)
    good = distance.min(1) <= 3 * std
    return len(np.unique(nearest[good])), good.mean()
    # END SOLUTION


# %%
check(modes_found)

# %% [markdown]
# ## 3. Ring and grid, live


# %%
class Mixture:
    """p_data: Gaussians of one σ at these means, all equally likely."""

    def __init__(self, means, std, seed):
        self.means, self.std = np.asarray(means), std
        self.rng = np.random.default_rng(seed)

    def minibatch(self, out):
        modes = self.rng.integers(len(self.means), size=len(out))
        out[...] = self.means[modes] + self.std * self.rng.normal(size=out.shape)


turns = 2 * np.pi * np.arange(8) / 8
RING = np.stack([np.cos(turns), np.sin(turns)], 1)
ticks = np.arange(-4.0, 5.0, 2.0)
GRID = np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2)


def play(means, std, iterations, marks=(), seed=0, rate_g=2e-3, rate_d=2e-3, **settings):
    """Train; returns samples at the iterations `marks` and at the end, and the history of V."""
    streams = ng.streams(seed)
    G = ng.MLP([ng.Affine(2, 64), ng.ReLU(), ng.Affine(64, 64), ng.ReLU(), ng.Affine(64, 2)])
    D = ng.MLP(
        [
            ng.Affine(2, 64),
            ng.LeakyReLU(0.2),
            ng.Affine(64, 64),
            ng.LeakyReLU(0.2),
            ng.Affine(64, 1),
        ]
    )
    for net in (G, D):
        net.initialize(streams["init"])
    noise = ng.Noise("uniform", streams["noise"])
    optimizers = ng.Adam(G, rate_g, 0.5), ng.Adam(D, rate_d, 0.5)
    game = algorithm1(
        G, D, Mixture(means, std, seed), noise, *optimizers, streams["dropout"], m=128, **settings
    )
    z = np.empty((2500, 2), "float32")
    ng.Noise("uniform", streams["sample"]).minibatch(z)
    shown, value = [], []
    for iteration in range(1, iterations + 1):
        a = next(game)
        value.append(np.log(sigma(a[:128])).mean() + np.log(sigma(-a[128:])).mean())
        for optimizer in optimizers:
            optimizer.learning_rate *= 0.9995
        if iteration in (*marks, iterations):
            shown.append((iteration, G.forward(z, G.tape(2500)).copy()))
    return shown, value


def show(axes, samples, means, std, title):
    found, good = modes_found(samples, means, std)
    axes.scatter(*means.T, s=90, facecolors="none", edgecolors="gray")
    axes.scatter(*samples.T, s=1)
    reach = 1.4 * np.abs(means).max()
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xticks=[], yticks=[])
    axes.set_title(f"{title}\n{found} modes, {good:.0%} good", fontsize=9)


marks = (100, 300, 600, 1200)
for name, means, std in (("ring", RING, 0.05), ("grid", GRID, 0.15)):
    shown, value = play(means, std, 4000, marks)
    figure, row = plt.subplots(1, 5, figsize=(13, 3))
    for axes, (iteration, samples) in zip(row, shown):
        show(axes, samples, means, std, f"{name}, iteration {iteration:,}")
    plt.show()

# %% [markdown]
# Look at the grid. At iteration 100 all 25 modes are "found": samples that lie everywhere hit every
# mode. The number of modes says nothing without the share of good samples. The grid needs a longer
# training and larger networks: `numpygan train grid` shows it.
#
# ## 4. The settings
#
# The loss of G; the steps $k$ of D; the balance of the learning rates. Same data, same seed.

# %%
settings = {
    "as above": {},
    "non-saturating": {"loss": "non_saturating"},
    "k = 3": {"k": 3},
    "D learns 20 times slower": {"rate_d": 1e-4},
    "both learn 10 times faster": {"rate_g": 2e-2, "rate_d": 2e-2},
}
figure, row = plt.subplots(1, 5, figsize=(13, 3))
curves = {}
for axes, (name, setting) in zip(row, settings.items()):
    shown, curves[name] = play(RING, 0.05, 2000, **setting)
    show(axes, shown[-1][1], RING, 0.05, name)
plt.show()
for name, value in curves.items():
    plt.plot(np.convolve(value, np.full(50, 0.02), "valid"), label=name)
plt.axhline(-np.log(4), color="gray", ls=":", label="−log 4: D cannot tell")
plt.xlabel("iteration")
plt.ylabel("V(D, G), mean of 50")
plt.legend(fontsize=8)
plt.show()

# %% [markdown]
# **Collapse.** G's loss asks for one thing only: that *this* D takes G's samples for data. If G
# puts all samples where D is largest, its loss is least, until D learns. Then all samples move to
# another place. In which of your pictures do you see this? $V$ does not show how many modes there
# are. Only a measure of the samples does.
#
# ## To think about
#
# 1. The paper's theory wants D to be at its optimum at each step of G. Why does nobody use
#    $k = 100$?
# 2. Your loop computes `fake` twice per iteration, once for each step. Why not once?
# 3. Change the seed in `play`. Which of the five settings give the same picture again? How many
#    seeds does a claim about GANs need?
