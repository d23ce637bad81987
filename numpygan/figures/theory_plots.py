"""The theory's figures: D against D*, the value of the game, Proposition 2, maximum likelihood, the
three losses.
"""

import math

import numpy

from ..gan.objective import G_LOSSES
from ..theory import maximum_likelihood, proposition1, proposition2
from .plot import AMBER, BLACK, BLUE, GREEN, GREY, ORANGE, PINK, SKY, saved_figure

_SHADES = (SKY, AMBER, ORANGE, BLUE)
_DASHES = (":", "-.", "--", "-")


def save_proposition1(path, fits):
    """D against D* for several capacities and numbers of examples, and the sup-error of each."""
    with saved_figure(path, 12, 3.8, 3, dpi=150) as (figure, (by_units, by_examples, errors)):
        x, (star, visible), most = (
            proposition1.X[:, 0],
            proposition1.optimum(),
            proposition1.EXAMPLES[-1],
        )
        shown = x[visible]
        for axes, title, cases, label in (
            (
                by_units,
                f"capacity ({most:,} examples)",
                [(units, most) for units in proposition1.UNITS],
                "{0} units",
            ),
            (
                by_examples,
                f"examples ({proposition1.UNITS[-1]} units)",
                [(proposition1.UNITS[-1], n) for n in proposition1.EXAMPLES],
                "{1:,} examples",
            ),
        ):
            axes.axvspan(shown[0], shown[-1], color=GREY, alpha=0.12, linewidth=0)
            for case, colour, dash in zip(cases, _SHADES[-len(cases) :], _DASHES[-len(cases) :]):
                axes.plot(x, fits[case], color=colour, linestyle=dash, label=label.format(*case))
            axes.plot(x, star, color=BLACK, linestyle=(0, (1, 1.5)), linewidth=2, label="D*")
            axes.set(
                xlabel="x", ylabel="D(x)", ylim=(-0.02, 1.3), xlim=(-6, 6), title=f"More {title}"
            )
            axes.set_yticks(numpy.linspace(0, 1, 6))
            axes.legend(frameon=False, ncols=2, loc="upper center", fontsize=8)
        for cases, name, colour, marker in (
            ([(units, most) for units in proposition1.UNITS], "units", BLUE, "o"),
            ([(proposition1.UNITS[-1], n) for n in proposition1.EXAMPLES], "examples", ORANGE, "s"),
        ):
            amounts = [case[name == "examples"] for case in cases]
            values = [proposition1.sup_error(fits[case]) for case in cases]
            errors.loglog(amounts, values, color=colour, marker=marker, label=name)
        errors.set(
            xlabel="units of a layer, or examples",
            ylabel="max |D − D*| in the grey interval",
            title="Sup-error",
        )
        errors.set_ylim(0.01, 1)
        errors.legend(frameon=False)
        figure.suptitle(
            "Proposition 1: D trained alone against a fixed G approaches D* = "
            "$p_{data}$/($p_{data}$ + $p_g$)"
        )


def save_theorem1(path, looks):
    """V(D, G), C(G) and −log 4 during training on a known density: what the loss curve of a GAN
    means.
    """
    with saved_figure(path, 8, 4.2, dpi=150) as (figure, axes):
        iterations = [look.iteration for look in looks]
        for stage, name in (("D alone", "D alone"), ("G alone", "G alone")):
            inside = [look.iteration for look in looks if look.stage == stage]
            before = max(
                [look.iteration for look in looks if look.iteration < inside[0]], default=0
            )
            axes.axvspan(
                before,
                inside[-1],
                color=BLUE if stage == "D alone" else GREEN,
                alpha=0.15,
                linewidth=0,
                label=name + " (one update)" * (stage == "G alone"),
            )
        axes.plot(
            iterations,
            [look.minibatch_value for look in looks],
            color=GREY,
            linewidth=0.8,
            label="V(D, G) of one minibatch",
        )
        axes.plot(
            iterations,
            [look.value for look in looks],
            color=BLUE,
            linestyle="--",
            marker=".",
            label="V(D, G)",
        )
        axes.plot(
            iterations,
            [look.cost for look in looks],
            color=ORANGE,
            marker=".",
            label="C(G) = max over D of V(D, G)",
        )
        axes.axhline(-math.log(4), color=BLACK, linestyle=":", label="−log 4")
        axes.set_xscale("log")
        axes.set(xlabel="iteration", ylabel="nats", xlim=(iterations[0], iterations[-1]))
        axes.set_ylim(-1.6, max(look.cost for look in looks) + 0.25)
        axes.set_title(
            "Theorem 1: V ≤ C(G) = −log 4 + 2 JSD($p_{data}$ ‖ $p_g$), in a real game on a known "
            "density"
        )
        axes.legend(frameon=False, loc="upper right", ncols=2, fontsize=9)


