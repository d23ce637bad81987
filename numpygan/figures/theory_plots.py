"""Figures of the theory: Propositions 1 and 2, Theorem 1, maximum likelihood, losses of G."""

import math

import numpy

from ..gan.objective import G_LOSSES
from ..theory import maximum_likelihood, proposition1, proposition2
from .plot import AMBER, BLACK, BLUE, GREEN, GREY, ORANGE, PINK, SKY, saved_figure

_SHADES = (SKY, AMBER, ORANGE, BLUE)
_DASHES = (":", "-.", "--", "-")


def save_proposition1(path, fits):
    """D and D* for several capacities and numbers of examples, and the greatest |D − D*|."""
    units, examples = proposition1.UNITS, proposition1.EXAMPLES
    by_units = [(n, examples[-1]) for n in units]
    by_examples = [(units[-1], n) for n in examples]
    x, (star, visible) = proposition1.X[:, 0], proposition1.optimum()
    with saved_figure(path, 12, 3.8, 3, dpi=150) as (figure, (left, middle, errors)):
        for axes, title, cases, label in (
            (left, f"capacity ({examples[-1]:,} examples)", by_units, "{0} units"),
            (middle, f"examples ({units[-1]} units)", by_examples, "{1:,} examples"),
        ):
            axes.axvspan(*x[visible][[0, -1]], color=GREY, alpha=0.12, linewidth=0)
            for case, colour, dash in zip(cases, _SHADES[-len(cases) :], _DASHES[-len(cases) :]):
                axes.plot(x, fits[case], color=colour, linestyle=dash, label=label.format(*case))
            axes.plot(x, star, color=BLACK, linestyle=(0, (1, 1.5)), linewidth=2, label="D*")
            axes.set(xlabel="x", ylabel="D(x)", ylim=(-0.02, 1.3), xlim=(-6, 6))
            axes.set(title=f"More {title}", yticks=numpy.linspace(0, 1, 6))
            axes.legend(frameon=False, ncols=2, loc="upper center", fontsize=8)
        for amounts, cases, name, colour, marker in (
            (units, by_units, "units", BLUE, "o"),
            (examples, by_examples, "examples", ORANGE, "s"),
        ):
            values = [proposition1.sup_error(fits[case]) for case in cases]
            errors.loglog(amounts, values, color=colour, marker=marker, label=name)
        errors.set(xlabel="units of a layer, or examples", title="Greatest error")
        errors.set(ylabel="max |D − D*| in the grey interval", ylim=(0.01, 1))
        errors.legend(frameon=False)
        figure.suptitle(
            "Proposition 1: D trained alone against a fixed G approaches D* = "
            "$p_{data}$/($p_{data}$ + $p_g$)"
        )


def save_theorem1(path, looks):
    """V(D, G), C(G) and −log 4 during the training of a game on a known density."""
    with saved_figure(path, 8, 4.2, dpi=150) as (_, axes):
        iterations = [look.iteration for look in looks]
        stages = ("D alone", "D alone", BLUE), ("G alone", "G alone (one update)", GREEN)
        for stage, label, colour in stages:
            inside = [look.iteration for look in looks if look.stage == stage]
            before = max((i for i in iterations if i < inside[0]), default=0)
            axes.axvspan(before, inside[-1], color=colour, alpha=0.15, linewidth=0, label=label)

        def curve(values, label, **style):
            axes.plot(iterations, values, label=label, **style)

        minibatches = [look.minibatch_value for look in looks]
        curve(minibatches, "V(D, G) of one minibatch", color=GREY, linewidth=0.8)
        values = [look.value for look in looks]
        curve(values, "V(D, G)", color=BLUE, linestyle="--", marker=".")
        costs = [look.cost for look in looks]
        curve(costs, "C(G) = max over D of V(D, G)", color=ORANGE, marker=".")
        axes.axhline(-math.log(4), color=BLACK, linestyle=":", label="−log 4")
        axes.set_xscale("log")
        axes.set(xlabel="iteration", ylabel="nats", xlim=(iterations[0], iterations[-1]))
        axes.set_ylim(-1.6, max(costs) + 0.25)
        axes.set_title(
            "Theorem 1: V ≤ C(G) = −log 4 + 2 JSD($p_{data}$ ‖ $p_g$), in a trained game on a "
            "known density"
        )
        axes.legend(frameon=False, loc="upper right", ncols=2, fontsize=9)


