"""A program that uses everything with its types; mypy and pyright read it at their strictest, and it runs too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, assert_type

from preloop_engine import (
    Action,
    ApprovalRequest,
    BoundEngine,
    ConditionError,
    Decision,
    Denied,
    Engine,
    Guard,
    PolicyDiff,
    Report,
    Rule,
    Status,
    TraceItem,
    diff,
    policy_to_yaml,
    validate,
)

DOCUMENT = """
version: '1.0'
metadata: {name: sample}
tools:
  - name: read_file
    conditions: [{expression: args.path.startsWith('/etc'), action: deny}]
"""

engine = Engine.from_yaml(DOCUMENT)
decision = engine.decide("read_file", {"path": "/tmp/a"}, source="mcp", justification="to read it")
assert_type(decision, Decision)
assert_type(decision.action, Action)
assert_type(decision.allowed, bool)
assert_type(decision.rule, Rule | None)
assert_type(decision.errors, tuple[ConditionError, ...])
assert_type(decision.policy.digest, str)
assert_type(engine.explain("read_file", {}).trace, tuple[TraceItem, ...] | None)
assert_type(engine.status(), Status)
assert_type(engine.bind(principal={"id": "ci"}), BoundEngine)
assert_type(validate(DOCUMENT), Report)
assert_type(diff(DOCUMENT, DOCUMENT), PolicyDiff)
for answer in (validate(DOCUMENT), diff(DOCUMENT, DOCUMENT), engine.status()):
    assert_type(answer.to_dict(), dict[str, Any])
    assert_type(answer.to_json(), str)
assert_type(policy_to_yaml({"name": "sample"}), str)
engine.replace(DOCUMENT)


def what(action: Action) -> int:
    if action == "allow":
        return 0
    if action == "require_approval":
        return 1
    return 2


async def ask(request: ApprovalRequest) -> bool:
    return request.workflow == "default" and request.tool != "rm"


guard = Guard(engine.bind(context={"env": "test"}), ask, timeout=60)


@guard.tool
def read_file(path: str, lines: int = 10) -> str:
    return f"{path}:{lines}"


@guard.tool(name="read_file", source="builtin", timeout=5)
async def read_later(path: str) -> bytes:
    return path.encode()


def length(text: str) -> int:
    return len(text)


async def double(number: int) -> str:
    return str(2 * number)


assert_type(guard.wrap({"length": length})["length"]("abc"), int)
toolbox = guard.wrap({"length": length, "double": double})
assert_type(toolbox, dict[str, Callable[..., Any]])
assert_type(guard.wrap([length, double]), list[Callable[..., Any]])


async def main() -> None:
    assert_type(await guard.authorize({"name": "read_file", "server": "files"}, {"path": "/tmp/a"}), Decision)
    assert_type(await guard.authorize("read_file", {"path": "/tmp/a"}, 5), Decision)
    assert_type(await read_later("/tmp/a"), bytes)
    try:
        await read_later("/etc/passwd")
    except Denied as denied:
        assert_type(denied.decision, Decision | None)
    else:
        raise AssertionError("it was let through")


if __name__ == "__main__":
    assert_type(read_file("/tmp/a", lines=5), str)
    assert_type(guard.authorize_sync("read_file", {"path": "/tmp/a"}), Decision)
    assert what(decision.action) == 0
    asyncio.run(main())
