from collections.abc import Mapping
from datetime import datetime
from os import PathLike
from typing import Any, NoReturn, final

from ._shapes import (
    Action,
    ConditionError,
    PolicyDiff,
    PolicyRef,
    Reason,
    Report,
    Rule,
    Status,
    TraceItem,
)

__all__ = [
    "BoundEngine",
    "Decision",
    "Engine",
    "after_answer",
    "after_decision",
    "call_hash",
    "diff",
    "validate",
]

@final
class Decision:
    @property
    def action(self) -> Action: ...
    @property
    def reason(self) -> Reason: ...
    @property
    def message(self) -> str: ...
    @property
    def allowed(self) -> bool: ...
    @property
    def denied(self) -> bool: ...
    @property
    def needs_approval(self) -> bool: ...
    @property
    def rule(self) -> Rule | None: ...
    @property
    def approval_workflow(self) -> str | None: ...
    @property
    def policy(self) -> PolicyRef: ...
    @property
    def errors(self) -> tuple[ConditionError, ...]: ...
    @property
    def scope(self) -> str | None: ...
    @property
    def trace(self) -> tuple[TraceItem, ...] | None: ...
    def to_json(self) -> str: ...
    def to_dict(self) -> dict[str, Any]: ...
    @classmethod
    def from_json(cls, text: str) -> Decision: ...
    def __bool__(self) -> NoReturn: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Engine:
    @staticmethod
    def from_yaml(text: str | bytes) -> Engine: ...
    @staticmethod
    def from_json(text: str | bytes) -> Engine: ...
    @staticmethod
    def from_file(path: str | PathLike[str]) -> Engine: ...
    def decide(
        self,
        tool: str | Mapping[str, object],
        args: object = None,
        *,
        source: str | None = None,
        justification: str | None = None,
    ) -> Decision: ...
    def explain(
        self,
        tool: str | Mapping[str, object],
        args: object = None,
        *,
        source: str | None = None,
        justification: str | None = None,
    ) -> Decision: ...
    def bind(
        self,
        *,
        principal: object = None,
        session: object = None,
        context: object = None,
        now: datetime | str | None = None,
    ) -> BoundEngine: ...
    def replace(self, text: str | bytes) -> None: ...
    def status(self) -> Status: ...

@final
class BoundEngine:
    def decide(
        self,
        tool: str | Mapping[str, object],
        args: object = None,
        *,
        source: str | None = None,
        justification: str | None = None,
    ) -> Decision: ...
    def explain(
        self,
        tool: str | Mapping[str, object],
        args: object = None,
        *,
        source: str | None = None,
        justification: str | None = None,
    ) -> Decision: ...
    @property
    def engine(self) -> Engine: ...

def validate(text: str | bytes) -> Report: ...
def diff(before: str | bytes, after: str | bytes) -> PolicyDiff: ...
def call_hash(tool: str, args: object, source: str | None = None) -> str: ...
def after_decision(decision: Decision) -> tuple[str, str, str]: ...
def after_answer(asked: Decision, answer: str, now: Decision) -> tuple[str, str, str]: ...
