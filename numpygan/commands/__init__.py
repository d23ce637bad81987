"""The commands, a file each: `add(command)` declares its arguments, a function of the command's name carries it out."""

from . import evaluate, explain, gradcheck, interpolate, recipes, sample, study, train

COMMANDS = (train, recipes, sample, interpolate, gradcheck, evaluate, study, explain)  # in the order of `numpygan -h`
