"""Python's values as arguments: each type has one meaning, and no value raises, hangs or ends the process."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import fractions
import math
import threading
import uuid
from collections import OrderedDict, UserDict, defaultdict
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, ClassVar, Iterator, Mapping, NamedTuple

import pydantic
import pydantic.dataclasses
import pydantic_core
import pytest
from conftest import decides_on, holds, refused

from preloop_engine import Decision, Engine


WHOLE = "args.x == args.x"
"""Looks at everything that a value holds."""


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Kind(str, enum.Enum):
    FILE = "file"


@dataclasses.dataclass
class Point:
    a: int
    b: dict[str, Any]


@dataclasses.dataclass
class Pseudo:
    """Two of what it declares are no fields of its instances."""

    a: int
    seed: dataclasses.InitVar[int]
    kind: ClassVar[str] = "q"


@pydantic.dataclasses.dataclass
class PydanticPseudo:
    a: int
    seed: dataclasses.InitVar[int]
    kind: ClassVar[str] = "q"


@dataclasses.dataclass
class Slotted:
    __slots__ = ("a",)
    a: int


class Pair(NamedTuple):
    a: int
    b: int


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    a: int
    b: datetime.datetime | None = None


class Names(pydantic.RootModel[list[str]]):
    pass


class Text(str):
    pass


class Whole(int):
    pass


@pytest.mark.parametrize(
    ("value", "expression"),
    [
        (30, "args.x == 30"),
        (30.0, "args.x == 30 && type(args.x) == int"),
        (2**53 + 1, "args.x == 9007199254740993"),
        (2**63 - 1, "args.x == 9223372036854775807"),
        (-(2**63), "args.x == -9223372036854775808"),
        (2**64 - 1, "args.x == 18446744073709551615u"),
        (2**64, "args.x == 18446744073709551616.0"),
        (-0.0, "args.x == 0"),
        (0.1, "args.x == 0.1"),
        (True, "args.x == true && type(args.x) == bool"),
        (None, "args.x == null"),
        (decimal.Decimal("30.00"), "args.x == 30"),
        (decimal.Decimal("0.1"), "args.x == 0.1"),
        (decimal.Decimal("1E+2"), "args.x == 100"),
        (fractions.Fraction(6, 2), "args.x == 3 && type(args.x) == int"),
        (fractions.Fraction(-3, 4), "args.x == -0.75"),
        (Whole(7), "args.x == 7"),
        (Level.HIGH, "args.x == 3"),
        (Color.RED, "args.x == 'red'"),
        (Kind.FILE, "args.x == 'file'"),
        (Text("t"), "args.x == 't'"),
        ("\U0001f600é", "size(args.x) == 2 && args.x.endsWith('é')"),
        ("a\0b", "size(args.x) == 3"),
        (uuid.UUID(int=1), "args.x == '00000000-0000-0000-0000-000000000001'"),
        (PurePosixPath("/etc/passwd"), "args.x.startsWith('/etc')"),
        (pydantic.AnyUrl("https://example.com/a"), "args.x == 'https://example.com/a'"),
        (pydantic.HttpUrl("https://example.com"), "args.x.startsWith('https://example.com')"),
        (pydantic.PostgresDsn("postgres://a,b/c"), "args.x == 'postgres://a,b/c'"),
        (pydantic_core.Url("https://example.com/a"), "args.x == 'https://example.com/a'"),
        (datetime.date(2026, 1, 31), "args.x == '2026-01-31'"),
        (
            datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.timezone.utc),
            "args.x == '2026-01-31T12:00:00Z' && timestamp(args.x) < timestamp('2027-01-01T00:00:00Z')",
        ),
        ([1, [2, (3,)]], "args.x[1][1][0] == 3"),
        ((1, 2), "size(args.x) == 2"),
        (Pair(1, 2), "args.x[1] == 2"),
        ({"a": {"b": 1}}, "args.x.a.b == 1 && size(args.x) == 1"),
        (OrderedDict(a=1), "args.x.a == 1"),
        (defaultdict(int, a=1), "args.x.a == 1 && size(args.x) == 1"),
        (UserDict(a=1), "args.x.a == 1 && !has(args.x.b) && args.x == {'a': 1}"),
        (MappingProxyType({"a": 1}), "args.x.a == 1 && size(args.x) == 1"),
        (Point(1, {"c": 2}), "args.x.a == 1 && args.x.b.c == 2 && size(args.x) == 2"),
        (Slotted(1), "args.x.a == 1 && args.x == {'a': 1}"),
        (Pseudo(1, 2), "args.x == {'a': 1} && !has(args.x.seed) && !has(args.x.kind) && size(args.x) == 1"),
        (PydanticPseudo(1, 2), "args.x == {'a': 1} && !has(args.x.seed) && !has(args.x.kind) && size(args.x) == 1"),
        (Model(a=1, c=2), "args.x.a == 1 && args.x.b == null && args.x.c == 2 && size(args.x) == 3"),
        (Names(["ann"]), "args.x[0] == 'ann' && size(args.x) == 1"),
        ({1: "a", "b": 2}, "args.x.b == 2 && !has(args.x.c)"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_value_means_what_its_json_means(value: object, expression: str) -> None:
    assert holds(expression, value)


def test_missing_and_null_are_told_apart() -> None:
    engine = decides_on("has(args.x) && args.x == null")
    assert engine.decide("t", {"x": None}).denied
    assert engine.decide("t", {}).allowed
    # `null` has no keys, and neither has text.
    for value in (None, "text", 1, [1]):
        decision = decides_on("args.x.y == 1").decide("t", {"x": value})
        assert decision.errors == () or decision.errors[0].kind == "wrong_type"


@pytest.mark.parametrize("form", [dict, UserDict, MappingProxyType, lambda a: Model(**a), lambda a: Point(**a, b={})])
def test_the_arguments_themselves_may_be_of_any_such_type(form: Any) -> None:
    engine = decides_on("args.a == 1")
    assert engine.decide("t", form({"a": 1})).denied
    assert engine.decide("t", form({"a": 2})).allowed


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400, decimal.Decimal("NaN"), decimal.Decimal("1e999")])
def test_a_number_that_json_has_not_makes_the_call_invalid(value: object) -> None:
    assert refused(value) == "this number is not one that JSON has (NaN, infinite or too large)"


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", object(), print, int, Point, 1j, iter([])])
def test_a_value_that_json_has_not_makes_the_call_invalid(value: object) -> None:
    assert refused(value) == f"a value of type `{type(value).__name__}` is no JSON value"


def test_an_address_that_is_written_in_a_way_of_its_own_is_none() -> None:
    class Masked(pydantic.AnyUrl):
        def __str__(self) -> str:
            return "https://example.com/"

    class Named(pydantic.AnyUrl):
        pass

    class Core(pydantic_core.MultiHostUrl):
        def __str__(self) -> str:
            return "https://example.com/"

    assert holds("args.x == 'https://evil.example/'", Named("https://evil.example"))
    for value in (Masked("https://evil.example"), Core("https://evil.example")):
        assert refused(value) == f"a value of type `{type(value).__name__}` is no JSON value"


def test_a_fraction_is_a_number_where_there_is_exactly_that_number() -> None:
    for value in (fractions.Fraction(1, 3), fractions.Fraction(1, 10), fractions.Fraction(10**400, 3)):
        assert refused(value) == "a fraction that no double is exactly is no JSON number"
    assert "NaN, infinite or too large" in refused(fractions.Fraction(10**400))


def test_a_lone_surrogate_makes_the_call_invalid() -> None:
    told = "text with a lone surrogate is no JSON text"
    assert refused("a\ud800") == told
    assert refused(["a\udfff"], WHOLE) == told
    assert refused({"\ud800": 1}, WHOLE) == told


def test_a_key_that_is_no_text_makes_a_call_invalid_that_reads_the_whole() -> None:
    assert refused({1: 2}, WHOLE) == "an object has a key that is no text"


def test_what_no_rule_reads_is_never_looked_at(engine: Engine) -> None:
    class Loud(dict[str, Any]):
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(name)

    loop: list[Any] = []
    loop.append(loop)
    args = {"command": "ls", "loop": loop, "loud": Loud(), "nan": math.nan, "set": {1}, 5: 5, "\ud800": "\ud800"}
    assert engine.decide("bash", args).allowed


def test_cycles_and_depth_end() -> None:
    loop: list[Any] = []
    loop.append(loop)
    told = "this nests deeper than 64 levels, or holds itself"
    assert refused(loop, WHOLE) == told
    deep: dict[str, Any] = {}
    for _ in range(10_000):
        deep = {"d": deep}
    assert refused(deep, WHOLE) == told

    class Inner(enum.Enum):
        A = 1

        @property
        def value(self) -> Any:  # type: ignore[override]
            return self

    assert refused(Inner.A) == "this stands for itself"


def test_a_million_keys_are_no_trouble_unless_they_are_read() -> None:
    many = {f"k{number}": number for number in range(1_000_000)}
    engine = decides_on("args.k5 == 5", "size(args) < 5", "args == args")
    assert engine.decide("t", many).reason == "rule_matched"
    assert engine.decide("t", {**many, "k5": 0}).reason == "invalid_call"
    assert refused(many, "args.x.exists(k, v, v == -1)") == "this holds too many values"
    assert holds("size(args.x) == 1000000 && args.x[999999] == 'k999999' && args.x[5] == 'k5'", list(many))
    # The budget of the rule ends it, as everywhere.
    (error,) = decides_on("args.x.exists(x, x == 'none')").decide("t", {"x": list(many)}).errors
    assert error.kind == "budget"


def test_only_what_a_rule_looks_at_is_read() -> None:
    unreadable: Any = object()
    items = [{"price": 5, "other": unreadable}, {"price": 7}, unreadable]
    assert holds("has(args.x) && size(args.x) == 3 && args.x[0].price == 5", items)
    assert holds("args.x.exists(i, i.price == 7)", items)
    assert refused(items, "args.x.exists(i, i.price == 9)") == "a value of type `object` is no JSON value"
    assert holds("'a' in args.x && !('b' in args.x) && size(args.x) == 1", {"a": [unreadable]})
    assert holds("args.x.exists(k, k == 'a') && args.x.all(k, v, k != 'a' || v == 1)", {"a": 1})


def test_true_and_false_of_numpy_are_read() -> None:
    class Bool:
        def __init__(self, value: bool) -> None:
            self.value = value

        def __bool__(self) -> bool:
            return self.value

    Bool.__name__, Bool.__module__ = "bool", "numpy"
    assert holds("args.x == true", Bool(True)) and holds("args.x == false", Bool(False))


def test_a_getter_that_raises_makes_the_call_invalid() -> None:
    @dataclasses.dataclass
    class Bad:
        a: int = 1

        def __getattribute__(self, name: str) -> Any:
            if name == "a":
                raise ValueError("the password is 1234")
            return super().__getattribute__(name)

    class Broken(Mapping[str, Any]):
        def __getitem__(self, key: str) -> Any:
            raise RuntimeError(key)

        def __iter__(self) -> Iterator[str]:
            return iter(["a"])

        def __len__(self) -> int:
            return 1

    decision = decides_on("args.x.a == 1").decide("t", {"x": Bad()})
    assert decision.errors[0].message == "`args.x.a` cannot be read: reading it raised ValueError"
    assert "1234" not in decision.to_json()
    assert refused(Broken(), "args.x.size() == 1") == "reading it raised RuntimeError"
    decision = decides_on("args.a == 1", action="allow").decide("t", Broken())
    assert (decision.action, decision.reason) == ("deny", "invalid_call")


def test_what_is_meant_for_the_program_goes_through() -> None:
    class Interrupted(dict[str, Any]):
        pass

    class Stop(Mapping[str, Any]):
        def __getitem__(self, key: str) -> Any:
            raise KeyboardInterrupt

        def __iter__(self) -> Iterator[str]:
            return iter([])

        def __len__(self) -> int:
            return 0

    with pytest.raises(KeyboardInterrupt):
        decides_on("args.x.y == 1").decide("t", {"x": Stop()})


def test_an_interrupt_goes_through_whatever_is_looked_at() -> None:
    class Meta(type):
        def __getattr__(cls, name: str) -> Any:
            raise KeyboardInterrupt

    class Odd(metaclass=Meta):
        pass

    @dataclasses.dataclass
    class Record:
        a: int = 1

        def __getattr__(self, name: str) -> Any:
            raise KeyboardInterrupt

    for value in (Odd(), Record()):
        with pytest.raises(KeyboardInterrupt):
            decides_on("args.x.b == 1").decide("t", {"x": value})


def test_arguments_that_change_while_they_are_read() -> None:
    args: dict[str, Any] = {}

    class Changing(Mapping[str, Any]):
        def __getitem__(self, key: str) -> Any:
            args.clear()
            args.update({f"k{number}": number for number in range(1000)})
            return "value"

        def __iter__(self) -> Iterator[str]:
            return iter(["a"])

        def __len__(self) -> int:
            return 1

    engine = decides_on("size(args.list) == 9 || args.x.a == 'value' && has(args.y)", "size(args) > 3")
    args.update({"x": Changing(), "list": [Changing()] * 3, "y": 1})
    decision = engine.decide("t", args)
    assert isinstance(decision, Decision)

    class Shrinking:
        def __init__(self, items: list[Any]) -> None:
            self.items = items

        @property
        def __class__(self) -> Any:
            self.items.clear()
            return object

    items: list[Any] = []
    items.extend(Shrinking(items) for _ in range(100))
    decision = decides_on(WHOLE).decide("t", {"x": items})
    assert decision.denied and decision.reason == "invalid_call"


def test_a_call_is_decided_again_from_inside_of_itself(engine: Engine) -> None:
    inner: list[Decision] = []

    class Asking(Mapping[str, Any]):
        def __getitem__(self, key: str) -> Any:
            inner.append(outer.decide("t", {"x": {"y": 1}}))
            outer.replace("version: '1.0'\nmetadata: {name: other}")
            return 1

        def __iter__(self) -> Iterator[str]:
            return iter(["y"])

        def __len__(self) -> int:
            return 1

    outer = decides_on("args.x.y == 1")
    decision = outer.decide("t", {"x": Asking()})
    assert decision.denied and inner[0].denied
    assert outer.decide("t", {"x": {"y": 1}}).policy.name == "other"


def test_a_small_stack_is_enough() -> None:
    deep: Any = 1
    for _ in range(60):
        deep = [deep]
    nested = "args.x" + "[0]" * 50
    engine = decides_on(f"size({nested}) == 5 || size(args.x) == 1", f"{'(' * 60}args.x == 1{')' * 60}")
    found: list[Decision] = []
    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=lambda: found.append(engine.decide("t", {"x": deep})))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert found[0].action == "deny"


@pytest.mark.parametrize("args", [5, "text", "[1]", b"\xff", [1], object(), {1}, '{"a": 1, "a": 2}', '{"a": 1', "\ud800"])
def test_arguments_that_are_no_object_are_a_denied_call(args: object) -> None:
    decision = decides_on("args.a == 1", action="allow").decide("t", args)
    assert (decision.action, decision.reason) == ("deny", "invalid_call")
    assert len(decision.errors) == 1


def test_json_text_is_read_as_strictly_as_everywhere() -> None:
    engine = decides_on("args.a == 30")
    for text in ('{"a": 30}', ' {"a": 3e1}', b'{"a": 30.0}', bytearray(b'{"a": 30}')):
        assert engine.decide("t", text).denied
    assert engine.decide("t", '{"a": 31}').allowed and engine.decide("t").allowed


def test_misuse_raises() -> None:
    engine = decides_on("args.a == 1")
    for tool in (5, None, ["t"], b"t"):
        with pytest.raises(TypeError, match="`tool` must be text or a mapping"):
            engine.decide(tool, {})  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        engine.decide("t", {}, source=5)  # type: ignore[arg-type]
    for tool in ("", "a\ud800", {"name": ""}, {"name": "t", "nme": 1}, {"name": 5}):
        decision = engine.decide(tool, {})  # type: ignore[arg-type]
        assert decision.reason == "invalid_call", decision


def test_secrets_stay_out_of_errors() -> None:
    engine = decides_on("timestamp(args.when) < now")
    decision = engine.decide("t", {"when": "sk-verysecret", "password": "sk-verysecret"})
    assert decision.reason == "condition_error"
    assert "verysecret" not in decision.to_json()


def test_what_a_rule_does_not_come_to_may_be_anything() -> None:
    engine = decides_on("args.x.exists(i, i == 3)")
    assert engine.decide("t", {"x": [3, math.nan, {1}]}).reason == "rule_matched"
    assert engine.decide("t", {"x": [1, math.nan]}).reason == "invalid_call"
