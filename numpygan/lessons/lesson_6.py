# %% [markdown]
# # Lesson 6. Is it any good?
#
# At most 45 minutes. The pictures take about a minute to run. After this lesson you can
#
# * compute the best possible D, the Jensen–Shannon divergence, and what they say about $V$;
# * average the iterates of G, and say why the recipes draw their samples from the average;
# * read the curves of a GAN, and know what they cannot tell;
# * use a Parzen window estimate, and show how it lies.

# %%
import matplotlib.pyplot as plt
import numpy as np

import numpygan as ng
from numpygan.data.dataset import load
from numpygan.lessons import check

# %% [markdown]
# ## 1. The best D
#
# For fixed G, with $p$ for $p_{\mathrm{data}}$ and $q$ for $p_g$,
#
# $$ V(D, G) = \int p(x) \log D(x) + q(x) \log(1 - D(x))\, dx . $$
#
# At each $x$ this is $p \log D + q \log(1 - D)$. Its derivative, $p/D - q/(1 - D)$, is 0 at
#
# $$ D^*(x) = \frac{p(x)}{p(x) + q(x)} \qquad \text{(Proposition 1)} . $$
#
# Densities are arrays here: their values at grid points. Where both are 0, let $D^* = 1/2$.


# %%
def optimal_discriminator(p, q):
    """D* at each point; 1/2 where both densities are 0."""
    # BEGIN SOLUTION
    total = p + q
    return np.where(total > 0, p / np.where(total > 0, total, 1), 0.5)
    # END SOLUTION


# %%
check(optimal_discriminator)

# %% [markdown]
# ## 2. The value of V at the best D
#
# Put $D^*$ into $V$, and call the result $C(G)$. With $\mathrm{mid} = (p + q)/2$ we have
# $D^* = p/(2\,\mathrm{mid})$, and
#
# $$ C(G) = \int p \log \frac{p}{2\,\mathrm{mid}} + \int q \log \frac{q}{2\,\mathrm{mid}}
#         = -\log 4 + 2\, \mathrm{JSD}, $$
#
# $$ \mathrm{JSD}(p \,\|\, q) = \tfrac12 \int p \log \frac{p}{\mathrm{mid}}
#                             + \tfrac12 \int q \log \frac{q}{\mathrm{mid}} . $$
#
# The JSD is 0 if and only if $p = q$ (Theorem 1). It is never more than $\log 2$: that is reached
# when $p$ and $q$ do not overlap. An integral is a sum over the grid, times its spacing $dx$. Where
# $p = 0$, the integrand $p \log(\dots)$ is 0.


# %%
def jsd(p, q, dx):
    """JSD(p ‖ q) in nats, of densities on a grid with spacing dx."""
    # BEGIN SOLUTION
    mid = (p + q) / 2

    def kl(f):
        there = f > 0
        return (f[there] * np.log(f[there] / mid[there])).sum() * dx

    return (kl(p) + kl(q)) / 2
    # END SOLUTION


# %%
check(jsd)

# %%
line = np.linspace(-6, 6, 1201)
dx = line[1] - line[0]


def normal(mean, std):
    return np.exp(-((line - mean) ** 2) / (2 * std**2)) / (std * np.sqrt(2 * np.pi))


p = (normal(-1.5, 0.5) + normal(1.5, 0.5)) / 2
shifts = np.linspace(-4, 4, 81)
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.5))
q = normal(0.5, 1)
for curve, name in (
    (p, r"$p_{\mathrm{data}}$"),
    (q, "$p_g$"),
    (optimal_discriminator(p, q), "$D^*$"),
):
    left.plot(line, curve, label=name)
left.legend()
right.plot(shifts, [-np.log(4) + 2 * jsd(p, normal(s, 0.5), dx) for s in shifts])
right.axhline(-np.log(4), ls=":", color="gray")
right.axhline(0, ls=":", color="gray")
right.set(xlabel="mean of $p_g$ (one mode)", ylabel="C(G), between −log 4 and 0")
plt.show()

# %% [markdown]
# $C(G)$ has two minima here, and neither is the optimum, $-\log 4$: a $p_g$ that covers one of two
# modes is a local minimum.
#
# ## 3. The average of G's iterates
#
# The parameters after one iteration are called an *iterate*. The iterates of G never come to rest:
# each step of D moves the goal of G, and each minibatch is different. Their running average is
# calmer. After iteration $t = 1, 2, \dots$
#
# $$ \bar\theta_t = \beta_t\, \bar\theta_{t-1} + (1 - \beta_t)\, \theta_t, \qquad
#    \beta_t = \min\left(\beta, \frac{t - 1}{t + 2}\right) . $$
#
# * $\beta_1 = 0$, so $\bar\theta_1 = \theta_1$. While $\beta_t$ is small, the average forgets
#   fast: the first iterates are bad.
# * Later $\beta_t = \beta$. With $\beta = 0.998$ about the last $1/(1 - \beta) = 500$ iterates
#   count.
# * Training never reads $\bar\theta$. Samples come from a copy of G that has these parameters.


