"""Annealed importance sampling: bounds of log p(x) for a generator with Gaussian output noise.

The model is p(x) = ∫ p_z(z) N(x; G(z), σ²I) dz. A chain moves from the prior (t = 0) to the
posterior (t = T) through p_t(u) ∝ p(u) exp(β_t ℓ(u)) with ℓ(u) = log N(x; G(z(u)), σ²I).

Hamiltonian dynamics needs an unbounded space, but the uniform prior is bounded. So the chain moves
u ∈ Rⁿ, and z is a smooth function of u whose distribution is exactly the noise prior (see
`Uniform`). log p(x) is the same integral, because the Jacobian is part of p(u).

Sources: Wu, Burda, Salakhutdinov and Grosse 2017, "On the Quantitative Analysis of Decoder-Based
Generative Models"; Neal 2001 (AIS); Grosse, Ghahramani and Adams 2015 (bidirectional Monte Carlo).
"""

import math

import numpy

from ..arrays import normal, uniform
from ..theory.densities import log_sum_exp

VARIANCE = 0.025  # σ² of Wu et al.
CHAINS = 16  # chains per example whose weights enter the estimate
LEAPFROGS = 10
_PILOTS = 4  # further chains per example, which only set the step size
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
    """z = √3 tanh(u/2) with logistic u, p(u) = σ(u) σ(−u): z is uniform on (−√3, √3).

    p(u) is the uniform density times |dz/du|, so it contains the change of variables.
    """

    @staticmethod
    def draw(out, stream):
        stream.uniform(out, 0.0, 1.0)
        # The quantile function of the logistic distribution.
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
    """ℓ(u) = log N(x; G(z(u)), σ²I) in nats and ∂ℓ/∂u, for all rows in one pass.

    ∂ℓ/∂u uses G's hand-written gradient for its input.

    x         (rows, d) on the host
    variance  σ²
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
        gradient = self.G.backward(residual, self.tape, params=False) * dz
        return self.constant - 0.5 * square / self.variance, gradient


def schedule(steps):
    """β_0 = 0, …, β_T = 1, T = `steps`: a sigmoid, dense at both ends (Wu et al., section 3)."""
    s = 1 / (1 + numpy.exp(-numpy.linspace(-4, 4, steps + 1)))
    return (s - s[0]) / (s[-1] - s[0])


class Chains:
    """Hamiltonian Monte Carlo on p(u) exp(β ℓ(u)); each row of u (rows, n), float64, is a chain."""

    def __init__(self, likelihood, prior, u, stream):
        self.likelihood, self.prior, self.u, self.stream = likelihood, prior, u, stream
        self.value, self.gradient = likelihood(u)  # ℓ and ∂ℓ/∂u at u

    def move(self, beta, step):
        """One transition that leaves p_β invariant: LEAPFROGS steps, then accept or reject.

        step  the step size (rows,)
        Returns each row's probability of acceptance. A trajectory that overflows is rejected.
        """
        step = step[:, None]
        momentum = normal(self.u.shape, self.stream)
        threshold = uniform(len(self.u), 0.0, 1.0, self.stream)
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
    """From the prior to the posterior: log weights (examples, chains), step sizes, acceptance.

    E[exp(log weight)] = p(x) exactly, so `log_mean` of the weights is, on average, a lower bound
    of log p(x). The step sizes have shape (T − 1, examples); the acceptance is the mean
    probability.

    x         (examples, d)
    noise     "uniform" or "gaussian"
    progress  called after each β
    As in Wu et al., the step size is multiplied by 1.02 if more than 65 % are accepted, else by
    0.98. The equation above would fail for a chain whose step size depends on its own past.
    Therefore a few pilot chains, which have no weight, set the step size of the others.
    """
    prior, width = PRIORS[noise], chains + _PILOTS
    u = numpy.empty((len(x) * width, G.n_in))
    prior.draw(u, stream)
    walk = Chains(Likelihood(G, prior, numpy.repeat(x, width, 0), variance), prior, u, stream)
    weights, accepted = numpy.zeros((len(x), width)), []
    steps = numpy.full((len(betas) - 1, len(x)), _STEP)
    with numpy.errstate(over="ignore", invalid="ignore"):  # in trajectories that are rejected
        for t in range(1, len(betas)):
            weights += (betas[t] - betas[t - 1]) * walk.value.reshape(weights.shape)
            if t < len(betas) - 1:
                probability = walk.move(betas[t], numpy.repeat(steps[t - 1], width))
                probability = probability.reshape(weights.shape)
                often = probability[:, :_PILOTS].mean(1) > _ACCEPTANCE
                steps[t] = steps[t - 1] * numpy.where(often, _FASTER, _SLOWER)
                accepted.append(probability[:, _PILOTS:].mean())
            progress()
    return weights[:, _PILOTS:], steps[:-1], float(numpy.mean(accepted)) if accepted else 1.0


def backward(
    G, noise, x, u, betas, steps, stream, chains=CHAINS, variance=VARIANCE, progress=lambda: None
):
    """From the posterior to the prior: log weights (examples, chains).

    E[exp(−log weight)] = 1/p(x), so −`log_mean` of −log weight is, on average, an upper bound of
    log p(x).

    u      (examples, n_z) exact posterior samples: the u from which each x was simulated
    steps  the step sizes that `forward` returns
    """
    prior = PRIORS[noise]
    x, u = numpy.repeat(x, chains, 0), numpy.repeat(u, chains, 0)
    walk = Chains(Likelihood(G, prior, x, variance), prior, u, stream)
    weights = numpy.zeros((len(x) // chains, chains))
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
    """n draws x = G(z(u)) + σ ε (n, d) from the model, and their u (n, n_z).

    Each u is an exact sample from the posterior of its x.
    """
    prior, u = PRIORS[noise], numpy.empty((n, G.n_in))
    prior.draw(u, stream)
    error = normal((n, G.n_out), stream)
    z = prior.z(u)[0].astype(G.dtype)
    return G.forward(z, G.tape(n, training=False)) + math.sqrt(variance) * error, u


def gap(G, noise, n, betas, stream, chains=CHAINS, variance=VARIANCE, progress=lambda: None):
    """Bidirectional Monte Carlo: lower and upper bounds (n,) of log p(x) for n simulated x.

    The mean error of AIS is at most the mean difference of the bounds.
    """
    x, u = simulate(G, noise, n, stream, variance)
    weights, steps, _ = forward(G, noise, x, betas, stream, chains, variance, progress)
    back = backward(G, noise, x, u, betas, steps, stream, chains, variance, progress)
    return log_mean(weights), -log_mean(-back)
