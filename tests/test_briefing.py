"""The brief says what is so, of every kind of task, and operations say what they miss."""

import pytest
from labs import WEAK, config, lab_in, tried

from fastheur import briefing
from fastheur.budget import Spent
from fastheur.errors import ConfigError
from fastheur.operations import checked

WORLD = {"observation": "float32 (4,)", "action": "an integer 0..1", "kind": "discrete", "info": ["reward"], "cap": 500}


class NoLedger:
    """A ledger of a run in which nothing has happened."""

    champion = None

    def memory(self):
        return []

    versions = golden = memory


def brief(**world):
    return briefing.brief(config(), NoLedger(), {**WORLD, **world}, Spent())


def test_the_cap_is_the_tasks_own_and_none_is_made_up():
    assert "an episode lasts at most 500 env steps" in brief()
    for cap in (None, 2**31 - 1):
        assert "lasts at most" not in brief(cap=cap)


def test_what_is_told_of_observations_fits_their_type():
    assert "int() before subtracting" in brief(observation="uint8 (128,)")
    assert "int() before subtracting" not in brief()
    assert "obs is int32 (), a plain number: obs itself." in brief(observation="int32 ()")


def test_gaits_and_planning_are_told_where_the_task_has_a_model():
    told = brief(model=True)
    assert "building blocks of gaits" in told and "foot_place, in_heading" in told and "import MPC, Model" in told
    assert "gaits" not in brief() and "MPC" not in brief()


def test_a_failed_version_takes_one_line_and_a_policy_that_prints_is_no_lie(tmp_path):
    with lab_in(tmp_path / "run") as lab:
        tried(lab, WEAK.replace("return 1", 'print("hello")\n    return 1'), "it prints")
        tried(lab, WEAK.replace("lean =", "raise ValueError('no')\n    lean ="), "it raises")
        text = lab.call("brief", {}).text
    assert "v2 rejected" in text and "that prints" not in text
    line = next(line for line in text.splitlines() if line.startswith("v3 "))
    assert line.startswith("v3 failed: it raises [") and line.endswith("]")


@pytest.mark.parametrize(
    "name, arguments, message",
    [
        ("probe", {}, "probe needs kind: one of actions, ram, values, rewards, frame."),
        ("note", {}, "note needs text: What was learnt."),
        (
            "golden",
            {"name": "a", "episode": 0, "floor": float("nan")},
            "golden: floor is nan, expected a finite number.",
        ),
        (
            "replay",
            {"trial": 1, "episode": 0, "steps": list(range(1, 26))},
            "replay: steps has 25 entries, expected at most 24.",
        ),
    ],
)
def test_a_wrong_argument_is_explained(name, arguments, message):
    with pytest.raises(ConfigError) as raised:
        checked(name, arguments)
    assert str(raised.value) == message
