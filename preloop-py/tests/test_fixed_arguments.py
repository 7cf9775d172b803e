"""What `functools.partial` and `partialmethod` fixed of a guarded function is seen by the policy, and is what runs."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import pytest

from preloop_engine import ApprovalRequest, Denied, Engine, Guard


def test_what_functools_fixed_is_seen_by_its_name() -> None:
    document = """
version: '1.0'
metadata: {name: p}
tools: [{name: run, conditions: [{expression: "args != {'command': 'ls', 'folder': '/', 'quiet': true}", action: deny}]}]
"""
    guard = Guard(Engine.from_yaml(document))

    def run(command: str, folder: str = "/", *, quiet: bool = False) -> str:
        return command

    async def later(command: str, folder: str = "/", *, quiet: bool = False) -> str:
        return command

    def guarded(function: Any, *args: Any, **kwargs: Any) -> Any:
        return guard.tool(name="run")(functools.partial(function, *args, **kwargs))

    assert guarded(run, "ls", quiet=True)() == guarded(functools.partial(run, quiet=True), "ls")("/") == "ls"
    assert guarded(functools.partial(run, "ls"), "/")(quiet=True) == guarded(run, quiet=True)("ls") == "ls"
    assert asyncio.run(guarded(later, "ls", quiet=True)()) == "ls"
    for fixed in (guarded(run, "rm", quiet=True), guarded(run, "ls"), guarded(functools.partial(run, "ls"), "/home", quiet=True)):
        with pytest.raises(Denied):
            fixed()
    with pytest.raises(Denied):
        asyncio.run(guarded(later, "rm", quiet=True)())
    with pytest.raises(TypeError, match="the tool has no name"):
        guard.tool(functools.partial(run, "ls"))


def test_what_a_method_was_given_beforehand_is_seen_by_its_name(engine: Engine) -> None:
    guard = Guard(engine)

    class Plain:
        def run(self, command: str) -> str:
            return command

        ls = functools.partialmethod(run, "ls")
        rm = functools.partialmethod(run, "rm -rf /")

    class Tools(Plain):
        ls = guard.tool(name="bash")(functools.partialmethod(Plain.run, "ls"))  # type: ignore
        rm = guard.tool(name="bash")(functools.partialmethod(Plain.run, "rm -rf /"))  # type: ignore

    assert Tools().ls() == Tools.ls(Tools()) == "ls"
    calls: list[Callable[[], object]] = [Tools().rm, lambda: Tools.rm(Tools())]
    # What a class or an object shows of its own.
    for form in (functools.partial(Plain.run, Plain()), Plain().run):
        assert guard.tool(name="bash")(functools.partial(form, "ls"))() == "ls"
        calls.append(guard.tool(name="bash")(functools.partial(form, "rm -rf /")))
    assert guard.tool(name="bash")(Plain().ls)() == guard.tool(name="bash")(Plain.ls)(Plain()) == "ls"
    calls += [guard.tool(name="bash")(Plain().rm), lambda: guard.tool(name="bash")(Plain.rm)(Plain())]
    for call in calls:
        with pytest.raises(Denied):
            call()
    with pytest.raises(TypeError, match="the tool has no name"):
        guard.tool(functools.partialmethod(Plain.run, "ls"))  # type: ignore


def test_a_decorator_around_what_was_fixed_is_not_thrown_away(engine: Engine) -> None:
    """`functools.wraps` copies what marks the function of a `partialmethod`."""
    guard = Guard(engine)
    called: list[str] = []

    class Plain:
        def run(self, command: str) -> str:
            return command

        ls = functools.partialmethod(run, "ls")
        rm = functools.partialmethod(run, "rm -rf /")

    def only_admins(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def checked(*args: Any, **kwargs: Any) -> Any:
            called.append("checked")
            return function(*args, **kwargs)

        return checked

    def unmarked(function: Callable[..., Any]) -> Callable[..., Any]:
        checked = only_admins(function)
        del checked.__wrapped__  # type: ignore[attr-defined]
        return checked

    class Proxy:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            called.append("checked")
            return self.inner(*args, **kwargs)

    allowing = Guard(Engine.from_yaml("version: '1.0'\nmetadata: {name: p}\ndefaults: {unknown_tools: allow}\n"))
    for around in (only_admins, unmarked, Proxy):
        called.clear()
        assert allowing.tool(name="run")(around(Plain.ls))(Plain()) == "ls"
        assert called == ["checked"], around
    # Of two guards both decide.
    with pytest.raises(Denied, match="files are never deleted here"):
        allowing.tool(name="run")(guard.tool(name="bash")(Plain.rm))(Plain())


def test_a_proxy_that_says_it_is_what_it_stands_for_is_not_thrown_away(engine: Engine) -> None:
    called: list[object] = []

    class Proxy:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        @property  # type: ignore[misc]
        def __class__(self) -> Any:
            return type(self.inner)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            called.append(self.inner)
            return self.inner(*args, **kwargs)

    def run(command: str) -> str:
        return command

    class Run:
        def __call__(self, instance: object, command: str) -> str:
            return command

    class Tools:
        ls = functools.partialmethod(Run(), "ls")

    allowing = Guard(Engine.from_yaml("version: '1.0'\nmetadata: {name: p}\ndefaults: {unknown_tools: allow}\n"))
    forms: list[tuple[Any, tuple[object, ...]]] = [
        (functools.partial(run, "ls"), ()),
        (Tools().ls, ()),
        (Tools.ls, (Tools(),)),
        (staticmethod(run), ("ls",)),
    ]
    for form, args in forms:
        called.clear()
        assert allowing.tool(name="run")(Proxy(form))(*args) == "ls"
        assert called == [form]
    # Nobody can call a class method that is bound to no class.
    method: Any = allowing.tool(name="run")(Proxy(classmethod(run)))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not callable"):
        method("ls")


def test_what_was_fixed_does_not_change_between_the_policy_and_the_call(engine: Engine) -> None:
    guard = Guard(engine)
    ran: list[str] = []

    def run(command: str) -> str:
        ran.append(command)
        return command

    changed = functools.partial(run, command="ls")
    tool = guard.tool(name="bash")(changed)
    changed.keywords["command"] = "rm -rf /"
    assert tool() == "ls"
    other = functools.partial(run, "ls")
    tool = guard.tool(name="bash")(other)
    other.__setstate__((run, ("rm -rf /",), {}, {}))  # type: ignore[attr-defined]
    assert tool() == "ls"

    class Named(functools.partial):  # type: ignore[type-arg]
        """Is called as every partial is."""

    class Other(functools.partial):  # type: ignore[type-arg]
        def __call__(self, command: str) -> str:
            return f"other: {self.func(command)}"

    assert guard.tool(name="bash")(Named(run, "ls"))() == "ls"
    with pytest.raises(Denied):
        guard.tool(name="bash")(Named(run, "rm -rf /"))()
    # Only what it is called with can be seen.
    other = Other(run, "ls")
    assert guard.tool(name="bash")(other)("ls") == "other: ls"
    ran.clear()
    with pytest.raises(Denied):
        guard.tool(name="bash")(other)("rm -rf /")
    assert ran == []


def test_what_is_no_function_keeps_its_instance_where_it_was_given_beforehand(engine: Engine) -> None:
    class Run:
        def __call__(self, instance: object, command: str, *, folder: str = "/") -> tuple[object, str, str]:
            return instance, command, folder

    class Tools:
        ls = functools.partialmethod(Run(), "ls", folder="/home")
        rm = functools.partialmethod(Run(), "rm -rf /")
        any = functools.partialmethod(Run())

    guard, tools = Guard(engine), Tools()
    assert guard.tool(name="bash")(tools.ls)() == guard.tool(name="bash")(Tools.ls)(tools) == (tools, "ls", "/home")
    assert guard.tool(name="bash")(tools.any)("ls") == (tools, "ls", "/")
    for call in (
        guard.tool(name="bash")(tools.rm),
        functools.partial(guard.tool(name="bash")(Tools.rm), tools),
        functools.partial(guard.tool(name="bash")(tools.any), "rm -rf /"),
    ):
        with pytest.raises(Denied):
            call()
    for nameless in (tools.ls, Tools.ls):
        with pytest.raises(TypeError, match="the tool has no name"):
            guard.tool(nameless)


def test_a_kind_of_partialmethod_is_not_taken_for_a_plain_one(engine: Engine) -> None:
    class Loud(functools.partialmethod):  # type: ignore[type-arg]
        def __get__(self, instance: Any, owner: Any = None) -> Any:
            bound = super().__get__(instance, owner)
            return lambda command: f"{bound(command)}!"

    def run(self: object, command: str) -> str:
        return command

    guard = Guard(engine)
    with pytest.raises(TypeError, match="a guard stands before functions, not `Loud`"):
        guard.tool(name="bash")(Loud(run, "ls"))  # type: ignore[arg-type]

    class Tools:
        any = Loud(run)

    assert guard.tool(name="bash")(Tools().any)("ls") == "ls!"


def test_what_is_no_part_of_the_call_belongs_into_a_function_of_its_own() -> None:
    document = "version: '1.0'\nmetadata: {name: p}\ntools: [{name: query, approval_workflow: w}]\napproval_workflows: [{name: w, timeout_seconds: 60}]\n"
    shown: list[object] = []

    def approver(request: ApprovalRequest) -> bool:
        shown.append(request.args)
        return True

    def query(database: object, sql: str) -> str:
        return sql

    tool = Guard(Engine.from_yaml(document), approver).tool(name="query")
    assert tool(functools.partial(query, "orders"))("select 1") == tool(lambda sql: query(object(), sql))("select 1") == "select 1"
    assert shown == [{"database": "orders", "sql": "select 1"}, {"sql": "select 1"}]
    with pytest.raises(Denied, match="an approval, which is for exactly its arguments"):
        tool(functools.partial(query, object()))("select 1")


@pytest.mark.parametrize("has_own", [False, True])
def test_a_justification_that_was_fixed_is_the_calls(has_own: bool) -> None:
    document = "version: '1.0'\nmetadata: {name: p}\ntools: [{name: pay, justification: required}]\n"
    guard = Guard(Engine.from_yaml(document))

    class Plain:
        def pay(self, amount: int) -> object:
            return amount

        fixed = functools.partialmethod(pay, 5, justification="invoice 7")
        empty = functools.partialmethod(pay, 5, justification=" ")

    class Own:
        def pay(self, amount: int, justification: str) -> object:
            return amount if justification == "invoice 7" else justification

        fixed = functools.partialmethod(pay, 5, justification="invoice 7")
        empty = functools.partialmethod(pay, 5, justification=" ")

    tools: Any = Own if has_own else Plain

    class Guarded:
        fixed: Any = guard.tool(name="pay")(functools.partialmethod(tools.pay, 5, justification="invoice 7"))  # type: ignore[arg-type]

    tool = guard.tool(name="pay")
    for form in (
        tool(functools.partial(tools().pay, 5, justification="invoice 7")),
        tool(functools.partial(functools.partial(tools().pay, justification="invoice 7"), 5)),
        tool(tools().fixed),
        functools.partial(tool(tools.fixed), tools()),
        Guarded().fixed,
    ):
        assert form() == 5
        with pytest.raises(Denied, match="justification"):
            form(justification=" ")
    with pytest.raises(Denied, match="justification"):
        tool(tools().empty)()
    # Another one with the call takes its place, as every keyword does.
    assert tool(tools().empty)(justification="invoice 7") == 5
