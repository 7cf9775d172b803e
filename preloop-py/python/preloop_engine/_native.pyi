"""
The compiled half of `preloop_engine`; what is public is exported there.
"""

from collections.abc import Mapping
from datetime import datetime
from os import PathLike
from preloop_engine._shapes import Action, ConditionError, PolicyDiff, PolicyRef, Reason, Report, Rule, Status, TraceItem
from typing import Any, Final, NoReturn, final

__all__ = ["__version__", "BoundEngine", "Decision", "Engine", "after_answer", "after_decision", "call_hash", "diff", "policy_to_yaml", "validate"]

__version__: Final[str]

@final
class BoundEngine:
    """
    An engine with what is known beside each call: who acts, what was called before, other facts, the time.
    """
    def __repr__(self, /) -> str: ...
    def decide(self, /, tool: str | Mapping[str, object], args: Any | None = None, *, source: str | None = None, justification: str | None = None) -> Decision:
        """
        Decides a call. Never raises for what is in the call: what cannot be judged is denied, with errors.
        """
    @property
    def engine(self, /) -> Engine:
        """
        The engine without what is bound.
        """
    def explain(self, /, tool: str | Mapping[str, object], args: Any | None = None, *, source: str | None = None, justification: str | None = None) -> Decision:
        """
        Decides a call and tells, rule by rule, how.
        """

@final
class Decision:
    """
    The answer to one call. It has no truth value: ask `.allowed`, `.denied` or `.needs_approval`.
    """
    def __bool__(self, /) -> NoReturn:
        """
        Refuses: `if engine.decide(...)` would let every call through.
        """
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self, /) -> tuple[Any, tuple[str]]: ...
    def __repr__(self, /) -> str: ...
    @property
    def action(self, /) -> Action:
        """
        What happens to the call: `allow`, `require_approval` or `deny`.
        """
    @property
    def allowed(self, /) -> bool:
        """
        Whether the call may run.
        """
    @property
    def approval_workflow(self, /) -> str | None:
        """
        The workflow of an approval; `None` unless the action is `require_approval`.
        """
    @property
    def denied(self, /) -> bool:
        """
        Whether the call must not run.
        """
    @property
    def errors(self, /) -> tuple[ConditionError, ...]:
        """
        Conditions that could not be evaluated.
        """
    @classmethod
    def from_json(cls, /, text: str) -> Decision:
        """
        The decision that `to_json` wrote.
        """
    @property
    def message(self, /) -> str:
        """
        What the agent is told.
        """
    @property
    def needs_approval(self, /) -> bool:
        """
        Whether the call waits for an approval.
        """
    @property
    def policy(self, /) -> PolicyRef:
        """
        The policy that answered: its name and digest.
        """
    @property
    def reason(self, /) -> Reason:
        """
        Why, as one of a closed set, such as `rule_matched`.
        """
    @property
    def rule(self, /) -> Rule | None:
        """
        The rule that decided, if one did.
        """
    @property
    def scope(self, /) -> str | None:
        """
        The scope that an inherited answer comes from.
        """
    def to_dict(self, /) -> dict[str, Any]:
        """
        The decision as a dict, as it goes over every wire.
        """
    def to_json(self, /) -> str:
        """
        The decision as JSON text, as it goes over every wire.
        """
    @property
    def trace(self, /) -> tuple[TraceItem, ...] | None:
        """
        Rule by rule, where an explanation was asked for.
        """

@final
class Engine:
    """
    A policy that answers calls and can be replaced at any time, by any thread.
    """
    def __repr__(self, /) -> str: ...
    def bind(self, /, *, principal: Any | None = None, session: Any | None = None, context: Any | None = None, now: datetime | str | None = None) -> BoundEngine:
        """
        The same engine with what is known beside each call. Without `now` it is the clock's time.
        """
    def decide(self, /, tool: str | Mapping[str, object], args: Any | None = None, *, source: str | None = None, justification: str | None = None) -> Decision:
        """
        Decides a call. Never raises for what is in the call: what cannot be judged is denied, with errors.
        """
    def explain(self, /, tool: str | Mapping[str, object], args: Any | None = None, *, source: str | None = None, justification: str | None = None) -> Decision:
        """
        Decides a call and tells, rule by rule, how.
        """
    @staticmethod
    def from_file(path: str | PathLike[str]) -> Engine:
        """
        An engine that decides by the document in this file, or by the files of this folder as one.
        """
    @staticmethod
    def from_json(text: str | bytes | bytearray) -> Engine:
        """
        An engine that decides by this document, in JSON or YAML.
        """
    @staticmethod
    def from_yaml(text: str | bytes | bytearray) -> Engine:
        """
        An engine that decides by this document, in YAML or JSON.
        """
    def replace(self, /, text: str | bytes | bytearray) -> None:
        """
        Decides by another document from now on; one that is refused raises `PolicyError` and changes nothing.
        """
    def status(self, /) -> Status:
        """
        Which policy answers, and what became of replacing it.
        """

def after_answer(asked: Decision, answer: str, now: Decision) -> tuple[str, str, str]:
    """
    What a guard does once somebody answered, or nobody did.
    """

def after_decision(decision: Decision) -> tuple[str, str, str]:
    """
    What a guard does with a decision.
    """

def call_hash(tool: str, args: Any, source: str | None = None) -> str:
    """
    The hash of a call: two calls with the same hash are identical.
    """

def diff(before: str | bytes | bytearray, after: str | bytes | bytearray) -> PolicyDiff:
    """
    Compares two policy documents: which changes there are, and which calls are answered otherwise.
    """

def policy_to_yaml(policy: Mapping[str, object]) -> str:
    """
    A policy, a document or a flat one, as YAML: block style, keys sorted, members that are `None` left out. Two policies that
    say the same are the same text.
    """

def validate(text: str | bytes | bytearray) -> Report:
    """
    Checks a policy: every error and warning, with its place.
    """
