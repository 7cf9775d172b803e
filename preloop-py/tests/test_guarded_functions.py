"""Functions, methods and generators behind a guard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable

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
