"""Decides an AI agent's tool calls in its own process: allow, deny, or ask a human first.

    from preloop_engine import Engine

    engine = Engine.from_file("policy.yaml")
    decision = engine.decide("bash", {"command": "rm -rf /"})
    if not decision.allowed:
        print(decision.message)
"""

try:
    from ._native import (
        BoundEngine,
        Decision,
        Engine,
        __version__,
        call_hash,
        diff,
        policy_to_yaml,
        validate,
    )
except ModuleNotFoundError as missing:
    from sysconfig import get_platform

    raise ImportError(
        f"preloop_engine has no native module for {get_platform()}: install the package with "
        "`pip install preloop-engine`, or a clone with `pip install ./preloop-py`"
    ) from missing

from ._errors import ApprovalDeclined, ApprovalTimeout, Denied, PolicyError, PreloopError
from ._guard import ApprovalRequest, Approver, Guard
from ._shapes import (
    Action,
    ConditionError,
    Diagnostic,
    PolicyDiff,
    PolicyRef,
    Reason,
    Report,
    Rule,
    Status,
    TraceItem,
)

__all__ = [
    "Action",
    "ApprovalDeclined",
    "ApprovalRequest",
    "ApprovalTimeout",
    "Approver",
    "BoundEngine",
    "ConditionError",
    "Decision",
    "Denied",
    "Diagnostic",
    "Engine",
    "Guard",
    "PolicyDiff",
    "PolicyError",
    "PolicyRef",
    "PreloopError",
    "Reason",
    "Report",
    "Rule",
    "Status",
    "TraceItem",
    "__version__",
    "call_hash",
    "diff",
    "policy_to_yaml",
    "validate",
]
