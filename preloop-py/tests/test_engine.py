"""The engine as a program uses it."""

from __future__ import annotations

import copy
import datetime
import importlib.metadata
import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import QUICK, decides_on

import preloop_engine
from preloop_engine import Decision, Engine, PolicyError, Rule, diff, policy_to_yaml, validate


def test_the_same_answer_is_the_same_object(engine: Engine) -> None:
    first = engine.decide("bash", {"command": "rm -rf /"})
    assert first is engine.decide("bash", {"command": "rm -rf /tmp", "more": 1})
    assert engine.decide("other", {}) is engine.decide("another", {"a": 1})


def test_a_decision_says_everything(engine: Engine) -> None:
    decision = engine.decide("bash", {"command": "rm -rf /"})
    assert (decision.action, decision.reason) == ("deny", "rule_matched")
    assert (decision.allowed, decision.denied, decision.needs_approval) == (False, True, False)
    assert decision.message == "files are never deleted here"
    assert decision.rule == Rule(path="tools[0].conditions[0]", expression="args.command.contains('rm -rf')")
    assert decision.policy.name == "quick" and decision.policy.digest.startswith("sha256:")
    assert (decision.errors, decision.trace, decision.scope, decision.approval_workflow) == ((), None, None, None)
    held = engine.decide("bash", {"command": "git push"})
    assert held.needs_approval and held.approval_workflow == "default"


def test_a_decision_cannot_be_changed_or_taken_for_true(engine: Engine) -> None:
    decision = engine.decide("bash", {"command": "ls"})
    for name in ("action", "anything"):
        with pytest.raises(AttributeError):
            setattr(decision, name, "deny")
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(decision)
    with pytest.raises(TypeError):
        Decision()
    with pytest.raises(TypeError, match="is_valid"):
        bool(validate(QUICK))


def test_a_decision_travels(engine: Engine) -> None:
    for decision in (engine.decide("bash", {"command": "ls"}), engine.decide("bash", {}), engine.explain("bash", {})):
        for other in (pickle.loads(pickle.dumps(decision)), Decision.from_json(decision.to_json())):
            assert other == decision and hash(other) == hash(decision)
            assert other.to_dict() == decision.to_dict()
    with pytest.raises(ValueError, match="this is no decision"):
        Decision.from_json("{}")
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(engine)


def test_errors_say_which_rule_and_why(engine: Engine) -> None:
    (error,) = engine.decide("bash", {}).errors
    assert (error.rule, error.kind, error.message) == (
        "tools[0].conditions[0]",
        "no_such_key",
        "no such key `args.command`",
    )
    assert (error.line, error.column) == (7, 22)


def test_values_in_answers_cannot_be_changed() -> None:
    engine = decides_on("args.a[0].b > 1 || args.a == [{'b': null}]")
    call = {"a": [{"b": "x", "c": [1, None]}]}
    for item in (*engine.decide("t", call).errors, *(engine.explain("t", call).trace or ())):
        assert item == copy.deepcopy(item) and hash(item) == hash(copy.deepcopy(item))
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            other = pickle.loads(pickle.dumps(item, protocol))
            assert item == other and hash(item) == hash(other)
    trace = engine.explain("t", call).trace
    assert trace is not None
    value = next(item.value for item in trace if item.expression == "args.a")
    assert value == ({"b": "x", "c": (1, None)},) and repr(value) == "({'b': 'x', 'c': (1, None)},)"
    held: Any = value[0]  # type: ignore[index]
    assert len(held) == 2 and hash(held) != hash(None)
    with pytest.raises(TypeError):
        held["b"] = "y"
    with pytest.raises(TypeError):
        held._entries["b"] = "y"
    plain = engine.explain("t", call).to_dict()["trace"]
    assert [{"b": "x", "c": [1, None]}] in [item.get("value") for item in plain]
    assert [item.to_dict() for item in trace] == plain
    assert [json.loads(item.to_json()) for item in trace] == plain
    decision = engine.decide("t", call)
    assert [item.to_dict() for item in decision.errors] == decision.to_dict()["errors"]


def test_an_explanation_tells_each_rule(engine: Engine) -> None:
    trace = engine.explain("bash", {"command": "git push"}).trace
    assert trace is not None
    rules = [(item.rule, item.kind) for item in trace if item.kind != "value"]
    assert rules == [
        ("tools[0].conditions[0]", "not_matched"),
        ("tools[0].conditions[1]", "matched"),
        ("tools[0].conditions[2]", "skipped"),
    ]
    values = {item.expression: item.value for item in trace if item.kind == "value"}
    assert values["args.command"] == "git push"


