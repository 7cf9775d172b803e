"""Every case of the repository gets the decision that it gets on every other surface."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from conftest import cases

from preloop_engine import Decision, Engine

CASES_MIN = 150
CASES = cases()


def test_the_cases_are_there() -> None:
    assert len(CASES) >= CASES_MIN


def policy_text(root: Path, document: dict[str, Any]) -> str:
    if "policy_file" in document:
        return (root / document["policy_file"]).read_text(encoding="utf-8")
    return json.dumps(document["policy"])


def call_of(case: dict[str, Any]) -> dict[str, Any]:
    if "call_json" in case:
        call: dict[str, Any] = json.loads(case["call_json"])
        return call
    call = dict(case["call"])
    if "args_json" in call:
        call["args_text"] = call.pop("args_json")
        call["args"] = json.loads(call["args_text"])
    return call


def check(decision: Decision, expect: dict[str, Any]) -> None:
    wire = decision.to_dict()
    for key in ("action", "reason", "message", "approval_workflow"):
        if key in expect:
            assert wire[key] == expect[key], wire
    if "rule" in expect:
        assert decision.rule is not None, wire
        assert expect["rule"] in (decision.rule.path, decision.rule.name), wire
    errors = [{"rule": error.rule, "kind": error.kind} for error in decision.errors]
    assert errors == expect.get("errors", []), wire


@pytest.mark.parametrize(("root", "document", "case"), CASES)
def test_a_case_gets_its_decision(root: Path, document: Any, case: Any) -> None:
    engine = Engine.from_yaml(policy_text(root, document))
    call = call_of(case)
    facts = {name: call.get(name) for name in ("principal", "session", "context", "now")}
    tool = call["tool"]
    if isinstance(tool, str):
        beside = {name: call[name] for name in ("server", "annotations", "is_new") if name in call}
        tool = {"name": tool, **beside} if beside else tool
    args = call.get("args", {})
    text = call.get("args_text", json.dumps(args))
    asked = {"source": call.get("source"), "justification": call.get("justification")}
    bound = engine.bind(**facts)
    decision = bound.decide(tool, args, **asked)
    check(decision, case["expect"])
    # The same arguments in other forms, and the same call explained.
    for form in (MappingProxyType(args), text, text.encode()):
        assert bound.decide(tool, form, **asked) == decision
    explained = bound.explain(tool, args, **asked)
    assert explained.trace
    assert {**explained.to_dict(), "trace": None} == {**decision.to_dict(), "trace": None}
