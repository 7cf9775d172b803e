"""A guard stands before tools: it runs one only when policy, or whoever is asked, says that it may run."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import json
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar, Union, cast, overload

from ._errors import ApprovalDeclined, ApprovalTimeout, Denied
from ._native import BoundEngine, Decision, Engine, after_answer, after_decision, call_hash
from ._parameters import behind, calls_of, is_async, is_bound_as, is_partial_method, name_of, with_method
from ._thread import ApproverThread, in_thread

_P = ParamSpec("_P")
_R = TypeVar("_R")

DEFAULT_TIMEOUT = 3600.0
"""How long a guard waits for an answer, in seconds, unless it is told otherwise."""

_ASKS_MAX = 5
"""How often one call is asked about, where the policy is replaced by one with another workflow meanwhile."""


@dataclass(frozen=True)
class ApprovalRequest:
    """What an approver is asked: whether exactly this call may run."""

    tool: str
    args: object
    decision: Decision
    source: str | None
    justification: str | None

    @property
    def workflow(self) -> str | None:
        """The approval workflow that the policy names."""
        return self.decision.approval_workflow


Approver = Callable[[ApprovalRequest], Union[bool, Awaitable[bool]]]
"""Answers `True` or `False`, at once or later; anything else is no approval. May raise `ApprovalDeclined`."""

_ERRORS: dict[str, type[Denied]] = {
    "denied": Denied,
    "approval_declined": ApprovalDeclined,
    "approval_timeout": ApprovalTimeout,
}


@dataclass
class _Attempt:
    """One call on its way through a guard; what each step leads to is decided in core."""

    engine: Engine | BoundEngine
    tool: str | Mapping[str, object]
    args: object
    source: str | None
    justification: str | None

    def decide(self) -> Decision:
        return self.engine.decide(
            self.tool, self.args, source=self.source, justification=self.justification
        )

    def target(self) -> tuple[str, str | None]:
        """The tool's name and where it lives."""
        if isinstance(self.tool, str):
            return self.tool, self.source
        said = (self.source, self.tool.get("server"), self.tool.get("source"))
        source = next((source for source in said if source is not None), None)
        return cast(str, self.tool["name"]), cast("str | None", source)

    def request(self, decision: Decision) -> ApprovalRequest:
        name, source = self.target()
        is_text = isinstance(self.args, (str, bytes, bytearray))
        args = json.loads(cast(str, self.args)) if is_text else self.args
        return ApprovalRequest(name, args, decision, source, self.justification)

    def hash(self) -> str:
        name, source = self.target()
        return call_hash(name, self.args, source)

    def fingerprint(self, asked: Decision) -> str:
        """What an approval is bound to; arguments that have no such thing cannot be approved."""
        try:
            return self.hash()
        except ValueError as error:
            message = f"the call needs an approval, which is for exactly its arguments, and {error}"
            raise Denied(message, asked) from error

    def is_as_shown(self, shown: str) -> bool:
        try:
            return self.hash() == shown
        except ValueError:
            return False

    def after_answer(
        self, asked: Decision, answer: str, shown: str, cause: BaseException | None
    ) -> Decision | None:
        """The decision by which the call may run; none where somebody has to be asked again."""
        if answer == "approved" and not self.is_as_shown(shown):
            answer = "changed"
        now = self.decide()
        return _obey(now, after_answer(asked, answer, now), cause)


def _obey(
    decision: Decision, step: tuple[str, str, str], cause: BaseException | None = None
) -> Decision | None:
    what, kind, message = step
    if what == "run":
        return decision
    if what == "ask":
        return None
    if isinstance(cause, ApprovalDeclined):
        message = str(cause) or message
    raise _ERRORS[kind](message, decision) from cause


def _answer_of(given: object) -> str:
    if given is True:
        return "approved"
    return "declined" if given is False else "failed"


def _is_later(given: object) -> bool:
    return inspect.isawaitable(given)