# %%
def average_step(mean, theta, t, beta):
    """Take θ_t into the average θ̄: changes `mean` in place, and only reads `theta`."""
    # BEGIN SOLUTION
    beta_t = min(beta, (t - 1) / (t + 2))
    mean *= beta_t
    mean += (1 - beta_t) * theta
    # END SOLUTION


# %%
check(average_step)

# %% [markdown]
# ## 4. A GAN's curves, beside the truth
#
# Now a real GAN learns $p$. The density of $G(z)$ comes from a histogram of many samples. So we
# know $C(G)$, for the last iterate and for the average. We compare it with what a training prints:
# $V$, mean $D(x)$, mean $D(G(z))$.


# %%
class TwoModes:
    rng = np.random.default_rng(0)

    def minibatch(self, out):
        side = self.rng.choice([-1.5, 1.5], size=out.shape)
        out[...] = side + 0.5 * self.rng.normal(size=out.shape)


streams = ng.streams(1)
G = ng.MLP([ng.Affine(1, 32), ng.Tanh(), ng.Affine(32, 32), ng.Tanh(), ng.Affine(32, 1)])
D = ng.MLP([ng.Affine(1, 64, scale=3), ng.Tanh(), ng.Affine(64, 64), ng.Tanh(), ng.Affine(64, 1)])
for net in (G, D):
    net.initialize(streams["init"])
p_z = ng.Noise("gaussian", streams["noise"])
game = ng.algorithm1(
    G, D, TwoModes(), p_z, ng.Adam(G, 1e-3), ng.Adam(D, 1e-3), streams["dropout"], m=128, k=2
)
many, seen = np.empty((20000, 1), "float32"), []
ng.Noise("gaussian", streams["sample"]).minibatch(many)
edges = np.linspace(-6, 6, 121)
p_cells = p[5::10]  # at the middle of each cell of the histogram


def samples_and_c(net):
    samples = net.forward(many, net.tape(len(many)))[:, 0]
    q_cells = np.histogram(samples, edges, density=True)[0]
    return samples, -np.log(4) + 2 * jsd(p_cells, q_cells, 0.1)


averaged = G.copy()
for iteration in range(1, 4001):
    played = next(game)
    average_step(averaged.theta, G.theta, iteration, 0.998)
    if iteration % 100 == 0:
        samples, c = samples_and_c(G)
        seen.append(
            (iteration, c, samples_and_c(averaged)[1], played.V, played.D_real, played.D_fake)
        )
iterations, c, c_mean, v, d_x, d_gz = np.array(seen).T
for name, curve in (("the last iterate", c), ("the average", c_mean)):
    late = curve[20:]  # the second half
    print(f"C(G) of {name:16}: mean {late.mean():.3f}, standard deviation {late.std():.3f}")
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(14, 3.5))
left.plot(iterations, c, label="C(G): the truth")
left.plot(iterations, c_mean, label="C(G) of the average")
left.plot(iterations, v, label="V on a minibatch")
left.axhline(-np.log(4), ls=":", color="gray")
left.legend()
middle.plot(iterations, d_x, label="mean D(x)")
middle.plot(iterations, d_gz, label="mean D(G(z))")
middle.legend()
right.plot(line, p, label=r"$p_{\mathrm{data}}$")
right.hist(samples, edges, density=True, alpha=0.5, label="G(z)")
right.legend()
plt.show()

# %% [markdown]
# Three rules for reading such curves:
#
# * $V \le C(G)$ up to the noise of the minibatch, since $D^*$ is the best D. So $V$ far above
#   $-\log 4$ proves that $p_g \ne p_{\mathrm{data}}$.
# * $V$ near $-\log 4$ proves nothing. Perhaps G is good; perhaps D is bad.
# * $V$ near 0 and $D(G(z))$ near 0: D has won. With the saturating loss G learns nothing any more.
#
# **The average.** Read the two printed lines. In the second half, the average has a lower $C(G)$
# than the iterates have, and it swings less. But it comes late: after a change it still holds
# several hundred old iterates. A larger $\beta$ is calmer and later.
#
# **When to stop.** Look for the iteration where $C(G)$ is least, the truth. Does any of the other
# curves show it? In our run none does. So measure the *samples*, against held-out data, and keep
# the best state.
#
# ## 5. The Parzen window
#
# The paper's Table 1 puts a Gaussian on each of $n$ samples $s_j$ of G, and measures held-out data:
#
# $$ \log p(x) = \log \frac1n \sum_{j=1}^n e^{-\|x - s_j\|^2 / 2\sigma^2}
#    - d \log(\sigma \sqrt{2\pi}) . $$
#
# $\sigma$ is chosen on validation data. For images $\|x - s_j\|^2/2\sigma^2$ is in the hundreds or
# more, where $e^{-\dots}$ becomes 0 and the logarithm $-\infty$. Take out the largest term first:
#
# $$ \log \sum_j e^{u_j} = M + \log \sum_j e^{u_j - M}, \qquad M = \max_j u_j . $$


