"""Arguments that have a better name now, and still take the older one."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def older_names(
    **names: str,
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """A decorator: the function takes the argument NEW also as OLD, for each OLD="NEW"."""

    def decorate(function):
        @wraps(function)
        def with_new_names(*args, **named):
            for old in names.keys() & named.keys():
                # An argument that is given by both names stays, and Python refuses the old one.
                if names[old] not in named:
                    named[names[old]] = named.pop(old)
            return function(*args, **named)

        return with_new_names

    return decorate