class Guard:
    """Lets tools run only when they may.

    `approver` is asked where the policy requires an approval; without one such calls are denied.
    """

    def __init__(
        self,
        engine: Engine | BoundEngine,
        approver: Approver | None = None,
        *,
        timeout: float | None = DEFAULT_TIMEOUT,
    ) -> None:
        if not callable(getattr(engine, "decide", None)):
            raise TypeError(f"`engine` must be an engine, not `{type(engine).__name__}`")
        if approver is not None and not callable(approver):
            raise TypeError(f"`approver` must be a function, not `{type(approver).__name__}`")
        self.engine = engine
        self.approver = approver
        self.timeout = _checked(timeout)

    async def authorize(
        self,
        tool: str | Mapping[str, object],
        args: object = None,
        timeout: float | None = None,
        *,
        source: str | None = None,
        justification: str | None = None,
    ) -> Decision:
        """The decision by which the call may run; raises `Denied` or a kind of it where it may not."""
        attempt = _Attempt(self.engine, tool, args, source, justification)
        decision = attempt.decide()
        if decision.allowed:
            return decision
        _obey(decision, after_decision(decision))
        for _ in range(_ASKS_MAX):
            shown = "" if self.approver is None else attempt.fingerprint(decision)
            answer, cause = await self._ask(attempt.request(decision), timeout)
            approved = attempt.after_answer(decision, answer, shown, cause)
            if approved is not None:
                return approved
            decision = attempt.decide()
        raise Denied("the policy changed again and again while the call was asked about", decision)

    def authorize_sync(
        self,
        tool: str | Mapping[str, object],
        args: object = None,
        timeout: float | None = None,
        *,
        source: str | None = None,
        justification: str | None = None,
    ) -> Decision:
        """The same for code that cannot await."""
        attempt = _Attempt(self.engine, tool, args, source, justification)
        decision = attempt.decide()
        if decision.allowed:
            return decision
        _obey(decision, after_decision(decision))
        for _ in range(_ASKS_MAX):
            shown = "" if self.approver is None else attempt.fingerprint(decision)
            answer, cause = self._ask_sync(attempt.request(decision), timeout)
            approved = attempt.after_answer(decision, answer, shown, cause)
            if approved is not None:
                return approved
            decision = attempt.decide()
        raise Denied("the policy changed again and again while the call was asked about", decision)

    async def _ask(
        self, request: ApprovalRequest, timeout: float | None
    ) -> tuple[str, BaseException | None]:
        approver = self.approver
        if approver is None:
            return "nobody", None

        async def ask() -> object:
            # An approver that answers at once may block, as `input` does, so it gets a thread of its own.
            if inspect.iscoroutinefunction(approver):
                return await approver(request)
            given = await in_thread(functools.partial(approver, request))
            return await cast("Awaitable[object]", given) if _is_later(given) else given

        seconds = self._seconds(timeout)
        if seconds == 0:
            return "timed_out", None
        # A task of its own, so that only its end and never its cancelling counts as an answer.
        task = asyncio.ensure_future(ask())
        try:
            done, _ = await asyncio.wait({task}, timeout=seconds)
        finally:
            task.cancel()
        if not done:
            return "timed_out", None
        return _outcome(task.result)

    def _ask_sync(
        self, request: ApprovalRequest, timeout: float | None
    ) -> tuple[str, BaseException | None]:
        approver = self.approver
        if approver is None:
            return "nobody", None

        def ask() -> object:
            given = approver(request)

            async def later() -> object:
                return await cast("Awaitable[object]", given)

            return asyncio.run(later()) if _is_later(given) else given

        seconds = self._seconds(timeout)
        if seconds == 0:
            return "timed_out", None
        thread = ApproverThread(ask)
        thread.start()
        thread.join(seconds)
        return ("timed_out", None) if thread.is_alive() else _outcome(thread.result)

    def _seconds(self, timeout: float | None) -> float | None:
        seconds = _checked(self.timeout if timeout is None else timeout)
        # Longer than threads can wait is for as long as it takes.
        return None if seconds is None or seconds > threading.TIMEOUT_MAX else seconds

    @overload
    def tool(self, function: Callable[_P, _R], /) -> Callable[_P, _R]: ...
    @overload
    def tool(
        self,
        /,
        *,
        name: str | None = None,
        source: str | None = None,
        timeout: float | None = None,
    ) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]: ...
    def tool(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        name: str | None = None,
        source: str | None = None,
        timeout: float | None = None,
    ) -> Callable[..., Any]:
        """Guards a function: each call is authorized with the function's arguments by name.

        A `justification` keyword is the call's justification; a function without such a parameter never sees it.
        """
        if function is None:
            return lambda function: self._guarded(function, name, source, timeout)
        return self._guarded(function, name, source, timeout)

    @overload
    def wrap(self, tools: Mapping[str, Callable[_P, _R]]) -> dict[str, Callable[_P, _R]]: ...
    @overload
    def wrap(self, tools: Iterable[Callable[_P, _R]]) -> list[Callable[_P, _R]]: ...
    @overload
    def wrap(self, tools: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]: ...
    @overload
    def wrap(self, tools: Iterable[Callable[..., Any]]) -> list[Callable[..., Any]]: ...
    def wrap(
        self, tools: Mapping[str, Callable[..., Any]] | Iterable[Callable[..., Any]]
    ) -> dict[str, Callable[..., Any]] | list[Callable[..., Any]]:
        """Guards each of these functions; a mapping's keys are the names of the tools."""
        if isinstance(tools, Mapping):
            return {name: self._guarded(tool, name, None, None) for name, tool in tools.items()}
        return [self._guarded(tool, None, None, None) for tool in tools]

    def _guarded(
        self,
        function: Callable[..., Any],
        name: str | None,
        source: str | None,
        timeout: float | None,
        *,
        is_static: bool = False,
    ) -> Callable[..., Any]:
        if is_bound_as(function, classmethod):
            guarded = self._guarded(function.__func__, name, source, timeout)
            return cast("Callable[..., Any]", classmethod(guarded))
        if is_bound_as(function, staticmethod):
            guarded = self._guarded(function.__func__, name, source, timeout, is_static=True)
            return staticmethod(guarded)
        if is_partial_method(function):
            tool = name if name is not None else name_of(function)
            method = self._guarded(function.func, tool, source, timeout)
            return cast("Callable[..., Any]", with_method(function, method))
        if not callable(function):
            raise TypeError(
                f"a guard stands before functions, not `{type(function).__name__}`"
                " (a tool's name is given as in `@guard.tool(name='search')`)"
            )
        tool = name if name is not None else name_of(function)
        _checked(timeout)
        called, received = behind(function)
        call_of = calls_of(called, received, is_static=is_static)

        if inspect.isasyncgenfunction(called):

            @functools.wraps(function)
            async def each(*args: Any, **kwargs: Any) -> Any:
                call = call_of(args, kwargs)
                await self.authorize(
                    tool, call.args, timeout, source=source, justification=call.justification
                )
                async with contextlib.aclosing(call.run()) as items:
                    step = items.__anext__
                    while True:
                        # What is sent or thrown in reaches the tool, as `yield from` does for plain generators.
                        try:
                            item = await step()
                        except StopAsyncIteration:
                            return
                        try:
                            step = functools.partial(items.asend, (yield item))
                        except GeneratorExit:
                            raise
                        except BaseException as error:
                            step = functools.partial(items.athrow, error)

            return each
        if is_async(called):

            @functools.wraps(function)
            async def later(*args: Any, **kwargs: Any) -> Any:
                call = call_of(args, kwargs)
                await self.authorize(
                    tool, call.args, timeout, source=source, justification=call.justification
                )
                return await call.run()

            return later

        @functools.wraps(function)
        def at_once(*args: Any, **kwargs: Any) -> Any:
            call = call_of(args, kwargs)
            self.authorize_sync(
                tool, call.args, timeout, source=source, justification=call.justification
            )
            return call.run()

        return at_once


def _checked(timeout: float | None) -> float | None:
    """The same seconds, if they are ones that somebody can wait."""
    if timeout is None:
        return None
    if not isinstance(timeout, (int, float)) or timeout != timeout:
        raise TypeError(f"`timeout` must be a number of seconds, not {timeout!r}")
    if timeout < 0:
        raise ValueError(f"`timeout` must not be negative, as {timeout!r} is")
    return timeout


def _outcome(result: Callable[[], object]) -> tuple[str, BaseException | None]:
    try:
        return _answer_of(result()), None
    except ApprovalDeclined as declined:
        return "declined", declined
    except ApprovalTimeout as late:
        return "timed_out", late
    except (Exception, asyncio.CancelledError) as error:
        return "failed", error
