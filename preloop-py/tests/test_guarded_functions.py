"""Functions, methods and generators behind a guard."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

import pytest

from preloop_engine import ApprovalRequest, Denied, Engine, Guard


def test_functions_are_guarded_by_their_arguments(engine: Engine) -> None:
    guard = Guard(engine)

    @guard.tool
    def bash(command: str, *, shell: str = "sh") -> str:
        """Runs a command."""
        return f"{shell}: {command}"

    assert bash("ls") == "sh: ls"
    assert (bash.__name__, bash.__doc__) == ("bash", "Runs a command.")
    with pytest.raises(Denied):
        bash(command="rm -rf /")

    @guard.tool(name="bash")
    async def run(command: str) -> str:
        return command

    assert asyncio.run(run("ls")) == "ls"  # type: ignore[arg-type]
    with pytest.raises(Denied):
        asyncio.run(run("rm -rf /"))  # type: ignore[arg-type]

    @guard.tool(name="bash")
    async def lines(command: str) -> AsyncIterator[str]:
        yield command

    async def collect(command: str) -> list[str]:
        return [line async for line in lines(command)]

    assert asyncio.run(collect("ls")) == ["ls"]
    with pytest.raises(Denied):
        asyncio.run(collect("rm -rf /"))


def test_methods_and_free_keywords_are_seen_by_name(engine: Engine) -> None:
    guard = Guard(engine)

    class Tools:
        @guard.tool(name="bash")
        def run(self, **kwargs: str) -> str:
            return kwargs["command"]

    assert Tools().run(command="ls") == "ls"
    with pytest.raises(Denied):
        Tools().run(command="rm -rf /")
    with pytest.raises(TypeError):
        guard.wrap([type("Callable", (), {"__call__": lambda self: None})()])


def test_an_argument_may_be_called_like_what_methods_are_called_on() -> None:
    document = """
version: '1.0'
metadata: {name: p}
tools:
  - {name: seat, conditions: [{expression: "has(args.cls) && args.cls == 'first'", action: deny}]}
  - {name: name, conditions: [{expression: "has(args.self) && args.self == 'root'", action: deny}]}
  - {name: bare, conditions: [{expression: "size(args) != 1", action: deny}]}
"""
    guard = Guard(Engine.from_yaml(document))

    @guard.tool
    def seat(cls: str, n: int = 1) -> str:
        return cls

    class Names:
        @guard.tool
        @staticmethod
        def name(self: object) -> object:
            return self

        @guard.tool(name="bare")
        def method(self, command: str) -> str:
            return command

        @guard.tool(name="bare")
        @classmethod
        def of_class(cls, command: str) -> str:
            return command

        @guard.tool(name="name")
        def other(self, command: str) -> str:
            return command

    class Below(Names):
        pass

    assert seat("second") == "second"
    for call in (lambda: seat("first"), lambda: seat(cls="first"), lambda: Names.name("root"), lambda: Names().name("root")):
        with pytest.raises(Denied):
            call()
    # A method that is called on what is none of its class has it for an argument.
    with pytest.raises(Denied):
        Names.other("root", "ls")  # type: ignore[arg-type]
    for named in (Names(), Below()):
        assert named.method("ls") == named.of_class("ls") == Names.method(named, "ls") == named.other("ls") == "ls"
    assert Below.of_class("ls") == "ls"


def test_no_argument_hides_behind_another_of_its_name(engine: Engine) -> None:
    guard = Guard(engine)

    @guard.tool(name="bash")
    def run(command: str, /, **more: str) -> str:
        return command

    @guard.tool(name="bash")
    def each(*command: str, **more: str) -> tuple[str, ...]:
        return command

    assert run("ls", more="x") == "ls"
    for tool in (run, each):
        with pytest.raises(TypeError, match="two arguments named `command`"):
            tool("rm -rf /", command="ls")


def test_what_classes_hold_is_guarded_too(engine: Engine) -> None:
    guard = Guard(engine)

    class Tools:
        @guard.tool(name="bash")
        @staticmethod
        def plain(command: str) -> str:
            return command

        @guard.tool(name="bash")
        @classmethod
        def of_class(cls, command: str) -> str:
            return f"{cls.__name__}: {command}"

    assert Tools.plain("ls") == Tools().plain("ls") == "ls"
    assert Tools.of_class("ls") == Tools().of_class("ls") == "Tools: ls"
    for tool in (Tools.plain, Tools().plain, Tools.of_class, Tools().of_class):
        with pytest.raises(Denied):
            tool("rm -rf /")


def test_an_object_that_is_called_like_an_async_function_is_one(engine: Engine) -> None:
    class Bash:
        async def __call__(self, command: str) -> str:
            return command

    # Were it authorized as a plain function, the loop would stand still and the approver could never answer.
    async def run() -> str:
        loop = asyncio.get_running_loop()

        async def approves(request: ApprovalRequest) -> bool:
            return asyncio.get_running_loop() is loop

        bash = Guard(engine, approves, timeout=5).tool(name="bash")(Bash())
        return await bash("git push")

    assert asyncio.run(run()) == "git push"


def test_what_is_sent_into_an_async_generator_arrives(engine: Engine) -> None:
    happened: list[str] = []

    @Guard(engine).tool(name="bash")
    async def talk(command: str) -> AsyncGenerator[str, str]:
        try:
            try:
                happened.append((yield command))
            except ValueError as error:
                happened.append(str(error))
            yield "last"
        finally:
            happened.append("closed")

    async def run() -> None:
        talking = talk("ls")
        assert await talking.__anext__() == "ls"
        assert await talking.asend("sent") == "last"
        await talking.aclose()
        talking = talk("ls")
        await talking.__anext__()
        assert await talking.athrow(ValueError("thrown")) == "last"
        assert [item async for item in talking] == []

    asyncio.run(run())
    assert happened == ["sent", "closed", "thrown", "closed"]


def test_many_tools_are_wrapped_at_once(engine: Engine) -> None:
    def bash(command: str) -> str:
        return command

    guard = Guard(engine)
    assert guard.wrap({"bash": bash})["bash"]("ls") == "ls"
    assert guard.wrap({"bash": bash, "len": len})["len"]("ls") == 2
    (wrapped,) = guard.wrap([bash])
    with pytest.raises(Denied):
        wrapped("rm -rf /")


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


def test_a_justification_goes_with_the_call() -> None:
    document = "version: '1.0'\nmetadata: {name: p}\ntools: [{name: pay, justification: required}]\n"
    guard = Guard(Engine.from_yaml(document))

    @guard.tool
    def pay(amount: int) -> int:
        return amount

    with pytest.raises(Denied, match="justification"):
        pay(5)
    assert pay(5, justification="invoice 7") == 5  # type: ignore[call-arg]
    assert guard.authorize_sync("pay", {"amount": 5}, justification="invoice 7").allowed

    @guard.tool(name="pay")
    def explained(amount: int, justification: str = "as always") -> str:
        return justification

    assert (explained(5), explained(5, "invoice 8")) == ("as always", "invoice 8")
    with pytest.raises(Denied, match="justification"):
        explained(5, " ")
    # A model may write anything.
    for odd in (7, ["invoice"], "invoice \ud800"):
        with pytest.raises(Denied, match="`justification`"):
            explained(5, justification=odd)  # type: ignore[arg-type]


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
