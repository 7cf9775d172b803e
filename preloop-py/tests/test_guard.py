"""The guard runs a tool only when policy, or whoever is asked, says that it may run."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from preloop_engine import ApprovalDeclined, ApprovalRequest, ApprovalTimeout, Denied, Engine, Guard

Ask = Callable[[Guard, str, Any], Any]
PUSH = {"command": "git push"}


def in_async(guard: Guard, tool: str, args: Any, **more: Any) -> Any:
    return asyncio.run(guard.authorize(tool, args, **more))


def in_sync(guard: Guard, tool: str, args: Any, **more: Any) -> Any:
    return guard.authorize_sync(tool, args, **more)


both = pytest.mark.parametrize("authorize", [in_async, in_sync])


async def later(answer: Any) -> Any:
    await asyncio.sleep(0)
    return answer


@both
def test_what_is_allowed_goes_through_and_what_is_denied_does_not(engine: Engine, authorize: Any) -> None:
    guard = Guard(engine)
    assert authorize(guard, "bash", {"command": "ls"}).allowed
    with pytest.raises(Denied, match="^files are never deleted here$") as caught:
        authorize(guard, "bash", {"command": "rm -rf /"})
    assert caught.value.decision is not None and caught.value.decision.denied
    with pytest.raises(Denied, match="nobody can be asked"):
        authorize(guard, "bash", PUSH)


@both
@pytest.mark.parametrize("form", [lambda answer: answer, later])
def test_the_approver_answers_at_once_or_later(engine: Engine, authorize: Any, form: Any) -> None:
    seen: list[ApprovalRequest] = []

    def approver(answer: Any) -> Any:
        def ask(request: ApprovalRequest) -> Any:
            seen.append(request)
            return form(answer)

        return ask

    assert authorize(Guard(engine, approver(True)), "bash", PUSH, source="mcp").needs_approval
    assert (seen[0].tool, seen[0].args, seen[0].source, seen[0].workflow) == ("bash", PUSH, "mcp", "default")
    with pytest.raises(ApprovalDeclined):
        authorize(Guard(engine, approver(False)), "bash", PUSH)
    # Neither yes nor no is no approval.
    for answer in (None, 1, "yes", object()):
        with pytest.raises(Denied) as caught:
            authorize(Guard(engine, approver(answer)), "bash", PUSH)
        assert type(caught.value) is Denied


@both
def test_an_approver_that_fails_approves_nothing(engine: Engine, authorize: Any) -> None:
    def fails(request: ApprovalRequest) -> bool:
        raise OSError("no network")

    def declines(request: ApprovalRequest) -> bool:
        raise ApprovalDeclined("not on a Friday")

    with pytest.raises(Denied, match="asking for the approval failed") as caught:
        authorize(Guard(engine, fails), "bash", PUSH)
    assert isinstance(caught.value.__cause__, OSError)
    with pytest.raises(ApprovalDeclined, match="^not on a Friday$") as declined:
        authorize(Guard(engine, declines), "bash", PUSH)
    assert declined.value.decision is not None


@both
@pytest.mark.parametrize("form", ["thread", "task"])
def test_nobody_answers_in_time(engine: Engine, authorize: Any, form: str) -> None:
    release = threading.Event()

    def blocks(request: ApprovalRequest) -> bool:
        return release.wait(30)

    async def never(request: ApprovalRequest) -> bool:
        await asyncio.sleep(30)
        return True

    started = time.monotonic()
    with pytest.raises(ApprovalTimeout):
        authorize(Guard(engine, blocks if form == "thread" else never), "bash", PUSH, timeout=0.05)
    assert time.monotonic() - started < 10
    release.set()


@both
def test_an_approval_is_for_exactly_the_call_that_was_shown(engine: Engine, authorize: Any) -> None:
    args = dict(PUSH)

    def swaps(request: ApprovalRequest) -> bool:
        args["command"] = "git push --force"
        return True

    with pytest.raises(Denied, match="the arguments changed"):
        authorize(Guard(engine, swaps), "bash", args)


@both
def test_the_policy_decides_again_after_the_answer(engine: Engine, authorize: Any) -> None:
    def replaces(text: str) -> Any:
        def ask(request: ApprovalRequest) -> bool:
            asked.append(request.workflow)
            engine.replace(text)
            return True

        return ask

    document = "version: '1.0'\nmetadata: {name: p}\n"
    asked: list[str | None] = []
    workflows = "approval_workflows: [{name: w}]\ntools: [{name: bash, approval_workflow: w}]\n"
    # Another workflow is another approval: it is asked for anew.
    assert authorize(Guard(engine, replaces(document + workflows)), "bash", PUSH).needs_approval
    assert asked == ["default", "w"]
    with pytest.raises(Denied):
        authorize(Guard(engine, replaces(document + "tools: [{name: bash, enabled: false}]\n")), "bash", PUSH)


def test_cancelling_goes_through_and_leaves_nothing_behind(engine: Engine) -> None:
    cancelled: list[bool] = []

    async def waits(request: ApprovalRequest) -> bool:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise
        return True

    async def run() -> None:
        task = asyncio.ensure_future(Guard(engine, waits).authorize("bash", PUSH))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)

    asyncio.run(run())
    assert cancelled == [True]


@both
def test_arguments_without_a_hash_are_said_before_anybody_is_asked(engine: Engine, authorize: Any) -> None:
    asked: list[str] = []

    def approves(request: ApprovalRequest) -> bool:
        asked.append(request.tool)
        return True

    guard = Guard(engine, approves)
    with pytest.raises(Denied, match="exactly its arguments, and the arguments cannot be read: a value of type `set`"):
        authorize(guard, "bash", {"command": "git push", "who": {"ann"}})
    assert asked == []


@both
@pytest.mark.parametrize("timeout", [math.inf, 1e12])
def test_a_timeout_may_be_longer_than_threads_can_wait(engine: Engine, authorize: Any, timeout: float) -> None:
    assert authorize(Guard(engine, lambda request: True), "bash", PUSH, timeout=timeout).needs_approval


@both
@pytest.mark.parametrize("timeout", [math.nan, "5"])
def test_a_timeout_that_is_no_number_asks_nobody(engine: Engine, authorize: Any, timeout: Any) -> None:
    asked: list[str] = []

    def approves(request: ApprovalRequest) -> bool:
        asked.append(request.tool)
        return True

    with pytest.raises(TypeError, match="`timeout` must be a number of seconds"):
        authorize(Guard(engine, approves), "bash", PUSH, timeout=timeout)
    assert asked == []


@both
def test_nobody_is_asked_where_no_time_is_left(engine: Engine, authorize: Any) -> None:
    asked: list[str] = []

    def approves(request: ApprovalRequest) -> bool:
        asked.append(request.tool)
        return True

    with pytest.raises(ApprovalTimeout):
        authorize(Guard(engine, approves), "bash", PUSH, timeout=0)
    with pytest.raises(ApprovalTimeout):
        authorize(Guard(engine, approves, timeout=0.0), "bash", PUSH)
    for timeout in (-1, -math.inf):
        with pytest.raises(ValueError, match="`timeout` must not be negative"):
            authorize(Guard(engine, approves), "bash", PUSH, timeout=timeout)
    assert asked == []


def test_a_timeout_that_is_none_is_said_when_the_guard_is_made(engine: Engine) -> None:
    for timeout, error in (("5", TypeError), (math.nan, TypeError), (-1, ValueError)):
        with pytest.raises(error, match="`timeout`"):
            Guard(engine, timeout=timeout)  # type: ignore[arg-type]
        with pytest.raises(error, match="`timeout`"):
            Guard(engine).tool(timeout=timeout)(lambda command: command)  # type: ignore[arg-type]


@both
def test_a_tool_may_be_described(engine: Engine, authorize: Any) -> None:
    requests: list[ApprovalRequest] = []

    def approves(request: ApprovalRequest) -> bool:
        requests.append(request)
        tool["server"] = changes.pop()
        return True

    guard = Guard(engine, approves)
    tool: dict[str, object] = {"name": "bash", "server": "shell", "source": "mcp"}
    changes: list[object] = ["shell"]
    assert authorize(guard, tool, {"command": "ls"}).allowed
    assert authorize(guard, tool, PUSH).needs_approval
    assert (requests[0].tool, requests[0].source) == ("bash", "shell")
    # An approval is for the tool at its place.
    changes.append("other")
    with pytest.raises(Denied, match="changed"):
        authorize(guard, tool, PUSH)
    changes.append("other")
    del tool["server"]
    assert authorize(guard, {"name": "bash", "source": "mcp"}, PUSH).needs_approval
    assert authorize(Guard(engine, lambda request: request.source == "http"), tool, PUSH, source="http").needs_approval


@both
@pytest.mark.parametrize("form", [str, str.encode, lambda text: bytearray(text.encode())])
def test_an_approver_sees_what_json_text_says(engine: Engine, authorize: Any, form: Any) -> None:
    guard = Guard(engine, lambda request: request.args == PUSH)
    assert authorize(guard, "bash", form('{"command": "git push"}')).needs_approval


@both
@pytest.mark.parametrize("form", ["at once", "later"])
def test_what_an_approver_raises_for_the_program_goes_through(engine: Engine, authorize: Any, form: str) -> None:
    def raises(request: ApprovalRequest) -> bool:
        raise SystemExit(3)

    async def raises_later(request: ApprovalRequest) -> bool:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        authorize(Guard(engine, raises if form == "at once" else raises_later), "bash", PUSH)


def test_a_guard_of_other_things_is_refused(engine: Engine) -> None:
    with pytest.raises(TypeError, match="`engine` must be an engine, not `NoneType`"):
        Guard(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="`approver` must be a function, not `bool`"):
        Guard(engine, True)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="as in `@guard.tool"):
        Guard(engine).tool("bash")  # type: ignore[call-overload]


def test_a_bound_engine_guards_too() -> None:
    document = """
version: '1.0'
metadata: {name: p}
tools: [{name: t, conditions: [{expression: principal.id != 'ci', action: deny}]}]
"""
    engine = Engine.from_yaml(document)
    assert Guard(engine.bind(principal={"id": "ci"})).authorize_sync("t").allowed
    with pytest.raises(Denied):
        Guard(engine).authorize_sync("t")
