"""The commands, a file each: `add(command)` declares its arguments, a function of the command's name carries it out."""

from . import evaluate, gradcheck, interpolate, recipes, sample, theory, train

COMMANDS = (train, recipes, sample, interpolate, gradcheck, evaluate, theory)  # in the order of `numpygan -h`
