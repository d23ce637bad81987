"""Annealed importance sampling: log p(x) of a generator with Gaussian noise on its output, bounded
from both sides.

Wu, Burda, Salakhutdinov and Grosse 2017, "On the Quantitative Analysis of Decoder-Based Generative
Models"; Neal 2001 (AIS), Grosse, Ghahramani and Adams 2015 (bidirectional Monte Carlo). The model
is p(x) = ∫ p_z(z) N(x; G(z), σ²I) dz; the chain walks from the prior (t = 0) to the posterior (t =
T) through p_t(u) ∝ p(u) exp(β_t ℓ(u)), ℓ(u) = log N(x; G(z(u)), σ²I).

The bounds of the uniform prior never meet Hamiltonian dynamics: it moves u ∈ Rⁿ, of which z is a
smooth function with exactly the noise prior as its distribution (see `Uniform`), so log p(x) is the
same integral, Jacobian included.
"""

import math

import numpy

from ..theory.densities import log_sum_exp

VARIANCE = 0.025  # σ² of Wu et al.
CHAINS = 16  # whose weights count, for each example
LEAPFROGS = 10
_PILOTS = 4  # chains more, whose weights don't count: they alone set the step size
_STEP, _FASTER, _SLOWER, _ACCEPTANCE = 0.1, 1.02, 0.98, 0.65


class Gaussian:
    """z = u, u ~ N(0, I)."""

    @staticmethod
    def draw(out, stream):
        stream.normal(out)

    @staticmethod
    def z(u):
        """z(u) and its derivative."""
        return u, 1.0

    @staticmethod
    def log_density(u):
        """log p(u) of each row up to a constant, and its gradient."""
        return -0.5 * numpy.einsum("ij,ij->i", u, u), -u


class Uniform:
    """z = √3 tanh(u/2), where each u is logistic, p(u) = σ(u) σ(−u): then z is uniform on (−√3,
    √3).

    p(u) is the uniform density times |dz/du|: the change of variables is in it.
    """

    @staticmethod
    def draw(out, stream):
        stream.uniform(out, 0.0, 1.0)
        # The quantile function of the logistic distribution
        out[...] = numpy.log(out) - numpy.log1p(-out)

    @staticmethod
    def z(u):
        """z(u) and its derivative."""
        t = numpy.tanh(u / 2)
        return math.sqrt(3) * t, math.sqrt(3) / 2 * (1 - t * t)

    @staticmethod
    def log_density(u):
        """log p(u) of each row, and its gradient."""
        far = numpy.abs(u)
        return -(far + 2 * numpy.log1p(numpy.exp(-far))).sum(1), -numpy.tanh(u / 2)


PRIORS = {"gaussian": Gaussian, "uniform": Uniform}


class Likelihood:
    """ℓ(u) = log N(x; G(z(u)), σ²I) in nats and ∂ℓ/∂u, by G's hand-written input gradient: all rows
    in one pass.

    x (rows, d) on the host, pixels in [0, 1];  variance  σ²
    """

    def __init__(self, G, prior, x, variance=VARIANCE):
        self.G, self.prior, self.x, self.variance = G, prior, x.astype(G.dtype), variance
        self.tape = G.tape(len(x), training=False)
        self.constant = -0.5 * G.n_out * math.log(2 * math.pi * variance)

    def __call__(self, u):
        z, dz = self.prior.z(u)
        self.tape.x[...] = z
        residual = self.x - self.G.forward(self.tape.x, self.tape)  # (rows, d)
        square = numpy.einsum("ij,ij->i", residual, residual, dtype="float64")
        residual /= self.variance  # ∂ℓ/∂G(z)
        return self.constant - 0.5 * square / self.variance, self.G.backward(
            residual, self.tape, params=False
        ) * dz


def schedule(steps):
    """β_0 = 0, …, β_T = 1, T = `steps`, sigmoidal: dense at both ends (Wu et al., section 3)."""
    s = 1 / (1 + numpy.exp(-numpy.linspace(-4, 4, steps + 1)))
    return (s - s[0]) / (s[-1] - s[0])


class Chains:
    """Hamiltonian Monte Carlo on p(u) exp(β ℓ(u)) from the rows of u (rows, n), float64, all rows
    at a time.
    """

    def __init__(self, likelihood, prior, u, stream):
        self.likelihood, self.prior, self.u, self.stream = likelihood, prior, u, stream
        self.value, self.gradient = likelihood(u)  # ℓ and ∂ℓ/∂u where the chains are

    def move(self, beta, step):
        """One transition that leaves p_β as it is: LEAPFROGS steps of size `step` (rows,), then
        accept or reject.

        Returns each row's probability of acceptance. A trajectory that leaves the numbers is
        rejected.
        """
        step = step[:, None]
        momentum, threshold = numpy.empty_like(self.u), numpy.empty(len(self.u))
        self.stream.normal(momentum)
        self.stream.uniform(threshold, 0.0, 1.0)
        u, value, gradient = self.u.copy(), self.value, self.gradient
        log_p, slope = self.prior.log_density(u)
        before = log_p + beta * value - 0.5 * numpy.einsum("ij,ij->i", momentum, momentum)
        for _ in range(LEAPFROGS):
            momentum += 0.5 * step * (slope + beta * gradient)
            u += step * momentum
            value, gradient = self.likelihood(u)
            log_p, slope = self.prior.log_density(u)
            momentum += 0.5 * step * (slope + beta * gradient)
        after = log_p + beta * value - 0.5 * numpy.einsum("ij,ij->i", momentum, momentum)
        probability = numpy.nan_to_num(numpy.exp(numpy.minimum(after - before, 0.0)), nan=0.0)
        accepted = threshold < probability
        self.value = numpy.where(accepted, value, self.value)
        self.u = numpy.where(accepted[:, None], u, self.u)
        self.gradient = numpy.where(accepted[:, None], gradient, self.gradient)
        return probability