# %%
def parzen(samples, points, sigma):
    """log p(x) in nats, (N,), of points (N, d) under Gaussians of width σ at samples (n, d)."""
    # BEGIN SOLUTION
    squares = (points**2).sum(1)[:, None] + (samples**2).sum(1) - 2 * points @ samples.T
    u = -squares / (2 * sigma**2)  # (N, n)
    largest = u.max(1)
    log_mean = largest + np.log(np.exp(u - largest[:, None]).mean(1))
    return log_mean - points.shape[1] * np.log(sigma * np.sqrt(2 * np.pi))
    # END SOLUTION


# %%
check(parzen)

# %% [markdown]
# ## 6. How it lies: MNIST
#
# We measure 1,000 held-out digits under three sets of 2,000 "samples":
#
# * real training digits: no generator can be better;
# * blurred ones: each is the mean of 5 training digits that are near to each other;
# * a GAN that has trained for a few seconds.

# %%
mnist = load("mnist")
train, test = mnist.train.astype("float32") / 255, mnist.test[:1000].astype("float32") / 255
rng = np.random.default_rng(0)
real = train[rng.permutation(len(train))[:2000]]
pool = train[rng.permutation(len(train))[:10000]]
squares = (pool**2).sum(1) - 2 * real @ pool.T
near = np.argpartition(squares, 5, axis=1)[:, :5]
blurred = pool[near].mean(1)

streams = ng.streams(0)
G = ng.MLP([ng.Affine(32, 256), ng.ReLU(), ng.Affine(256, 784), ng.Sigmoid()])
D = ng.MLP([ng.Affine(784, 128), ng.LeakyReLU(0.2), ng.Dropout(0.7), ng.Affine(128, 1)])
for net in (G, D):
    net.initialize(streams["init"])
p_z = ng.Noise("uniform", streams["noise"])
game = ng.algorithm1(
    G,
    D,
    ng.Shuffled(mnist.train, streams["data"]),
    p_z,
    ng.Adam(G, 1e-3),
    ng.Adam(D, 5e-4),
    streams["dropout"],
    m=100,
)
for _ in range(2500):
    next(game)
z = np.empty((2000, 32), "float32")
ng.Noise("uniform", streams["sample"]).minibatch(z)
gan = G.forward(z, G.tape(2000)).copy()

figure, rows = plt.subplots(3, 12, figsize=(12, 3.4))
for row, (name, samples) in zip(rows, (("real", real), ("blurred", blurred), ("GAN", gan))):
    scores = {s: parzen(samples, test[:500], s).mean() for s in (0.12, 0.15, 0.18, 0.22, 0.27)}
    best = max(scores, key=scores.get)  # chosen on half of the points, measured on the others
    print(f"{name:8} {parzen(samples, test[500:], best).mean():8.1f} nats, σ = {best}")
    row[0].set_title(name, fontsize=9)
    for axes, image in zip(row, samples):
        axes.imshow(image.reshape(28, 28), cmap="gray_r")
        axes.axis("off")
plt.show()

# %% [markdown]
# Blurred digits score *above* real ones. A Parzen window does not know what a digit looks like: it
# rewards samples that lie in the middle between many digits. So a score above the score of real
# data does not mean better images. Never report a Parzen number without this row beside it.
#
# `numpygan evaluate` measures more: distances of features, precision and recall, neighbours. Each
# comes with a sentence that says how it can be fooled.
#
# ## To think about
#
# 1. $p$ and $q$ do not overlap. What is $\partial C(G)/\partial(\text{shift})$? Look at the ends of
#    your curve in part 2.
# 2. In part 4, $V$ stays near $-\log 4$ while $C(G)$ is far above it. What does this D not see?
#    Which settings would you change first?
# 3. Why is the average taken of $\theta$, and not of samples $G(z)$ of different iterates? For
#    which networks is it the same?
# 4. A generator that has stored the training set gets the score of the row "real". Which
#    measurement would find it out?
