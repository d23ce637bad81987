"""The commands, one per file.

`add(command)` declares the arguments; the function with the command's name carries it out.
"""

from . import (
    evaluate,
    explain,
    export,
    gradcheck,
    interpolate,
    lesson,
    play,
    recipes,
    report,
    sample,
    study,
    sweep,
    theory,
    train,
)

# In the order of `numpygan -h`.
COMMANDS = (
    train,
    recipes,
    sample,
    interpolate,
    export,
    gradcheck,
    evaluate,
    report,
    theory,
    study,
    play,
    explain,
    lesson,
    sweep,
)
ONLY_PRINT = (recipes.recipes, gradcheck.gradcheck, explain.explain)
# The processes of an MPI job share the work of these commands.
ON_RANKS = (train.train, evaluate.evaluate, sweep.sweep)
