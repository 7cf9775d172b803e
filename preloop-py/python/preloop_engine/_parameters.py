"""A function that is guarded: its name, and its arguments by the names of its parameters, as the policy sees them."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from typing import Any, NamedTuple, TypeGuard, TypeVar, cast

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


def named(bound: inspect.BoundArguments, home: _Home | None) -> dict[str, Any]:
    """The arguments by the names of the parameters, defaults included, as the policy sees them."""
    by_name: dict[str, Any] = {}
    for position, (name, value) in enumerate(bound.arguments.items()):
        parameter = bound.signature.parameters[name]
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


def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """The parameters that a call is bound to: the callable's own, whatever it says about itself.

    Of a wrapper that takes anything they are those of what it wraps.
    """
    if type(function) is types.MethodType:
        return _without_first(signature_of(function.__func__))
    if is_bound_as(function, staticmethod):
        return signature_of(function.__func__)
    inner = _wrapped_by(function)
    # One in C has no parameters of its own to be found.
    if type(function) is functools._lru_cache_wrapper and callable(inner):
        return signature_of(inner)
    own = _own_signature(function)
    if not _takes_anything(own) or not callable(inner):
        return own
    inspect.unwrap(function)  # Raises where wrappers wrap each other in a circle.
    followed = signature_of(inner)
    passes_on = _leading(own) in ((), _leading(followed)[:1]) and _says_nothing_else(function, inner, followed)
    return followed if passes_on else own


def _own_signature(function: Callable[..., Any]) -> inspect.Signature:
    kind = type(function)
    if (fixing := partial_method_of(function)) is not None:
        shown = functools.partialmethod(_with_signature_of(fixing.func), *fixing.args, **fixing.keywords)
        return inspect.signature(shown.__get__(None, object), follow_wrapped=False)
    if kind is types.FunctionType:
        return _signature_of_code(function)
    if issubclass(kind, type) and kind.__call__ is type.__call__ and not hasattr(function, "__signature__"):
        made_by: list[Any] = [getattr(function, name) for name in ("__new__", "__init__")]
        written = [each for each in made_by if type(each) is types.FunctionType]
        if len(written) == 1:
            return _without_first(signature_of(written[0]))
    if issubclass(kind, functools.partial) and kind.__call__ is functools.partial.__call__:
        partial = cast("functools.partial[Any]", function)
        fixed = functools.partial(_with_signature_of(partial.func), *partial.args, **partial.keywords)
        return inspect.signature(fixed)
    call: Any = next((vars(each)["__call__"] for each in kind.__mro__ if "__call__" in vars(each)), None)
    # What is written in C has no parameters of its own to be found, but those that `inspect` knows of.
    if call is None or isinstance(call, types.WrapperDescriptorType) or _is_made_class(function):
        return inspect.signature(function, follow_wrapped=False)
    own = signature_of(call.__get__(function, kind) if hasattr(type(call), "__get__") else call)
    if not _takes_anything(own):
        return own
    method = getattr(function, "__func__", None)
    if type(method) is types.FunctionType and hasattr(function, "__self__"):
        return _without_first(signature_of(method))
    return _signature_of_code(function) if _shows_code(function) else own


def _shows_code(function: object) -> bool:
    """Whether it is a function, or a proxy that shows all of one; a method's is that of its function."""
    code = getattr(function, "__code__", None)
    return isinstance(code, types.CodeType) and not hasattr(function, "__func__")


def _is_made_class(function: object) -> bool:
    """Whether it is a class that says what it is made with, as pydantic's models do."""
    return issubclass(type(function), type) and hasattr(function, "__signature__")


def _signature_of_code(function: Any) -> inspect.Signature:
    """What the code takes, without the attributes by which a function says that it takes something else."""
    bare = types.FunctionType(
        function.__code__, {}, function.__name__, function.__defaults__, function.__closure__
    )
    bare.__kwdefaults__ = function.__kwdefaults__
    return inspect.signature(bare)


def _with_signature_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """Something in whose place `inspect` finds the parameters that a call is bound to."""

    def stand_in(*args: Any, **kwargs: Any) -> None: ...

    setattr(stand_in, "__signature__", signature_of(function))
    return stand_in


def _without_first(signature: inspect.Signature) -> inspect.Signature:
    parameters = list(signature.parameters.values())
    if not parameters or parameters[0].kind in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD):
        raise ValueError("a method must take what it is called on")
    is_any = parameters[0].kind is inspect.Parameter.VAR_POSITIONAL
    return signature.replace(parameters=parameters if is_any else parameters[1:])


def _takes_anything(signature: inspect.Signature) -> bool:
    """Whether it is `*args, **kwargs`, after at most the `self` or `cls` of a method."""
    kinds = [parameter.kind for parameter in signature.parameters.values()]
    anything = [inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD]
    leading = _leading(signature)
    return kinds[len(leading) :] == anything and leading in ((), ("self",), ("cls",))


def _leading(signature: inspect.Signature) -> tuple[str, ...]:
    """The names of what may be given by position."""
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(name for name, each in signature.parameters.items() if each.kind in by_position)


def _wrapped_by(function: object) -> Any:
    """What it wraps: an attribute of its own, since a proxy may hand on that of what is behind it."""
    own = (getattr(function, "__dict__", {}), *(vars(each) for each in type(function).__mro__))
    is_own = _shows_code(function) or any("__wrapped__" in each for each in own)
    return getattr(function, "__wrapped__", None) if is_own else None


def _says_nothing_else(function: object, inner: object, followed: inspect.Signature) -> bool:
    """Whether a wrapper has no `__signature__` that differs from what it wraps: then it adds something, or leaves it out."""
    said = getattr(function, "__dict__", {}).get("__signature__")
    # `functools.wraps` copies it.
    if said is None or said is getattr(inner, "__dict__", {}).get("__signature__"):
        return True
    if not isinstance(said, inspect.Signature):
        return False
    pairs = zip(said.parameters.values(), followed.parameters.values())
    return list(said.parameters) == list(followed.parameters) and all(
        one.kind is other.kind and one.default is other.default for one, other in pairs
    )


def calls_of(
    called: Callable[..., Any], received: Callable[..., Any], *, is_static: bool
) -> Callable[[tuple[Any, ...], dict[str, Any]], Call]:
    """Makes calls of what `behind` found."""
    signature = signature_of(called)
    home = None if is_static else home_of(called)
    has_own = "justification" in signature.parameters
    takes_own = type(called) is types.FunctionType and partial_method_of(called) is None
    takes_own = takes_own and list(signature.parameters) == list(_signature_of_code(called).parameters)

    def call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        args, kwargs = received(*args, **kwargs)
        justification = None if has_own else kwargs.pop("justification", None)
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        by_name = named(bound, home)
        if has_own:
            justification = by_name.get("justification")
        # A default that the policy saw is given, so that another one set meanwhile changes no call.
        if takes_own:
            args, kwargs = bound.args, bound.kwargs
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
