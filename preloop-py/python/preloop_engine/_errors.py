"""What can go wrong, as exceptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._native import Decision
    from ._shapes import Report


class PreloopError(Exception):
    """Everything that this package raises by itself."""


class PolicyError(PreloopError, ValueError):
    """A policy document was refused; `report` has every problem."""

    report: Report

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        return "the policy document is not valid:\n" + "\n".join(
            f"  {error}" for error in self.report.errors
        )


class Denied(PreloopError):
    """The tool did not run. The text is what the agent is told."""

    decision: Decision | None
    """The decision that led here."""

    def __init__(self, message: str = "", decision: Decision | None = None) -> None:
        super().__init__(message, decision)
        self.decision = decision

    def __str__(self) -> str:
        return str(self.args[0])


class ApprovalDeclined(Denied):
    """Whoever was asked said no. An approver may raise it, with the reason as its text."""


class ApprovalTimeout(Denied):
    """Nobody answered in time."""
