"""The hostile policies are what their headers say: parsed, aimed, spread over all kinds, and no easier than they claim."""

import ast
import re

import pytest
from corpus import (
    CATEGORIES,
    PLACEHOLDERS,
    PLAIN,
    TARGETS,
    Aim,
    corpus,
    prepare,
    read,
    state,
)

from fastheur.loading import check, policy_from_source
from fastheur.tasks import find_environment

ALL = corpus()
OWN = [attack for attack in ALL if attack.static == "passes"]
NAMED = pytest.mark.parametrize("attack", ALL, ids=lambda attack: attack.name)


@pytest.fixture
def aim(tmp_path):
    return Aim(tmp_path, 101, 102, 9)


def test_there_are_enough_of_them_and_each_kind_has_one():
    assert len(ALL) >= 75
    assert {attack.attack for attack in ALL} == set(CATEGORIES)
    assert {attack.when for attack in ALL} == {"load", "compile", "reset", "act", "batch"}
    assert len({attack.summary for attack in ALL}) == len(ALL)


@NAMED
def test_what_is_submitted_is_a_policy_with_nothing_left_to_fill_in(attack, aim):
    source = attack.source(aim)
    assert not re.search("{(" + "|".join(PLACEHOLDERS) + ")}", source)
    names = {name for target in attack.targets for name in re.findall("{([A-Z_]+)}", target)}
    assert names <= set(PLACEHOLDERS)
    assert {target for target in attack.targets if "{" not in target} <= set(TARGETS)
    if attack.name not in ("nested_source", "wide_sum"):  # which no parser may be able to take
        tree = ast.parse(source)
        assert any(
            isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in ("act", "Policy") for node in tree.body
        )


@NAMED
def test_a_breach_can_be_told_from_an_attack_that_was_contained(attack):
    """Either the policy says so itself, or the header says where the runner sees it."""
    assert "BREACHED" in attack.text or attack.targets or "harmless" not in attack.behind


@pytest.mark.parametrize("attack", OWN, ids=lambda attack: attack.name)
def test_those_that_use_nothing_forbidden_pass_the_static_check(attack, aim):
    check(attack.source(aim), attack.name)
    assert not attack.uses and "import os" not in attack.text


def test_tasks_are_real():
    for task in {attack.task for attack in ALL}:
        find_environment(task)


def test_a_wrong_header_is_refused(tmp_path):
    file = tmp_path / "wrong.py"
    good = "attack: hang\nwhen: load\nstatic: passes\nbehind: hung\n"
    for header, message in (
        (good.replace("hang", "hug"), "attack is 'hug', expected one of action, "),
        (good.replace("hung", "hung, asleep"), "behind is 'asleep', expected one of denied"),
        (good + "colour: red\n", "lines of attack, when"),
        (good.replace("when: load\n", ""), "when is ''"),
        ("", "expected one of|expected a sentence"),
    ):
        file.write_text(f'"""Does wrong.\n\n{header}"""\n')
        with pytest.raises(ValueError, match=message):
            read(file)
    file.write_text(f'"""Does wrong.\n\n{good}"""\n')
    assert read(file).behind == ("hung",)


def test_parts_stand_between_header_and_policy(aim):
    source = next(attack for attack in ALL if attack.name == "syscall_kill_harness").source(aim)
    assert source.index("attack: signal") < source.index("def call(") < source.index("HARNESS = int")
    assert 'int("101")' in source


def test_the_folder_tells_every_change(tmp_path):
    before = prepare(tmp_path)
    assert state(tmp_path) == before
    (tmp_path / "left.txt").touch()
    assert state(tmp_path) != before
    (tmp_path / "left.txt").unlink()
    after = state(tmp_path)
    (tmp_path / "ledger.db").chmod(0o600)
    assert {name for name in after if after[name] != state(tmp_path)[name]} == {"ledger.db"}


def test_the_plain_policy_is_one():
    assert policy_from_source(PLAIN.read_text(), "plain.py").style == "kernel"
