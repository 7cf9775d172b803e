"""The shapes of the wire: immutable, compared by value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NoReturn, TypeVar

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


class _Object(Mapping[str, Any]):
    """An object of JSON that nobody changes. Equal ones have the same hash."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Mapping[str, Any]) -> None:
        self._entries = MappingProxyType(dict(entries))

    def __getitem__(self, key: str) -> Any:
        return self._entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __hash__(self) -> int:
        return hash(frozenset(self._entries.items()))

    def __repr__(self) -> str:
        return repr(dict(self._entries))

    def __reduce__(self) -> tuple[type[_Object], tuple[dict[str, Any]]]:
        return _Object, (dict(self._entries),)


def _frozen(value: Any) -> Any:
    """A value of JSON that nobody can change."""
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, dict):
        return _Object({key: _frozen(item) for key, item in value.items()})
    return value


def _plain(value: Any) -> Any:
    """The same value with lists and dicts, as JSON is read and written; a shape as it goes over every wire."""
    if isinstance(value, _Shape):
        value = {name: part for name, part in vars(value).items() if part is not None or name in value._null}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value


class _Shape:
    _null: ClassVar[tuple[str, ...]] = ()
    """The fields that are on the wire where they are `None`, too; others are left out there."""

    @classmethod
    def _of_wire(cls: type[_Self], wire: Mapping[str, Any]) -> _Self:
        # A field that this version does not know is left out, one that is absent has its default.
        known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: _frozen(value) for name, value in wire.items() if name in known})

    def to_dict(self) -> dict[str, Any]:
        """The same as a dict, as it goes over every wire."""
        return dict(_plain(self))

    def to_json(self) -> str:
        """The same as JSON text, as it goes over every wire."""
        return json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":"))


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
    """The value met there, with secrets masked: lists are tuples, objects are read-only mappings."""
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
    """The value of the part, with secrets masked: lists are tuples, objects are read-only mappings."""
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

    _null = ("refused",)

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
        refs = {name: PolicyRef._of_wire(wire[name]) for name in ("before", "after")}
        return super()._of_wire({**wire, **refs})


def _diagnostics(wire: list[dict[str, Any]]) -> tuple[Diagnostic, ...]:
    return tuple(Diagnostic._of_wire(item) for item in wire)