def test_facts_are_bound_once() -> None:
    engine = decides_on("principal.id == 'ci' && context.env == 'prod'", "session.calls.exists(c, c.tool == 'deploy')")
    assert engine.decide("t").allowed
    assert engine.bind(principal={"id": "ci"}, context={"env": "prod"}).decide("t").denied
    bound = engine.bind(session={"calls": [{"tool": "deploy"}]})
    assert bound.decide("t").denied and bound.explain("t").denied
    assert bound.engine.decide("t").allowed
    bound.engine.replace("version: '1.0'\nmetadata: {name: other}")
    assert bound.decide("t").allowed
    with pytest.raises(ValueError, match="`principal` has no field `role`"):
        engine.bind(principal={"role": "admin"})
    with pytest.raises(ValueError, match="`context` cannot be read"):
        engine.bind(context={"a": {1}})


def test_time_is_bound_or_the_clocks() -> None:
    engine = decides_on("now < timestamp('2020-01-01T00:00:00Z')")
    assert engine.decide("t").allowed
    early = datetime.datetime(2019, 5, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
    assert engine.bind(now=early).decide("t").denied
    assert engine.bind(now="2019-05-01T00:00:00Z").decide("t").denied
    assert engine.bind().decide("t").allowed
    for now in ("yesterday", datetime.datetime(2019, 5, 1)):
        with pytest.raises(ValueError, match="`now` is no instant"):
            engine.bind(now=now)


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(QUICK)
    for path in (file, str(file)):
        assert Engine.from_file(path).status().policy.name == "quick"
    with pytest.raises(FileNotFoundError) as caught:
        Engine.from_file(tmp_path / "none.yaml")
    assert caught.value.filename == str(tmp_path / "none.yaml")
    assert str(caught.value) == f"[Errno 2] No such file or directory: '{tmp_path}/none.yaml'"
    with pytest.raises(PolicyError):
        file.write_bytes(b"\xff")
        Engine.from_file(file)


def test_a_folder_is_read_as_one_policy(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: '1.0'\nmetadata: {name: spread}\n")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "tools.yaml").write_text("tools: [{name: bash, enabled: false}]\n")
    (tmp_path / "a_test.yaml").write_text("no policy")
    for path in (tmp_path, str(tmp_path)):
        engine = Engine.from_file(path)
        assert engine.status().policy.name == "spread"
        assert engine.decide("bash").denied
    (tmp_path / "b.yaml").write_text("tools: [{name: bash, conditions: [{action: explode}]}]\n")
    with pytest.raises(PolicyError) as refused:
        Engine.from_file(tmp_path)
    assert refused.value.report.errors[0].file == str(tmp_path / "b.yaml")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="the folder holds no policy"):
        Engine.from_file(tmp_path / "empty")


@pytest.mark.parametrize("call", [Engine.from_yaml, validate, lambda text: diff(QUICK, text)])
def test_a_document_is_text_or_bytes(call: Any) -> None:
    with pytest.raises(TypeError, match="^a document is text or bytes, not `NoneType`"):
        call(None)


def test_a_lone_surrogate_in_a_document_is_reported() -> None:
    (error,) = validate("a: \ud800").errors
    assert "not UTF-8" in error.message


def test_a_refused_document_tells_every_problem_and_changes_nothing(engine: Engine) -> None:
    with pytest.raises(PolicyError) as caught:
        engine.replace("version: '1.0'\ntols: []")
    report = caught.value.report
    assert not report.is_valid
    assert [problem.code for problem in report.errors] == ["missing_field", "unknown_key"]
    assert (report.errors[1].line, report.errors[1].column) == (2, 1)
    assert "2:1: tols: unknown key `tols` in the document (did you mean `tools`?)" in str(caught.value)
    status = engine.status()
    assert (status.policy.name, status.replaced, status.refused) == ("quick", 0, report)
    engine.replace(b"version: '1.0'\nmetadata: {name: next}")
    status = engine.status()
    assert (status.policy.name, status.replaced, status.refused, status.tools) == ("next", 1, None, 0)


def test_validation_and_comparison() -> None:
    assert validate(QUICK).is_valid
    report = validate(QUICK.replace("contains", "contain"))
    assert not report.is_valid and report.errors[0].help
    compared = diff(QUICK, QUICK.replace("'ls'", "'ls '"))
    assert compared.changed and compared.verdict in ("same_meaning", "unknown", "tightened", "loosened", "both")
    assert compared.before.name == "quick"
    assert diff(QUICK, QUICK).verdict == "same_meaning"
    tighter = diff(QUICK, QUICK.replace("action: require_approval", "action: deny"))
    assert tighter.verdict == "tightened" and tighter.examples
    with pytest.raises(PolicyError):
        diff(QUICK, "version: 2")


def test_every_answer_has_the_form_of_the_wire() -> None:
    unknown = QUICK.replace("tools:", "zz: 1\ntools:")
    report = validate(unknown)
    problem = {"path": "zz", "message": "unknown key `zz` in the document", "code": "unknown_key", "line": 4, "column": 1}
    problem = {**problem, "help": report.errors[0].help}
    assert report.to_dict() == {"is_valid": False, "errors": [problem], "warnings": []}
    assert report.errors[0].to_dict() == problem
    assert validate(QUICK).to_json() == '{"is_valid":true,"errors":[],"warnings":[]}'

    compared = diff(QUICK, QUICK.replace("action: require_approval", "action: deny"))
    (change,) = compared.to_dict()["changes"]
    fields = {"field": "action", "before": "require_approval", "after": "deny", "is_documentation": False}
    assert change["fields"] == [fields]
    before = compared.to_dict()["examples"][0]["before"]
    assert before["approval_workflow"] == "default" and type(before) is dict
    assert "approval_workflow" in compared.to_dict()["examples"][0]["after"]

    engine = Engine.from_yaml(QUICK)
    assert engine.status().to_dict() == {
        "policy": engine.decide("bash").to_dict()["policy"],
        "tools": 1,
        "rules": 3,
        "replaced": 0,
        "warnings": [],
        "refused": None,
    }
    with pytest.raises(PolicyError):
        engine.replace(unknown)
    assert engine.status().to_dict()["refused"] == report.to_dict()
    for answer in (report, compared, engine.status()):
        assert json.loads(answer.to_json()) == answer.to_dict()
        assert hash(answer) == hash(pickle.loads(pickle.dumps(answer)))


def test_a_policy_is_written_with_sorted_keys() -> None:
    flat = {"name": "p", "description": None, "denied_actions": ["no", "drop table"]}
    text = 'denied_actions:\n  - "no"\n  - drop table\nname: p\n'
    assert policy_to_yaml(flat) == policy_to_yaml(dict(reversed(flat.items()))) == text
    document = yaml.safe_load(QUICK)
    written = policy_to_yaml(document)
    assert yaml.safe_load(written) == document
    assert Engine.from_yaml(written).status().policy.digest == Engine.from_yaml(QUICK).status().policy.digest
    deep: dict[str, object] = {}
    for _ in range(100):
        deep = {"a": deep}
    for unreadable in (deep, {"name": {1, 2}}, {1: "p"}, {"name": float("nan")}):
        with pytest.raises(ValueError, match="policy"):
            policy_to_yaml(unreadable)  # type: ignore[arg-type]
    for wrong in ("name: p", ["name"], None, 5):
        with pytest.raises(TypeError, match="a policy is a mapping"):
            policy_to_yaml(wrong)  # type: ignore[arg-type]


def test_a_tool_may_be_described() -> None:
    engine = decides_on("tool.server == 'github' && tool.annotations.readOnlyHint == false")
    tool = {"name": "t", "server": "github", "annotations": {"readOnlyHint": False}}
    assert engine.decide(tool, {}).denied
    assert engine.decide({**tool, "server": "other"}, {}).allowed
    assert engine.decide({"name": "t", "is_new": True, "server": "other", "annotations": {"readOnlyHint": True}}).reason == "new_tool"


def test_without_its_native_module_the_package_says_what_to_do(tmp_path: Path) -> None:
    installed = Path(preloop_engine.__file__).parent
    shutil.copytree(installed, tmp_path / "preloop_engine", ignore=shutil.ignore_patterns("_native.*"))
    program = "import preloop_engine"
    run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "preloop_engine has no native module for" in run.stderr
    assert "`pip install preloop-engine`" in run.stderr


def test_flat_policies_decide_as_everywhere_else() -> None:
    flat = "name: flat\ndenied_actions: [drop]\n"
    assert validate(flat).is_valid
    engine = Engine.from_yaml(flat)
    assert engine.decide("drop", {}).denied
    assert diff(flat, "name: flat\n").verdict == "loosened"
    assert [error.code for error in validate("zz: 1").errors] == ["unknown_dialect"]


def test_the_package_says_which_version_it_is() -> None:
    assert preloop_engine.__version__ == importlib.metadata.version("preloop-engine")