def save_proposition2(path, descents, x):
    """C during the descent of p_g itself and of θ, and where each ends, from two starts."""
    with saved_figure(path, 12, 3.8, 3, dpi=150) as (figure, (costs, *ends)):
        p_data, line = numpy.exp(proposition2.log_masses(proposition2.P_DATA, x)), x[:, 0]
        width = line[1] - line[0]
        for (name, (path_q, c_q, path_m, c_m, _)), axes, marker, dash in zip(
            descents.items(), ends, "os", ("-", "--")
        ):
            for series, colour, space in ((c_q, GREEN, "densities"), (c_m, PINK, "θ")):
                gap = numpy.maximum(series + math.log(4), 1e-12)
                steps = numpy.arange(len(gap)) + 1
                every = numpy.unique(numpy.logspace(0, math.log10(len(gap)), 12).astype(int)) - 1
                costs.loglog(
                    steps,
                    gap,
                    color=colour,
                    linestyle=dash,
                    marker=marker,
                    markevery=every.tolist(),
                    markersize=4,
                    label=f"in {space}: {name}",
                )
            mixture = proposition2.GaussianMixture(path_m[-1][:, None], proposition2.STD)
            axes.plot(
                line,
                numpy.exp(path_q[0]) / width,
                color=GREY,
                linewidth=1,
                label="$p_g$ at the start",
            )
            axes.plot(
                line,
                numpy.exp(proposition2.log_masses(mixture, x)) / width,
                color=PINK,
                linestyle="--",
                label="$p_g$, θ-space",
            )
            axes.plot(line, numpy.exp(path_q[-1]) / width, color=GREEN, label="$p_g$, densities")
            axes.plot(
                line, p_data / width, color=BLACK, linestyle=":", linewidth=2, label="$p_{data}$"
            )
            axes.set(
                xlabel="x", ylabel="density", title=f"Start: {name}", xlim=(-5, 5), ylim=(0, 1.0)
            )
            axes.legend(frameon=False, fontsize=8, loc="upper right")
        costs.set(
            xlabel="step + 1",
            ylabel="C + log 4 (nats; at least 1e−12)",
            title="D = D* at each step",
            ylim=(1e-13, 1e5),
        )
        costs.legend(frameon=False, fontsize=8, loc="upper center")
        figure.suptitle(
            "Proposition 2: $p_g$ itself converges to $p_{data}$ from anywhere; θ may be caught "
            "where ∂C/∂θ = 0"
        )


def save_maximum_likelihood(path, fits):
    """KL(p_data ‖ p_θ) falling as the likelihood rises, step by step of EM, and the fitted
    densities.
    """
    with saved_figure(path, 10, 3.8, 2, dpi=150) as (figure, (curves, densities)):
        steps, entropy = (
            numpy.arange(len(fits.kl)),
            maximum_likelihood.entropy(maximum_likelihood.P_DATA),
        )
        curves.plot(steps, fits.kl, color=ORANGE, marker=".", label="KL($p_{data}$ ‖ $p_θ$)")
        curves.plot(
            steps, fits.expected, color=BLUE, marker=".", label="E[log $p_θ$] under $p_{data}$"
        )
        label = f"mean log $p_θ$ of {maximum_likelihood.EXAMPLES:,} examples"
        curves.plot(steps, fits.on_examples, color=BLACK, linestyle=":", label=label)
        curves.plot(steps, fits.kl + fits.expected, color=GREY, linestyle="--", label="their sum")
        curves.annotate(
            f"−H($p_{{data}}$) = −{entropy:.4f}",
            (steps[-1], -entropy),
            (0, 6),
            textcoords="offset points",
            ha="right",
            color=GREY,
        )
        curves.set(
            xlabel="step of EM",
            ylabel="nats",
            title="The likelihood rises exactly as KL falls",
            ylim=(None, 1.6),
        )
        curves.legend(frameon=False, fontsize=8, loc="upper right", ncols=2)
        x = numpy.linspace(-5, 5, 501)[:, None]
        for model, colour, dash, label in (
            (fits.mixtures[0], GREY, "-", "mixture, start"),
            (fits.gaussian, ORANGE, "-.", "Gaussian"),
            (fits.mixtures[-1], GREEN, "-", f"mixture, {maximum_likelihood.STEPS} steps of EM"),
            (maximum_likelihood.P_DATA, BLACK, ":", "$p_{data}$"),
        ):
            width = 2 if model is maximum_likelihood.P_DATA else 1.5
            densities.plot(
                x,
                numpy.exp(model.log_density(x)),
                color=colour,
                linestyle=dash,
                linewidth=width,
                label=label,
            )
        densities.set(
            xlabel="x", ylabel="density", title="What maximum likelihood fits", ylim=(0, 0.6)
        )
        densities.legend(frameon=False, fontsize=8, loc="upper center", ncols=2)


def save_losses(path):
    """The generator's three losses and their slopes at the logit, against D(G(z))."""
    with saved_figure(path, 10, 4, 2, dpi=150) as (figure, both):
        d = numpy.linspace(0.002, 0.998, 999)
        logit = numpy.log(d / (1 - d))[:, None]
        for (name, (loss, loss_slope)), colour, dash in zip(
            G_LOSSES.items(), (ORANGE, BLUE, GREEN), ("-", "--", "-.")
        ):
            slope = numpy.empty_like(logit)
            loss_slope(numpy, logit, out=slope)
            values = numpy.array([loss(numpy, a[None]) for a in logit])
            for axes, series in zip(both, (values, slope[:, 0] * len(logit))):
                axes.plot(d, series, color=colour, linestyle=dash, label=name)
        both[0].set(
            ylabel="loss of one sample (nats; maximum_likelihood: odds/2)",
            title="Loss $L_G$",
            ylim=(-5, 5),
        )
        both[1].set(
            ylabel="$\\partial L_G/\\partial a$,  a = logit D(G(z))",
            title="Slope: what reaches G",
            ylim=(-3, 0.1),
        )
        for axes in both:
            axes.axvline(0.5, color=GREY, linewidth=0.8, linestyle=":")
            axes.set(xlabel="D(G(z))", xlim=(0, 1))
            axes.legend(frameon=False, loc="lower left")
        figure.suptitle(
            "At D = ½ the three slopes are equal; where D rejects a sample (D → 0) only "
            "non_saturating still teaches"
        )
