"""What a decision costs in Python, beside the empty call and beside its peers, in one run.

    pip install preloop-engine -r benches/python/requirements.txt
    python benches/python/bench.py [--quick] [--json]

The figures are of the processor time of the thread, the best and the median of many short rounds that the engines
take in turns, and hold the loop with its closure, which the first row shows alone. Each engine is first asked whether
it gives the right answer.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from preloop_engine import Engine

POLICY = """
version: '1.0'
metadata: {name: bench}
tools:
  - name: bash
    conditions:
      - {expression: args.command.contains('rm -rf /'), action: deny}
      - {expression: args.command.startsWith('sudo ') || args.command.contains('git push'), action: require_approval}
      - {expression: args.command.startsWith('ls'), action: allow}
"""

CONDITIONS = [
    ("args.command.contains('rm -rf /')", "deny"),
    ("args.command.startsWith('sudo ') || args.command.contains('git push')", "require_approval"),
    ("args.command.startsWith('ls')", "allow"),
]

OTHER = """
version: '1.0'
metadata: {name: other}
tools:
  - name: pay
    conditions:
      - {expression: "args.amount > 500 && args.currency in ['USD', 'EUR']", action: deny}
      - {expression: "args.items.exists(i, i.price > 100)", action: require_approval}
  - name: deep
    conditions: [{expression: args.user.address.city == 'Paris' && has(args.user.name), action: deny}]
  - name: match
    conditions: [{expression: "args.command.matches('^sudo .*(rm|dd)')", action: deny}]
  - name: size
    conditions: [{expression: size(args.command) > 10000, action: deny}]
  - name: items
    conditions: [{expression: "args.items.exists(i, i.price > 100)", action: deny}]
  - name: counted
    conditions: [{expression: "has(args.items) && size(args.items) > 10000", action: deny}]
  - name: who
    conditions: [{expression: "principal.id == 'ci' && args.command != ''", action: deny}]
