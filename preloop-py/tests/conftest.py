"""What the tests share: a policy to ask, and the repository's cases."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from preloop_engine import Engine

QUICK = """
version: '1.0'
metadata: {name: quick}
tools:
  - name: bash
    conditions:
      - {expression: args.command.contains('rm -rf'), action: deny, message: files are never deleted here}
      - {expression: args.command.startsWith('git push'), action: require_approval}
      - {expression: args.command.startsWith('ls'), action: allow}
"""


@pytest.fixture
def engine() -> Engine:
    return Engine.from_yaml(QUICK)


def decides_on(*expressions: str, action: str = "deny") -> Engine:
    """An engine whose tool `t` has these rules."""
    rules = [{"expression": text, "action": action} for text in expressions]
    document = {"version": "1.0", "metadata": {"name": "p"}, "tools": [{"name": "t", "conditions": rules}]}
    return Engine.from_yaml(yaml.safe_dump(document))


def holds(expression: str, value: object) -> bool:
    """Whether a CEL condition on `args.x` is true for a value; it has to be true or false."""
    decision = decides_on(f"({expression}) == true").decide("t", {"x": value})
    assert decision.reason in ("rule_matched", "no_rule_matched"), decision.to_dict()
    return decision.denied


def refused(value: object, expression: str = "args.x == 'never'") -> str:
    """Why a value cannot be read."""
    decision = decides_on(expression, action="allow").decide("t", {"x": value})
    assert (decision.action, decision.reason) == ("deny", "invalid_call"), decision.to_dict()
    (error,) = decision.errors
    assert error.kind == "invalid_call"
    start = "`args.x` cannot be read: "
    assert error.message.startswith(start)
    return error.message.removeprefix(start)


def repository() -> Path:
    """The checkout that these tests belong to; the tests run elsewhere, so that they see only what was installed."""
    return Path(os.environ.get("PRELOOP_REPOSITORY", Path(__file__).parents[2]))


class CoreSchema(yaml.SafeLoader):
    """YAML 1.2 as documents are read everywhere else: `no` is text, `0o17` a number."""


CoreSchema.yaml_implicit_resolvers = {}
for tag, pattern, first in [
    ("null", r"^(?:null|Null|NULL|~|)$", ["n", "N", "~", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
]:
    CoreSchema.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), first)


def cases() -> list[Any]:
    """Every case of `conformance/decisions` that needs no schema, with its policy as JSON text."""
    root = repository() / "conformance" / "decisions"
    found = []
    for file in sorted(root.rglob("*.yaml")):
        document = yaml.load(file.read_text(encoding="utf-8"), CoreSchema)
        for case in document["cases"]:
            if "schema" not in case:
                name = f"{file.relative_to(root)}: {case['name']}"
                found.append(pytest.param(root, document, case, id=name))
    return found
