"""Many decisions, many threads, other processes: the answers stay right and the memory stays flat."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from conftest import QUICK, decides_on

from preloop_engine import Engine

DECISIONS = int(os.environ.get("PRELOOP_DECISIONS", "1000000"))
"""A million in every run; the nightly run asks for ten million."""


def resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_is_flat_over_many_decisions(engine: Engine) -> None:
    usual = {"command": "ls -la", "files": ["a", {"b": 1}]}
    lists = decides_on("args.files.exists(f, f == 'x')")
    kinds: list[Any] = [
        lambda: engine.decide("bash", usual),
        lambda: engine.decide("bash", {"command": "rm -rf /"}),
        lambda: lists.decide("t", usual),
        lambda: engine.decide("bash", '{"command": "ls"}'),
    ]
    slow: list[Any] = [
        lambda: engine.decide("bash", {}).errors,
        lambda: engine.decide("bash", {"command": {1}}).to_json(),
        lambda: engine.explain("bash", usual).trace,
        lambda: engine.replace(QUICK),
    ]

    def run(decisions: int) -> None:
        for turn in range(decisions // 1000):
            kind = kinds[turn % len(kinds)]
            for _ in range(990):
                kind()
            kind = slow[turn % len(slow)]
            for _ in range(10):
                kind()

    run(DECISIONS // 10)
    gc.collect()
    before = resident()
    run(DECISIONS)
    gc.collect()
    grown = resident() - before
    assert grown < 4 * 2**20, f"{grown / 2**20:.1f} MiB more after {DECISIONS} decisions"


def test_many_threads_decide_while_the_policy_is_replaced() -> None:
    def text(action: str) -> str:
        return f"version: '1.0'\nmetadata: {{name: {action}}}\ntools: [{{name: t, conditions: [{{expression: args.a == 1, action: {action}}}]}}]\n"

    engine = Engine.from_yaml(text("deny"))
    over = threading.Event()
    wrong: list[str] = []
    counts: list[int] = []

    def work() -> None:
        count = 0
        while not over.is_set():
            decision = engine.decide("t", {"a": 1})
            if decision.policy.name != decision.action:
                wrong.append(repr(decision))
            count += 1
        counts.append(count)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for turn in range(300):
        engine.replace(text("allow" if turn % 2 else "deny"))
    over.set()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:3]
    assert min(counts) > 0
    assert engine.status().replaced == 300


class Asking(dict[str, Any]):
    """Arguments that have other calls decided, and policies replaced, while they are read."""

    def __init__(self, command: str, ask: Callable[[], None]) -> None:
        super().__init__(command=command)
        self.ask = ask

    def __getitem__(self, key: str) -> Any:
        self.ask()
        return super().__getitem__(key)


def test_reading_arguments_may_ask_engines_again(engine: Engine) -> None:
    other = decides_on("args.a == 1")
    inner: list[str] = []

    def ask() -> None:
        inner.append(other.decide("t", {"a": 1}).action)
        inner.append(engine.decide("bash", {"command": "rm -rf /"}).action)
        engine.replace("version: '1.0'\nmetadata: {name: open}")
        inner.append(engine.decide("bash", {"command": "rm -rf /"}).action)

    for _ in range(3):
        engine.replace(QUICK)
        asked = engine.decide("bash", Asking("git push", ask))
        assert asked.action == "require_approval", "by the policy that it began with"
        assert inner and inner == ["deny", "deny", "allow"] * (len(inner) // 3), inner
        assert engine.decide("bash", {"command": "git push"}).reason == "unknown_tool"
        inner.clear()


def test_engines_and_threads_come_and_go() -> None:
    kept = threading.local()

    class Last:
        """Decides a call when its thread has ended."""

        def __del__(self) -> None:
            last.append(Engine.from_yaml(QUICK).decide("bash", {"command": "rm -rf /"}).action)

    last: list[str] = []

    def work() -> None:
        kept.last = Last()
        for _ in range(20):
            assert answers(Engine.from_yaml(QUICK)) == ["allow", "require_approval", "deny"]

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()
    assert last == ["deny"] * 10


class Closing:
    """Closes itself by a call that is decided, when the garbage collector comes across it."""

    def __init__(self, engine: Engine, closed: list[str]) -> None:
        self.me = self
        self.engine, self.closed = engine, closed

    def __del__(self) -> None:
        decision = self.engine.decide("bash", {"command": "rm -rf /"})
        self.closed.append(f"{decision.action} {decision.rule and decision.rule.path} {decision.policy.name} {decision.errors}")


def test_a_finalizer_may_ask_for_the_decision_that_is_just_made() -> None:
    before = gc.get_threshold()
    closed: list[str] = []
    try:
        for allocations in range(1, 25):
            # The collector comes at each of the objects that the first decision and its parts are made of.
            engine = Engine.from_yaml(QUICK)
            gc.collect()
            gc.disable()
            Closing(engine, closed)
            gc.set_threshold(allocations)
            gc.enable()
            decision = engine.decide("bash", {"command": "rm -rf /"})
            assert decision.rule is not None and decision.policy.name == "quick" and decision.errors == ()
            gc.set_threshold(*before)
            gc.collect()
            assert decision is engine.decide("bash", {"command": "rm -rf /"})
            assert closed == ["deny tools[0].conditions[0] quick ()"]
            closed.clear()
    finally:
        gc.set_threshold(*before)
        gc.enable()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_child_that_is_forked_while_a_policy_is_new_decides(engine: Engine) -> None:
    over = threading.Event()

    def decide() -> None:
        while not over.is_set():
            answers(engine)

    def replace() -> None:
        while not over.is_set():
            engine.replace(QUICK)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.0001)
    threads = [threading.Thread(target=work) for work in (decide, decide, replace)]
    try:
        for thread in threads:
            thread.start()
        for _ in range(100):
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                os._exit(0 if answers(engine) == ["allow", "require_approval", "deny"] else 1)
            _, status = os.waitpid(child, 0)
            assert status == 0, "the child hung, or decided otherwise"
    finally:
        over.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)


def answers(engine: Engine) -> list[str]:
    return [engine.decide("bash", {"command": command}).action for command in ("ls", "git push", "rm -rf /")]


def in_child(queue: Any, engine: Engine | None) -> None:
    queue.put(answers(engine or Engine.from_yaml(QUICK)))


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_other_processes_get_the_same_answers(engine: Engine, method: str) -> None:
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    # A forked child goes on with the engine of its parent, others make their own.
    inherited = engine if method == "fork" else None
    answers(engine)
    process = context.Process(target=in_child, args=(queue, inherited))
    process.start()
    assert queue.get(timeout=60) == ["allow", "require_approval", "deny"] == answers(engine)
    process.join(60)
    assert process.exitcode == 0


def test_a_second_interpreter_of_the_process_is_refused() -> None:
    # In a process of its own, where the first one that imports may be another than the main one.
    program = """
import importlib
# One that shares the lock of the first; into others Python itself lets no module that is not made for them.
try:
    interpreters = importlib.import_module("_interpreters")
    other = interpreters.create("legacy")
except ImportError:
    interpreters = importlib.import_module("_xxsubinterpreters")
    other = interpreters.create(isolated=False)
interpreters.run_string(other, "import preloop_engine; preloop_engine.validate('version')")
interpreters.destroy(other)
try:
    import preloop_engine
except ImportError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("preloop_engine works in one interpreter of a process")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_amid_threads_that_replace_does_not_hang(engine: Engine) -> None:
    over = threading.Event()

    def replace() -> None:
        while not over.is_set():
            engine.replace(QUICK)

    threads = [threading.Thread(target=replace) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            child = os.fork()
            if child == 0:
                right = answers(engine) == ["allow", "require_approval", "deny"]
                os._exit(0 if right else 1)
            _, status = os.waitpid(child, 0)
            assert status == 0
    finally:
        over.set()
        for thread in threads:
            thread.join()
