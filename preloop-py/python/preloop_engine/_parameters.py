"""A function that is guarded: its name, and its arguments by the names of its parameters, as the policy sees them."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from typing import Any, NamedTuple, TypeGuard, TypeVar

_Kind = TypeVar("_Kind")

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


def is_async(function: Callable[..., Any]) -> bool:
    """Whether a call gives a coroutine: of a function, or of an object that is called like one."""
    called = getattr(type(function), "__call__", None)
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called)


def name_of(function: object) -> str:
    # A `partialmethod` shows all functions under one name, which is none of theirs.
    is_shown = partial_method_of(getattr(function, "__func__", function)) is not None
    name = None if is_shown else getattr(function, "__name__", None)
    if not isinstance(name, str):
        raise TypeError("the tool has no name: give one, as in `@guard.tool(name='search')`")
    return name


class Call(NamedTuple):
    """One call of a function that is guarded."""

    run: Callable[[], Any]
    """Makes it, with the very arguments that the policy sees."""
    args: dict[str, Any]
    """What the policy sees."""
    justification: Any


def calls_of(
    called: Callable[..., Any], received: Callable[..., Any], *, is_static: bool
) -> Callable[[tuple[Any, ...], dict[str, Any]], Call]:
    """Makes calls of what `behind` found."""
    # A partial that is called in its own way takes what that way takes.
    taking: Any = called
    is_partial = issubclass(type(taking), functools.partial)
    signature = inspect.signature(taking.__call__ if is_partial else taking)
    home = None if is_static else home_of(called)
    has_own = "justification" in signature.parameters

    def call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        args, kwargs = received(*args, **kwargs)
        justification = None if has_own else kwargs.pop("justification", None)
        by_name = named(signature, home, args, kwargs)
        if has_own:
            justification = by_name.get("justification")
        return Call(functools.partial(called, *args, **kwargs), by_name, justification)

    return call


def behind(function: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What `functools.partial` and `partialmethod` call in the end, and a function that answers which arguments it gets.

    What they fixed is taken as it is now. Whatever does more than they do is called itself: nobody can see into it.
    """
    if isinstance(function, functools.partial) and type(function).__call__ is functools.partial.__call__:
        called, received = behind(function.func)
        return called, functools.partial(received, *function.args, **function.keywords)
    if type(function) is types.MethodType:
        called, received = behind(function.__func__)
        if called is not function.__func__:
            return called, functools.partial(received, function.__self__)
    if (method := partial_method_of(function)) is not None:
        called, received = behind(method.func)
        fixed, fixed_by_name = method.args, dict(method.keywords)

        def of_instance(instance: object, /, *args: Any, **kwargs: Any) -> Any:
            return functools.partial(functools.partial(received, instance), *fixed, **fixed_by_name)(*args, **kwargs)

        return called, of_instance
    return function, lambda *args, **kwargs: (args, kwargs)


_SHOWN = functools.partialmethod(print).__get__(None, object).__code__
"""The code of every function that a class shows for a `partialmethod`."""


def partial_method_of(function: object) -> functools.partialmethod[Any] | None:
    """The `partialmethod` that a class shows as this function, if it is one.

    `functools.wraps` gives the attribute to functions that do more: those are not made of the same code.
    """
    if type(function) is not types.FunctionType or function.__code__ is not _SHOWN:
        return None
    # Python 3.13 gave it the first name.
    method = vars(function).get("__partialmethod__", vars(function).get("_partialmethod"))
    return method if is_partial_method(method) else None


def is_bound_as(value: object, kind: type[_Kind]) -> TypeGuard[_Kind]:
    """Whether it is of this kind in truth and bound as those are: a proxy says that it is one, too, and does more."""
    own: Any = type(value)
    return issubclass(own, kind) and own.__get__ is getattr(kind, "__get__")


def is_partial_method(value: object) -> TypeGuard[functools.partialmethod[Any]]:
    """Whether it is one and of no class below, which may do more."""
    return type(value) is functools.partialmethod


def with_method(
    method: functools.partialmethod[Any], guarded: Callable[..., Any]
) -> functools.partialmethod[Any]:
    """The same arguments fixed of another method."""
    return functools.partialmethod(guarded, *method.args, **method.keywords)
