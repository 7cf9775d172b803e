"""The arguments of a function that is guarded, by the names of its parameters: so the policy sees them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

_Home = tuple[str, str]
"""A class that functions are defined in, by its module and qualified name: it is not made yet when they are."""


def home_of(function: Callable[..., Any]) -> _Home | None:
    home, _, _ = getattr(function, "__qualname__", "").rpartition(".")
    return (function.__module__, home) if home else None


def _is_of(value: object, home: _Home | None) -> bool:
    """Whether this is an instance of the class, the class itself, or one below it."""
    classes = (*type(value).__mro__, *(value.__mro__ if isinstance(value, type) else ()))
    return any((each.__module__, each.__qualname__) == home for each in classes)


def named(
    signature: inspect.Signature,
    home: _Home | None,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> dict[str, Any]:
    """The arguments by the names of the parameters, defaults included, as the policy sees them."""
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    by_name: dict[str, Any] = {}
    for position, (name, value) in enumerate(bound.arguments.items()):
        parameter = signature.parameters[name]
        if parameter.kind is parameter.VAR_KEYWORD:
            # `f(a, /, **more)` may be called with another `a` in `more`: the policy could see only one of them.
            if twice := [other for other in value if other in by_name]:
                raise TypeError(f"the policy cannot tell two arguments named `{twice[0]}` apart")
            by_name.update(value)
        # What a method is called on is no argument; a function may have an argument of that name.
        elif not (position == 0 and name in ("self", "cls") and _is_of(value, home)):
            by_name[name] = value
    return by_name


def behind(function: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What `functools.partial` calls in the end, and a function that answers which arguments that gets."""
    if not isinstance(function, functools.partial):
        return function, lambda *args, **kwargs: (args, kwargs)
    called, received = behind(function.func)
    return called, functools.partial(received, *function.args, **function.keywords)


def partial_method_of(function: Callable[..., Any]) -> Any:
    """The `partialmethod` that a class shows as this function, if it is one."""
    # Python 3.13 gave it the first name.
    shown = getattr(function, "__partialmethod__", getattr(function, "_partialmethod", None))
    return shown if isinstance(shown, functools.partialmethod) else None
