"""The commands, a file each: `add(command)` declares its arguments, a function of the command's name carries it out."""

from . import evaluate, gradcheck, interpolate, recipes, sample, train

COMMANDS = (train, recipes, sample, interpolate, gradcheck, evaluate)  # in the order of `numpygan -h`
ON_RANKS = (train.train, evaluate.evaluate)  # what an MPI job shares out over its processes
