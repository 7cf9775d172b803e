"""A guarded wrapper is seen by its own parameters, one that takes anything by those of what it wraps."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from preloop_engine import ApprovalRequest, Engine, Guard


_SHOWN = """
version: '1.0'
metadata: {name: p}
tools: [{name: read, approval_workflow: w}]
approval_workflows: [{name: w, timeout_seconds: 60}]
"""


class Shown:
    """Lets everything run and keeps what the policy saw."""

    def __init__(self) -> None:
        self.guard = Guard(Engine.from_yaml(_SHOWN), self.approve)
        self.args: list[object] = []

    def approve(self, request: ApprovalRequest) -> bool:
        self.args.append(request.args)
        return True

    def of(self, function: Any, *args: Any, **kwargs: Any) -> tuple[object, Any]:
        """What the policy saw of a call, and what came of it."""
        came = self.guard.tool(name="read")(function)(*args, **kwargs)
        came = asyncio.run(came) if asyncio.iscoroutine(came) else came
        return self.args.pop(), came


def _read(workspace: str, path: str = ".") -> tuple[str, str]:
    return workspace, path


def _with_workspace(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def inner(path: str) -> Any:
        return function("/work", path)

    return inner


def _in_work(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def inner(self: object, path: str) -> Any:
        return method(self, "/work", path)

    return inner


def _passed_on(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return inner


def _passed_on_by_method(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def inner(self: object, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    return inner


def test_a_wrapper_with_parameters_of_its_own_is_seen_by_them() -> None:
    shown = Shown()
    seen = ({"path": "/etc/passwd"}, ("/work", "/etc/passwd"))
    around = _with_workspace(_read)
    for form in (around, _passed_on(around), _passed_on(_passed_on(around)), _passed_on(staticmethod(around)), functools.lru_cache(around)):
        assert shown.of(form, "/etc/passwd") == shown.of(form, path="/etc/passwd") == seen
    assert shown.guard.wrap({"read": around})["read"]("/etc/passwd") == seen[1]
    assert shown.args.pop() == seen[0]
    assert shown.of(functools.partial(around, path="/etc/passwd")) == seen
    # Another guard in between passes on what it gets.
    assert shown.of(Guard(Engine.from_yaml(_SHOWN), lambda request: True).tool(name="read")(around), "/etc/passwd") == seen


def test_a_wrapper_is_seen_by_its_defaults_and_its_order() -> None:
    shown = Shown()

    def read(path: str = "/tmp", mode: str = "r") -> tuple[str, str]:
        return path, mode

    @functools.wraps(read)
    def elsewhere(path: str = "/etc/passwd") -> Any:
        return read(path)

    @functools.wraps(read)
    def swapped(mode: str, path: str) -> Any:
        return read(path, mode)

    @functools.wraps(read)
    def partly(path: str, *args: Any, **kwargs: Any) -> Any:
        return read("/etc/" + path, *args, **kwargs)

    assert shown.of(elsewhere) == ({"path": "/etc/passwd"}, ("/etc/passwd", "r"))
    assert shown.of(swapped, "w", "/etc/passwd") == ({"mode": "w", "path": "/etc/passwd"}, ("/etc/passwd", "w"))
    assert shown.of(partly, "passwd", "w") == ({"path": "passwd", "args": ("w",)}, ("/etc/passwd", "w"))


def test_asynchronous_wrappers_and_generators_are_seen_by_their_own_parameters() -> None:
    shown = Shown()

    async def read(workspace: str, path: str = ".") -> tuple[str, str]:
        return workspace, path

    @functools.wraps(read)
    async def inner(path: str) -> Any:
        return await read("/work", path)

    @functools.wraps(_read)
    async def items(path: str) -> AsyncIterator[str]:
        yield path

    @functools.wraps(inner)
    async def passed(*args: Any, **kwargs: Any) -> Any:
        return await inner(*args, **kwargs)

    async def collect(*args: str) -> list[str]:
        return [item async for item in items_guarded(*args)]

    for form in (inner, passed):
        assert shown.of(form, "/etc/passwd") == ({"path": "/etc/passwd"}, ("/work", "/etc/passwd"))
    items_guarded: Any = shown.guard.tool(name="read")(items)
    assert asyncio.run(collect("/etc/passwd")) == ["/etc/passwd"]
    assert shown.args == [{"path": "/etc/passwd"}]


def test_an_object_is_seen_by_how_it_is_called() -> None:
    shown = Shown()

    class Around:
        def __init__(self) -> None:
            functools.update_wrapper(self, _read)

        def __call__(self, path: str) -> Any:
            return _read("/work", path)

    class PassesOn:
        def __init__(self, inner: Any) -> None:
            self.inner = inner
            functools.update_wrapper(self, inner)

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return self.inner(*args, **kwargs)

    class Proxy:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return self.inner(*args, **kwargs)

    class Bound:
        def read(self, workspace: str, path: str = ".") -> Any:
            return workspace, path

    seen = ({"path": "/etc/passwd"}, ("/work", "/etc/passwd"))
    around = _with_workspace(_read)
    for form in (Around(), PassesOn(around), Proxy(around), Proxy(_passed_on(around)), PassesOn(Around())):
        assert shown.of(form, "/etc/passwd") == seen
    for form in (PassesOn(_read), Proxy(_read), Proxy(_passed_on(_read)), Proxy(Bound().read)):
        assert shown.of(form, "/work", "/etc") == ({"workspace": "/work", "path": "/etc"}, ("/work", "/etc"))


def test_what_a_function_says_of_its_parameters_is_not_believed() -> None:
    shown = Shown()

    def run(path: str = "/etc/passwd", mode: str = "r") -> tuple[str, str]:
        return path, mode

    def said(mode: str = "r", path: str = "/tmp") -> None: ...

    run.__signature__ = inspect.signature(said)  # type: ignore[attr-defined]
    seen = ({"path": "/etc/passwd", "mode": "r"}, ("/etc/passwd", "r"))
    assert shown.of(run) == shown.of(_passed_on(run)) == seen
    assert shown.of(run, "/etc/passwd") == shown.of(_passed_on(run), "/etc/passwd") == seen

    # A wrapper that says that it takes something else than what it wraps is no plain one.
    @functools.wraps(_read)
    def injects(*args: Any, **kwargs: Any) -> Any:
        return _read("/work", *args, **kwargs)

    injects.__signature__ = inspect.Signature([inspect.Parameter("path", inspect.Parameter.POSITIONAL_OR_KEYWORD)])  # type: ignore[attr-defined]
    assert shown.of(injects, path="/etc/passwd") == ({"args": (), "path": "/etc/passwd"}, ("/work", "/etc/passwd"))
    assert shown.of(injects, "/etc/passwd") == ({"args": ("/etc/passwd",)}, ("/work", "/etc/passwd"))
    same = _passed_on(_read)
    same.__signature__ = inspect.signature(_read)  # type: ignore[attr-defined]
    assert shown.of(same, "/work") == ({"workspace": "/work", "path": "."}, ("/work", "."))


def test_a_default_that_is_set_afterwards_changes_no_guarded_call() -> None:
    shown = Shown()

    def read(path: str = "/tmp", *, mode: str = "r") -> tuple[str, str]:
        return path, mode

    tool = shown.guard.tool(read)
    read.__defaults__ = ("/etc/passwd",)
    read.__kwdefaults__ = {"mode": "w"}
    assert (tool(), shown.args.pop()) == (("/tmp", "r"), {"path": "/tmp", "mode": "r"})


def test_wrapped_methods_are_seen_by_the_parameters_that_they_take() -> None:
    shown = Shown()

    def of_other(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def inner(cls: object, *args: Any, **kwargs: Any) -> Any:
            return method(cls, *args, **kwargs)

        return inner

    tool = shown.guard.tool(name="read")

    class Files:
        @_in_work
        def wrapped(self, workspace: str, path: str = ".") -> Any:
            return workspace, path

        @_passed_on_by_method
        def passed(self, workspace: str, path: str = ".") -> Any:
            return workspace, path

        @of_other
        def other(self, workspace: str, path: str = ".") -> Any:
            return workspace, path

        guarded = tool(wrapped)
        guarded_passed = tool(passed)
        guarded_twice = tool(_passed_on(_passed_on_by_method(wrapped)))
        of_class: Any = tool(classmethod(of_other(lambda cls, path=".": path)))  # type: ignore[arg-type]
        static = tool(staticmethod(_with_workspace(_read)))

    files = Files()
    seen = ({"path": "/etc/passwd"}, ("/work", "/etc/passwd"))
    for call in (files.guarded, functools.partial(Files.guarded, files), files.guarded_twice, files.static, tool(files.wrapped)):
        assert (call("/etc/passwd"), shown.args.pop()) == (seen[1], seen[0])
    whole = {"workspace": "/work", "path": "."}
    for call in (files.guarded_passed, tool(files.passed), functools.partial(tool(Files.passed), files)):
        assert (call("/work"), shown.args.pop()) == (("/work", "."), whole)
    assert (Files.of_class(), shown.args.pop()) == (".", {"path": "."})
    # What it is called on goes by another name inside, so nobody can say that it goes there.
    assert (tool(files.other)("/work"), shown.args.pop()) == (("/work", "."), {"args": ("/work",)})


def test_wrappers_around_what_was_fixed_and_around_classes_are_seen_through() -> None:
    shown = Shown()

    class Files:
        @_passed_on
        def read(self, workspace: str, path: str = ".") -> Any:
            return workspace, path

        fixed = functools.partialmethod(read, "/work")

    class Opened:
        @_in_work
        def __init__(self, workspace: str, path: str = ".") -> None: ...

    class Passed:
        @_passed_on
        def __init__(self, path: str = ".") -> None: ...

    fixed = functools.partial(_read, "/work")
    assert shown.of(_passed_on(Files().fixed), "/etc")[0] == shown.of(_passed_on(fixed), "/etc")[0] == {"path": "/etc"}
    assert shown.of(Passed)[0] == shown.of(_passed_on(Passed))[0] == {"path": "."}
    assert shown.of(Opened, "/etc")[0] == shown.of(_passed_on(Opened), "/etc")[0] == {"path": "/etc"}

    def circle(*args: Any, **kwargs: Any) -> None: ...

    circle.__wrapped__ = circle  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="wrapper loop"):
        shown.guard.tool(circle)
