"""Threads in which a guard asks an approver that may block."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

_T = TypeVar("_T")


class ApproverThread(threading.Thread):
    """Runs a function with the caller's context variables; never keeps the program from ending."""

    def __init__(self, function: Callable[[], object]) -> None:
        super().__init__(name="preloop-approver", daemon=True)
        context = contextvars.copy_context()
        self._function: Callable[[], object] = lambda: context.run(function)
        self._value: object = None
        self._error: BaseException | None = None
        self.done: Callable[[], None] = lambda: None

    def run(self) -> None:
        try:
            self._value = self._function()
        except BaseException as error:
            self._error = error
        self.done()

    def result(self) -> object:
        if self._error is not None:
            raise self._error
        return self._value


def in_thread(function: Callable[[], _T]) -> Coroutine[Any, Any, _T]:
    """As `asyncio.to_thread`, but a thread that is never done does not keep the program from ending."""

    async def wait() -> _T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_T] = loop.create_future()
        thread = ApproverThread(function)

        def settle() -> None:
            if future.done():
                return
            try:
                future.set_result(cast(_T, thread.result()))
            except StopIteration as error:  # A future refuses this one.
                future.set_exception(RuntimeError(f"the approver raised {error!r}"))
            except asyncio.CancelledError:
                future.cancel()
            except BaseException as error:
                future.set_exception(error)

        def done() -> None:
            try:
                loop.call_soon_threadsafe(settle)
            except RuntimeError:
                pass  # The loop is closed: nobody waits any more.

        thread.done = done
        thread.start()
        return await future

    return wait()
