"""Dicts, lists and tuples of classes of their own: what they show has to be what they hold."""

from __future__ import annotations

import itertools
from collections import OrderedDict, defaultdict
from typing import Any, Iterator

import pytest
from conftest import decides_on, holds, refused


class Shows(dict):  # type: ignore[type-arg]
    """Holds one thing and shows another."""

    def __getitem__(self, key: object) -> object:
        return "rm -rf /"


class Gets(dict):  # type: ignore[type-arg]
    def get(self, key: object, default: object = None) -> object:
        return "rm -rf /"


class Hides(dict):  # type: ignore[type-arg]
    def __iter__(self) -> Iterator[object]:
        return iter(())


class Entries(dict):  # type: ignore[type-arg]
    def items(self) -> Any:
        return [("a", "rm -rf /")]


class Keys(dict):  # type: ignore[type-arg]
    def keys(self) -> Any:
        return [*super().keys(), "b"]


class Values(dict):  # type: ignore[type-arg]
    def values(self) -> Any:
        return itertools.repeat("ls")


class Iterated(dict):  # type: ignore[type-arg]
    def __iter__(self) -> Iterator[object]:
        return iter(["b"])


class MadeUp(dict):  # type: ignore[type-arg]
    def __missing__(self, key: object) -> object:
        return "rm -rf /"


class Items(list):  # type: ignore[type-arg]
    def __iter__(self) -> Iterator[object]:
        return iter(["rm -rf /"])


class Positions(tuple):  # type: ignore[type-arg]
    def __getitem__(self, position: object) -> Any:
        return "rm -rf /"


class Frank(dict):  # type: ignore[type-arg]
    """Its own methods show what it holds."""

    def __getitem__(self, key: object) -> object:
        return super().__getitem__(key)

    def get(self, key: object, default: object = None) -> object:
        return super().get(key, default)

    def __iter__(self) -> Iterator[object]:
        return reversed(list(super().__iter__()))

    def keys(self) -> Any:
        return list(self)

    def values(self) -> Any:
        return [self[key] for key in self]

    def items(self) -> Any:
        return [(key, self[key]) for key in self]


@pytest.mark.parametrize("value", [Shows(a="ls"), Gets(a="ls"), Hides(a="ls"), Items(["ls"]), Positions(["ls"])])
def test_a_class_that_shows_other_values_than_it_holds_makes_the_call_invalid(value: object) -> None:
    why = f"the class `{type(value).__name__}` shows other values than it holds"
    assert refused(value, "size(args.x) > 0") == why
    if isinstance(value, (Shows, Gets)):
        (error,) = decides_on("args.x.a == 'ls'", action="allow").decide("t", {"x": value}).errors
        assert (error.kind, error.message) == ("invalid_call", f"`args.x.a` cannot be read: {why}")
        assert decides_on("args.a == 'ls'", action="allow").decide("t", value).reason == "invalid_call"


def fault(value: object, expression: str) -> str:
    """What is wrong with the part of `args.x` that a condition asks for."""
    (error,) = decides_on(expression, action="allow").decide("t", {"x": value}).errors
    assert error.kind == "invalid_call"
    return error.message.rpartition(" cannot be read: ")[2]


@pytest.mark.parametrize("value", [Hides(a="ls"), Entries(a="ls"), Keys(a="ls"), Values(a="ls"), Iterated(a="ls")])
def test_whoever_walks_over_a_dict_must_come_across_what_it_holds(value: dict[str, str]) -> None:
    why = f"the class `{type(value).__name__}` shows other values than it holds"
    assert fault(value, "args.x.a == 'ls'") == why
    assert decides_on("args.a == 'ls'", action="allow").decide("t", value).reason == "invalid_call"
    assert decides_on("size(args) == 1", action="allow").decide("t", value).reason == "invalid_call"


def test_a_dict_with_a_method_of_its_own_must_show_what_it_holds() -> None:
    class Args(dict):  # type: ignore[type-arg]
        pass

    def args(**methods: Any) -> Args:
        value = Args(a="ls")
        vars(value).update(methods)
        return value

    for lying in (
        args(items=lambda: [("a", "rm -rf /")]),
        args(keys=lambda: ["b"]),
        args(values=lambda: ["rm -rf /"]),
        args(get=lambda key, default=None: "rm -rf /"),
    ):
        assert fault(lying, "args.x.a == 'ls'") == "the class `Args` shows other values than it holds"
    # Python looks special methods up on the class, so nobody comes across these.
    for frank in (args(name="a"), args(keys=lambda: ["a"]), args(__getitem__=print, __iter__=print)):
        assert holds("args.x.a == 'ls' && args.x == {'a': 'ls'}", frank)


def test_a_dict_whose_entries_are_attributes_may_have_any_keys() -> None:
    class Attributes(dict):  # type: ignore[type-arg]
        def __init__(self, **entries: Any) -> None:
            super().__init__(**entries)
            self.__dict__ = self

    class Found(dict):  # type: ignore[type-arg]
        __getattr__ = dict.__getitem__

    for kind in (Attributes, Found):
        value = kind(items=[1, 2], keys="k", values={"a": 1}, get=True)
        assert holds("args.x.items == [1, 2] && args.x.keys == 'k' && args.x.values.a == 1 && args.x.get", value)
    assert fault(Attributes(a="ls", get=lambda key: "rm -rf /"), "args.x.a == 'ls'").startswith("the class `Attributes` shows")


def test_a_class_that_finds_methods_in_its_own_way_must_show_what_it_holds() -> None:
    def found(lies: bool, name: str, method: Any) -> Any:
        class Finds(dict):  # type: ignore[type-arg]
            def __getattribute__(self, asked: str) -> Any:
                return method if lies and asked == name else super().__getattribute__(asked)

        return Finds(a="ls")

    for name, method in (
        ("get", lambda key, default=None: "rm -rf /"),
        ("items", lambda: [("a", "rm -rf /")]),
        ("values", lambda: ["rm -rf /"]),
        ("keys", lambda: ["b"]),
    ):
        assert fault(found(True, name, method), "args.x.a == 'ls'") == "the class `Finds` shows other values than it holds"
        assert holds("args.x.a == 'ls' && args.x == {'a': 'ls'}", found(False, name, method))


@pytest.mark.parametrize("value", [MadeUp(a="ls"), defaultdict(str, a="ls")])
def test_a_key_that_is_made_up_when_it_is_asked_for_cannot_be_read(value: dict[str, str]) -> None:
    assert holds("args.x.a == 'ls' && args.x == {'a': 'ls'}", value)
    why = f"the class `{type(value).__name__}` shows other values than it holds"
    for expression in ("args.x.b == 'rm -rf /'", "has(args.x.b)"):
        assert fault(value, expression) == why


def test_a_class_of_its_own_that_shows_what_it_holds_is_read() -> None:
    for frank in (Frank(a="ls", b=(1, 2)), OrderedDict(a="ls", b=(1, 2))):
        assert holds("args.x.a == 'ls' && args.x.b[1] == 2 && !has(args.x.c) && size(args.x) == 2", frank)

    class Row(list):  # type: ignore[type-arg]
        def __iter__(self) -> Iterator[object]:
            return super().__iter__()

    assert holds("args.x == [1, 2]", Row([1, 2]))
