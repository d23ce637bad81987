"""Arguments and attributes that have a better name now, and still take the older one."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def older_names(
    **names: str,
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """A decorator for a function whose arguments were renamed: older_names(old="new").

    It raises TypeError if an argument is given by both of its names.
    """

    def decorate(function):
        @wraps(function)
        def with_new_names(*args, **named):
            for old in names.keys() & named.keys():
                if names[old] in named:
                    raise TypeError(
                        f"{function.__qualname__}: {old} is the older name of {names[old]}; give "
                        f"only {names[old]}."
                    )
                named[names[old]] = named.pop(old)
            return function(*args, **named)

        return with_new_names

    return decorate


def older_attribute(new: str) -> property:
    """A property that reads and sets the attribute `new`, which had another name before."""
    return property(lambda self: getattr(self, new), lambda self, value: setattr(self, new, value))
