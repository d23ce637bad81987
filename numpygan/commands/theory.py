"""numpygan theory: the paper's propositions, computed and drawn."""

import os
from pathlib import Path

from ..errors import NumpyganError
from ..figures import figure1, theory_plots
from ..files import NewPath, check_writable, make_folder
from ..theory import known_game, maximum_likelihood, proposition1, proposition2, statements

FIGURES = {
    "losses.png": "the generator's three losses and their slopes",
    "proposition1.png": "D, trained alone, and D*",
    "theorem1.png": "V(D, G), C(G) and −log 4 during training on a known density",
    "proposition2.png": "descent of p_g and descent of θ",
    "maximum_likelihood.png": "KL falls and the likelihood rises",
    "figure1.png": "the paper's Figure 1, from a real training run",
    "training.gif": "this run as an animation",
}


def add(command):
    parser = command(
        "theory",
        theory,
        "Compute the paper's propositions on known densities, check each, and draw them.",
        "numpygan theory --out theory",
    )
    parser.add_argument(
        "--out",
        default="theory",
        metavar="DIR",
        help="the folder for the figures (default: theory)",
    )
    parser.add_argument("--force", action="store_true", help="overwrite figures that exist")


def theory(options):
    folder = _folder(options)
    try:
        return _draw_and_check(folder)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"Stopped; {folder} holds the finished figures; to draw all of them, give the "
            "same command with --force."
        ) from None


def _draw_and_check(folder):
    theory_plots.save_losses(folder / "losses.png")
    fits_of_d = proposition1.fits()
    held = [_show(statements.of_proposition1(fits_of_d))]
    theory_plots.save_proposition1(folder / "proposition1.png", fits_of_d)
    looks = known_game.run()
    held.append(_show(statements.of_theorem1(looks)))
    theory_plots.save_theorem1(folder / "theorem1.png", looks)
    descents, x = proposition2.descents()
    held.append(_show(statements.of_proposition2(descents)))
    theory_plots.save_proposition2(folder / "proposition2.png", descents, x)
    fits_of_g = maximum_likelihood.fits()
    held.append(_show(statements.of_maximum_likelihood(fits_of_g)))
    theory_plots.save_maximum_likelihood(folder / "maximum_likelihood.png", fits_of_g)
    held.append(_show(statements.of_figure1(looks)))
    figure1.save_figure1(folder / "figure1.png", looks)
    figure1.save_animation(folder / "training.gif", looks)
    for name, what in FIGURES.items():
        print(f"{folder / name}: {what}")
    print("every statement holds" if all(held) else "FAILED: see the lines above")
    return 0 if all(held) else 1


def _folder(options):
    """The folder to write to, which is made if it does not exist.

    Raises NumpyganError if it can't be made, or if a figure in it would be overwritten.
    """
    folder = Path(os.path.expanduser(options.out))
    folder = folder if options.force else NewPath(folder)
    there = [name for name in FIGURES if os.path.lexists(folder / name)]
    if there and not options.force:
        raise NumpyganError(
            f"--out {folder}: holds {', '.join(there)} already; add --force to overwrite, or "
            f"choose another folder."
        )
    try:
        make_folder(folder)
    except OSError as error:
        raise NumpyganError(
            f"--out {folder}: cannot be made ({error.strerror}); choose another folder."
        ) from None
    for name in FIGURES:
        check_writable(folder / name)
    return folder


def _show(found):
    """Print statements as a table; return whether all of them hold."""
    found = list(found)
    print("\n".join(statements.table(found)), flush=True)
    return all(statement.holds for statement in found)