"""

SHAPES: dict[str, dict[str, Any]] = {
    "3 keys": {"command": "ls -la /tmp", "cwd": "/tmp", "timeout": 30},
    "30 keys": {"command": "ls -la /tmp", **{f"key_{n}": f"value {n}" for n in range(29)}},
    "100 KB": {"command": "ls -la /tmp", "text": "x" * 100_000},
}
PAY = {"amount": 20, "currency": "EUR", "items": [{"price": 5}, {"price": 7}]}
LARGE = {"items": [{"price": number, "text": "x" * 40} for number in range(2000)]}
DEEP = {"user": {"name": "ann", "address": {"city": "Rome", "street": "x"}}}

Call = Callable[[], object]


def empty(tool: str, args: object) -> None:
    """The call of the same kind that does nothing."""


def action_of(results: list[Any]) -> str:
    return next((action for result, (_, action) in zip(results, CONDITIONS) if result), "allow")


def ours(rows: dict[str, dict[str, Call]]) -> None:
    engine = Engine.from_yaml(POLICY)
    bound = engine.bind(principal={"id": "ci"})
    for shape, args in SHAPES.items():
        rows["preloop decide"][shape] = lambda args=args: engine.decide("bash", args)
        rows["preloop, bound"][shape] = lambda args=args: bound.decide("bash", args)
        rows["the loop alone"][shape] = lambda: None
        rows["empty Python function"][shape] = lambda args=args: empty("bash", args)
        if hasattr(engine, "_empty"):
            rows["empty method of ours"][shape] = lambda args=args: engine._empty("bash", args)
            rows["least that reads a key"][shape] = lambda args=args: engine._least("bash", args)
            rows["these rules by hand"][shape] = lambda args=args: engine._by_hand("bash", args)
        text = json.dumps(args)
        rows["preloop decide, JSON text"][shape] = lambda text=text: engine.decide("bash", text)


def peers(rows: dict[str, dict[str, Call]], shape: str, args: dict[str, Any]) -> None:
    """Peers that are not installed are left out, and named."""
    try:
        import cedarpy
    except ImportError:
        missing.add("cedarpy")
    else:
        policies = """
            @id("no") forbid(principal, action, resource) when { context.command like "*rm -rf /*" };
            @id("ask") forbid(principal, action, resource) when { context.command like "sudo *" || context.command like "*git push*" };
            @id("ls") permit(principal, action, resource) when { context.command like "ls*" };
        """
        request = {"principal": 'User::"a"', "action": 'Action::"bash"', "resource": 'Tool::"bash"', "context": args}
        rows["cedarpy is_authorized"][shape] = lambda: cedarpy.is_authorized(request, policies, "[]").allowed
        made, entities = cedarpy.PolicySet.from_str(policies), cedarpy.Entities.from_json_str("[]")
        rows["cedarpy, policies made before"][shape] = lambda: cedarpy.is_authorized(request, made, entities).allowed
    try:
        import cel
    except ImportError:
        missing.add("common-expression-language")
    else:
        programs = [cel.compile(text) for text, _ in CONDITIONS]
        rows["common-expression-language"][shape] = lambda: first(programs, lambda program: program.execute({"args": args}))
    try:
        import celpy
    except ImportError:
        missing.add("cel-python")
    else:
        environment = celpy.Environment()
        compiled = [environment.program(environment.compile(text)) for text, _ in CONDITIONS]
        rows["cel-python"][shape] = lambda: first(
            compiled, lambda program: program.evaluate({"args": celpy.json_to_cel(args)})
        )
    try:
        import casbin
    except ImportError:
        missing.add("pycasbin")
    else:
        rows["pycasbin"][shape] = casbin_call(casbin, args)


def first(programs: list[Any], run: Callable[[Any], Any]) -> str:
    """First match decides, as in the policy."""
    for program, (_, action) in zip(programs, CONDITIONS):
        if run(program):
            return action
    return "allow"


def casbin_call(casbin: Any, args: dict[str, Any]) -> Call:
    model = casbin.Model()
    model.load_model_from_text(
        "[request_definition]\nr = tool, args\n[policy_definition]\np = tool, needle, eft\n"
        "[policy_effect]\ne = priority(p.eft) || deny\n"
        "[matchers]\nm = r.tool == p.tool && has(r.args, p.needle)\n"
    )
    enforcer = casbin.Enforcer(model)
    enforcer.add_function("has", lambda args, needle: needle in args["command"])
    for needle, effect in [("rm -rf /", "deny"), ("sudo ", "deny"), ("git push", "deny"), ("ls", "allow")]:
        enforcer.add_policy("bash", needle, effect)
    return lambda: enforcer.enforce("bash", args)


missing: set[str] = set()


def right(name: str, answer: object) -> bool:
    """Every shape is a call that is allowed by the third rule."""
    if name.startswith(("empty", "least", "these", "the loop")):
        return True
    return answer is True or answer == "allow" or getattr(answer, "action", None) == "allow"


def measure(rows: dict[str, dict[str, Call]], rounds: int, seconds: float) -> dict[str, dict[str, dict[str, float]]]:
    counts: dict[tuple[str, str], int] = {}
    times: dict[tuple[str, str], list[float]] = {}
    for name, shapes in rows.items():
        for shape, call in shapes.items():
            answer = call()
            if not right(name, answer):
                raise SystemExit(f"{name}, {shape}: the wrong answer: {answer!r}")
            count, spent = 1, 0.0
            while spent < seconds:
                spent = batch(call, count)
                if spent < seconds:
                    count = max(count + 1, int(count * min(10, seconds / max(spent, 1e-7) * 1.2)))
            counts[name, shape] = count
            times[name, shape] = []
    for _ in range(rounds):
        for (name, shape), count in counts.items():
            times[name, shape].append(batch(rows[name][shape], count) / count)
    return {
        name: {
            shape: {
                "median": statistics.median(times[name, shape]) * 1e9,
                "best": min(times[name, shape]) * 1e9,
            }
            for shape in shapes
        }
        for name, shapes in rows.items()
    }


def batch(call: Call, count: int) -> float:
    turns = range(count)
    started = time.thread_time_ns()
    for _ in turns:
        call()
    return (time.thread_time_ns() - started) / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description="what a decision costs in Python")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, no peers")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    names = ["the loop alone", "empty Python function", "empty method of ours", "least that reads a key", "these rules by hand", "preloop decide", "preloop, bound", "preloop decide, JSON text"]
    others = ["cedarpy is_authorized", "cedarpy, policies made before", "common-expression-language", "cel-python", "pycasbin"]
    rows: dict[str, dict[str, Call]] = {name: {} for name in names + others}
    ours(rows)
    if not options.quick:
        for shape, args in SHAPES.items():
            peers(rows, shape, args)
    engine = Engine.from_yaml(OTHER).bind(principal={"id": "user"})
    expressions = {
        "numbers, list": ("pay", PAY),
        "items": ("items", PAY),
        "has and size of 2,000 items": ("counted", LARGE),
        "path": ("deep", DEEP),
        "pattern": ("match", SHAPES["3 keys"]),
        "size": ("size", SHAPES["3 keys"]),
        "principal": ("who", SHAPES["3 keys"]),
    }
    rows["preloop, other expressions"] = {
        shape: lambda tool=tool, args=args: engine.decide(tool, args) for shape, (tool, args) in expressions.items()
    }
    figures = measure({name: row for name, row in rows.items() if row}, 7 if options.quick else 31, 0.002)
    if options.json:
        print(json.dumps(figures, indent=1))
        return
    print(f"Python {sys.version.split()[0]}, nanoseconds a call: median (best)")
    for name, shapes in figures.items():
        shown = "  ".join(f"{shape} {cost['median']:,.0f} ({cost['best']:,.0f})" for shape, cost in shapes.items())
        print(f"{name:28}  {shown}")
    if not rows["empty method of ours"]:
        missing.add("the empty method: build with `maturin build --profile bindings --features bench,pyo3/abi3-py310`")
    if missing:
        print(f"not installed: {', '.join(sorted(missing))}")


if __name__ == "__main__":
    main()