def forward(G, noise, x, betas, stream, chains=CHAINS, variance=VARIANCE, progress=lambda: None):
    """From the prior to the posterior: log weights (examples, chains), whose `log_mean` bounds log
    p(x) from below in the mean.

    E[exp(log weight)] = p(x), exactly.  x (examples, d);  noise "uniform" or "gaussian";  progress
    called after each β.

    Also the step sizes (T − 1, examples) and the mean probability of acceptance. The step size is
    adapted as by Wu et al.: × 1.02 if more than 65 % are accepted, else × 0.98. A transition that
    depends on the chain's own past would spoil the equation above, so it is a few pilot chains,
    whose weights don't count, that set the step size for the others.
    """
    prior, width = PRIORS[noise], chains + _PILOTS
    u = numpy.empty((len(x) * width, G.n_in))
    prior.draw(u, stream)
    walk = Chains(Likelihood(G, prior, numpy.repeat(x, width, 0), variance), prior, u, stream)
    weights, steps, accepted = (
        numpy.zeros((len(x), width)),
        numpy.full((len(betas) - 1, len(x)), _STEP),
        [],
    )
    with numpy.errstate(over="ignore", invalid="ignore"):  # of trajectories that will be rejected
        for t in range(1, len(betas)):
            weights += (betas[t] - betas[t - 1]) * walk.value.reshape(weights.shape)
            if t < len(betas) - 1:
                probability = walk.move(betas[t], numpy.repeat(steps[t - 1], width)).reshape(
                    weights.shape
                )
                steps[t] = steps[t - 1] * numpy.where(
                    probability[:, :_PILOTS].mean(1) > _ACCEPTANCE, _FASTER, _SLOWER
                )
                accepted.append(probability[:, _PILOTS:].mean())
            progress()
    return weights[:, _PILOTS:], steps[:-1], float(numpy.mean(accepted)) if accepted else 1.0


def backward(
    G, noise, x, u, betas, steps, stream, chains=CHAINS, variance=VARIANCE, progress=lambda: None
):
    """From the posterior to the prior: log weights (examples, chains) with E[exp(−log weight)] =
    1/p(x), an upper bound.

    u (examples, n_z)  an exact posterior sample for each x, what x was simulated from;  steps
                       those of `forward`
    """
    prior = PRIORS[noise]
    walk = Chains(
        Likelihood(G, prior, numpy.repeat(x, chains, 0), variance),
        prior,
        numpy.repeat(u, chains, 0),
        stream,
    )
    weights = numpy.zeros((len(x), chains))
    with numpy.errstate(over="ignore", invalid="ignore"):
        for t in range(len(betas) - 1, 0, -1):
            weights += (betas[t] - betas[t - 1]) * walk.value.reshape(weights.shape)
            if t > 1:
                walk.move(betas[t - 1], numpy.repeat(steps[t - 2], chains))
            progress()
    return weights


def log_mean(weights):
    """log (1/chains) Σ exp(log weight) of each row: the estimate of log p(x) in nats."""
    return log_sum_exp(weights) - math.log(weights.shape[1])


def simulate(G, noise, n, stream, variance=VARIANCE):
    """n draws of the model itself: x = G(z(u)) + σ ε (n, d), and their u (n, n_z), exact samples of
    the posterior of x.
    """
    prior, u, error = PRIORS[noise], numpy.empty((n, G.n_in)), numpy.empty((n, G.n_out))
    prior.draw(u, stream)
    stream.normal(error)
    z = prior.z(u)[0].astype(G.dtype)
    return G.forward(z, G.tape(n, training=False)) + math.sqrt(variance) * error, u


def gap(G, noise, n, betas, stream, chains=CHAINS, variance=VARIANCE, progress=lambda: None):
    """Bidirectional Monte Carlo: lower and upper bounds (n,) of log p(x) for n simulated x.

    In the mean, AIS is off by no more than their difference.
    """
    x, u = simulate(G, noise, n, stream, variance)
    weights, steps, _ = forward(G, noise, x, betas, stream, chains, variance, progress)
    back = backward(G, noise, x, u, betas, steps, stream, chains, variance, progress)
    return log_mean(weights), -log_mean(-back)
