"""The shapes of the wire: immutable, compared by value."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, Mapping, NoReturn, TypeVar

Action = Literal["allow", "require_approval", "deny"]
"""What happens to a call, from the most lenient to the strictest."""

Reason = Literal[
    "rule_matched",
    "tool_default",
    "no_rule_matched",
    "unknown_tool",
    "new_tool",
    "tool_disabled",
    "justification_required",
    "condition_error",
    "invalid_call",
    "evidence_missing",
    "granted",
    "halted",
    "policy_unavailable",
    "policy_stale",
]
"""Why a decision is what it is: a closed set."""

_Self = TypeVar("_Self", bound="_Shape")


class _Shape:
    @classmethod
    def _of_wire(cls: type[_Self], wire: Mapping[str, Any]) -> _Self:
        # A field that this version does not know is left out, one that is absent has its default.
        known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: value for name, value in wire.items() if name in known})


@dataclass(frozen=True)
class Rule(_Shape):
    """Which rule decided."""

    path: str
    """Place in the document, such as `tools[0].conditions[0]`."""
    name: str | None = None
    description: str | None = None
    expression: str | None = None
    """The rule's condition as written; `None` means it always matches."""
    file: str | None = None
    """The file of the rule, where the document is spread over several."""


@dataclass(frozen=True)
class PolicyRef(_Shape):
    """Which policy answered."""

    name: str
    digest: str
    """`sha256:` and the digest of the canonical document without secrets."""


@dataclass(frozen=True)
class ConditionError(_Shape):
    """A condition, or a call, that could not be evaluated."""

    rule: str
    """Path of the rule; empty when the call itself is at fault."""
    message: str
    kind: str
    """The kind of failure, such as `no_such_key`."""
    expression: str | None = None
    line: int | None = None
    column: int | None = None
    value: object = None
    """The value met there, with secrets masked."""
    file: str | None = None


@dataclass(frozen=True)
class TraceItem(_Shape):
    """One line of an explanation: a rule, or a part of its condition."""

    rule: str
    message: str
    kind: str
    """`matched`, `not_matched`, `error`, `skipped` or `value`."""
    expression: str | None = None
    line: int | None = None
    column: int | None = None
    value: object = None
    """The value of the part, with secrets masked."""
    file: str | None = None


@dataclass(frozen=True)
class Diagnostic(_Shape):
    """One problem of a policy document."""

    path: str
    message: str
    code: str
    line: int | None = None
    column: int | None = None
    help: str | None = None
    file: str | None = None

    def __str__(self) -> str:
        place = "" if self.line is None else f"{self.line}:{self.column}: "
        place = place if self.file is None else f"{self.file}:{place}"
        path = f"{self.path}: " if self.path else ""
        help = f" ({self.help})" if self.help else ""
        return f"{place}{path}{self.message}{help}"


@dataclass(frozen=True)
class Report(_Shape):
    """What is wrong with a policy document: everything, never only the first."""

    is_valid: bool
    """True when there is no error; warnings do not count."""
    errors: tuple[Diagnostic, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()

    @classmethod
    def _of_wire(cls, wire: Mapping[str, Any]) -> Report:
        return cls(
            is_valid=wire["is_valid"],
            errors=_diagnostics(wire["errors"]),
            warnings=_diagnostics(wire["warnings"]),
        )

    def __bool__(self) -> NoReturn:
        raise TypeError("a report is neither true nor false: ask `.is_valid`")


@dataclass(frozen=True)
class Status(_Shape):
    """Which policy an engine answers by, and what became of replacing it."""

    policy: PolicyRef
    tools: int
    """How many entries the policy has."""
    rules: int
    """How many rules are switched on in them."""
    replaced: int
    """How often the policy was replaced."""
    warnings: tuple[Diagnostic, ...] = ()
    refused: Report | None = None
    """Why the last replacement was refused, if it was."""

    @classmethod
    def _of_wire(cls, wire: Mapping[str, Any]) -> Status:
        refused = wire["refused"]
        return cls(
            policy=PolicyRef._of_wire(wire["policy"]),
            tools=wire["tools"],
            rules=wire["rules"],
            replaced=wire["replaced"],
            warnings=_diagnostics(wire["warnings"]),
            refused=None if refused is None else Report._of_wire(refused),
        )


@dataclass(frozen=True)
class PolicyDiff(_Shape):
    """Two policies compared: what the documents say otherwise, and which calls are answered otherwise."""

    verdict: Literal["same_meaning", "unknown", "tightened", "loosened", "both"]
    """What the change does as a whole; `unknown` where nothing was found that lets more or less through."""
    changed: bool
    """Whether the documents differ at all, comments and layout aside."""
    before: PolicyRef
    after: PolicyRef
    changes: tuple[Mapping[str, Any], ...] = ()
    """What the documents say otherwise."""
    effects: tuple[Mapping[str, Any], ...] = ()
    tools: tuple[Mapping[str, Any], ...] = ()
    """Each tool that is decided otherwise, with its own verdict."""
    examples: tuple[Mapping[str, Any], ...] = ()
    """Calls that are answered otherwise, the smallest that were found."""
    searched: Mapping[str, Any] | None = None
    """How far was searched: that no example was found is no proof."""

    @classmethod
    def _of_wire(cls, wire: Mapping[str, Any]) -> PolicyDiff:
        known = {field.name for field in fields(cls)}
        given = {name: value for name, value in wire.items() if name in known}
        for name in ("before", "after"):
            given[name] = PolicyRef._of_wire(given[name])
        for name in ("changes", "effects", "tools", "examples"):
            given[name] = tuple(given[name])
        return cls(**given)


def _diagnostics(wire: list[dict[str, Any]]) -> tuple[Diagnostic, ...]:
    return tuple(Diagnostic._of_wire(item) for item in wire)