def save_proposition2(path, descents, x):
    """C during the descents of p_g and of θ from two starts, and the p_g that each reaches."""
    p_data, line = numpy.exp(proposition2.log_masses(proposition2.P_DATA, x)), x[:, 0]
    width = line[1] - line[0]
    with saved_figure(path, 12, 3.8, 3, dpi=150) as (figure, (costs, *ends)):
        for (name, (path_q, c_q, path_m, c_m, _)), axes, marker, dash in zip(
            descents.items(), ends, "os", ("-", "--")
        ):
            for series, colour, space in ((c_q, GREEN, "densities"), (c_m, PINK, "θ")):
                gap = numpy.maximum(series + math.log(4), 1e-12)
                every = numpy.unique(numpy.logspace(0, math.log10(len(gap)), 12).astype(int)) - 1
                markers = {"marker": marker, "markevery": every.tolist(), "markersize": 4}
                style = {"color": colour, "linestyle": dash, "label": f"in {space}: {name}"}
                costs.loglog(numpy.arange(len(gap)) + 1, gap, **style, **markers)
            mixture = proposition2.GaussianMixture(path_m[-1][:, None], proposition2.STD)
            reached = numpy.exp(proposition2.log_masses(mixture, x))
            for masses, label, style in (
                (numpy.exp(path_q[0]), "$p_g$ at the start", {"color": GREY, "linewidth": 1}),
                (reached, "$p_g$, θ-space", {"color": PINK, "linestyle": "--"}),
                (numpy.exp(path_q[-1]), "$p_g$, densities", {"color": GREEN}),
                (p_data, "$p_{data}$", {"color": BLACK, "linestyle": ":", "linewidth": 2}),
            ):
                axes.plot(line, masses / width, label=label, **style)
            axes.set(xlabel="x", ylabel="density", title=f"Start: {name}")
            axes.set(xlim=(-5, 5), ylim=(0, 1.0))
            axes.legend(frameon=False, fontsize=8, loc="upper right")
        costs.set(xlabel="step + 1", ylabel="C + log 4 (nats; at least 1e−12)")
        costs.set(title="D = D* at each step", ylim=(1e-13, 1e5))
        costs.legend(frameon=False, fontsize=8, loc="upper center")
        figure.suptitle(
            "Proposition 2: $p_g$ converges to $p_{data}$ from any start; θ can stop where "
            "∂C/∂θ = 0"
        )


def save_maximum_likelihood(path, fits):
    """KL(p_data ‖ p_θ) and the likelihood in each step of EM, and the fitted densities."""
    p_data, examples = maximum_likelihood.P_DATA, maximum_likelihood.EXAMPLES
    steps, entropy = numpy.arange(len(fits.kl)), maximum_likelihood.entropy(p_data)
    x = numpy.linspace(-5, 5, 501)[:, None]
    with saved_figure(path, 10, 3.8, 2, dpi=150) as (_, (curves, densities)):
        on_examples = f"mean log $p_θ$ of {examples:,} examples"
        for values, label, style in (
            (fits.kl, "KL($p_{data}$ ‖ $p_θ$)", {"color": ORANGE, "marker": "."}),
            (fits.expected, "E[log $p_θ$] under $p_{data}$", {"color": BLUE, "marker": "."}),
            (fits.on_examples, on_examples, {"color": BLACK, "linestyle": ":"}),
            (fits.kl + fits.expected, "their sum", {"color": GREY, "linestyle": "--"}),
        ):
            curves.plot(steps, values, label=label, **style)
        text, place = f"−H($p_{{data}}$) = −{entropy:.4f}", (steps[-1], -entropy)
        shift = {"xytext": (0, 6), "textcoords": "offset points"}
        curves.annotate(text, place, **shift, ha="right", color=GREY)
        curves.set(xlabel="step of EM", ylabel="nats", ylim=(None, 1.6))
        curves.set_title("The likelihood rises exactly as KL falls")
        curves.legend(frameon=False, fontsize=8, loc="upper right", ncols=2)
        last = f"mixture, {maximum_likelihood.STEPS} steps of EM"
        for model, label, colour, dash, width in (
            (fits.mixtures[0], "mixture, start", GREY, "-", 1.5),
            (fits.gaussian, "Gaussian", ORANGE, "-.", 1.5),
            (fits.mixtures[-1], last, GREEN, "-", 1.5),
            (p_data, "$p_{data}$", BLACK, ":", 2),
        ):
            style = {"color": colour, "linestyle": dash, "linewidth": width, "label": label}
            densities.plot(x, numpy.exp(model.log_density(x)), **style)
        densities.set(xlabel="x", ylabel="density", ylim=(0, 0.6))
        densities.set_title("What maximum likelihood fits")
        densities.legend(frameon=False, fontsize=8, loc="upper center", ncols=2)


def save_losses(path):
    """The three losses of the generator and their derivatives by D's logit, against D(G(z))."""
    d = numpy.linspace(0.002, 0.998, 999)
    logit = numpy.log(d / (1 - d))[:, None]
    with saved_figure(path, 10, 4, 2, dpi=150) as (figure, both):
        styles = (ORANGE, "-"), (BLUE, "--"), (GREEN, "-.")
        for (name, loss), (colour, dash) in zip(G_LOSSES.items(), styles):
            slope = numpy.empty_like(logit)
            loss.slope(numpy, logit, out=slope)
            values = numpy.array([loss.value(numpy, a[None]) for a in logit])
            for axes, series in zip(both, (values, slope[:, 0] * len(logit))):
                axes.plot(d, series, color=colour, linestyle=dash, label=name)
        both[0].set(title="Loss $L_G$", ylim=(-5, 5))
        both[0].set_ylabel("loss of one sample (nats; maximum_likelihood: odds/2)")
        both[1].set(title="Slope: the gradient that reaches G", ylim=(-3, 0.1))
        both[1].set_ylabel("$\\partial L_G/\\partial a$,  a = logit D(G(z))")
        for axes in both:
            axes.axvline(0.5, color=GREY, linewidth=0.8, linestyle=":")
            axes.set(xlabel="D(G(z))", xlim=(0, 1))
            axes.legend(frameon=False, loc="lower left")
        figure.suptitle(
            "At D = ½ the three slopes are equal. Where D rejects a sample (D → 0), only "
            "non_saturating still teaches G."
        )
