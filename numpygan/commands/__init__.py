"""The commands, a file each: `add(command)` declares its arguments, a function of the command's
name carries it out.
"""

from . import (
    evaluate,
    explain,
    export,
    gradcheck,
    interpolate,
    lesson,
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
    explain,
    lesson,
    sweep,
)
ONLY_PRINT = (recipes.recipes, gradcheck.gradcheck, explain.explain)
# What an MPI job shares out over its processes
ON_RANKS = (train.train, evaluate.evaluate, sweep.sweep)
