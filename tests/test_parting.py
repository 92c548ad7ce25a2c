"""Where two versions part, and how that is shown."""

import numpy as np
import pytest

from fastheur.replaying.frames import Frame
from fastheur.replaying.parting import Beside, around, parting, parting_text
from fastheur.replaying.steps import Table
from fastheur.spec import ActionSpec, Spec

DISCRETE = ActionSpec("discrete", n=2, meanings=("LEFT", "RIGHT"))
VECTOR = ActionSpec("continuous", size=2, low=-np.ones(2), high=np.ones(2))


def table(actions, action=DISCRETE):
    spec = Spec("CartPole-v1", "state", "envpool", (4,), np.dtype("f8"), np.dtype([("lives", "i4")]), action)
    found = Table(spec, None)
    for one in actions:
        found.actions.add(one)
        found.rewards.add(1.0)
    return found


def frame(step, action="LEFT"):
    return Frame(step, np.zeros((2, 2, 3), np.uint8), action, 0.0, 0.0, 0)


@pytest.mark.parametrize(
    ("left", "right", "parted"),
    [([0, 1, 1], [0, 1, 0], 2), ([1, 0], [0, 0], 0), ([0, 1, 1], [0, 1], None), ([], [], None)],
)
def test_they_part_where_the_first_action_differs(left, right, parted):
    assert parting(table(left), table(right)) == parted


def test_vectors_differ_where_one_entry_does():
    left, right = [[0.0, 0.5], [0.1, 0.2]], [[0.0, 0.5], [0.1, 0.3]]
    assert parting(table(left, VECTOR), table(right, VECTOR)) == 1


def test_tables_that_grow_keep_what_they_had():
    actions = np.random.default_rng(0).integers(0, 2, 5000)
    assert (table(actions).actions.rows == actions).all() and len(table(actions)) == 5000


def test_it_is_said_what_each_did():
    tables = [table([0, 1, 1]), table([0, 1, 0])]
    assert parting_text(["v2", "v1"], tables, DISCRETE, 2) == "They part at step 2: v2 RIGHT, v1 LEFT."
    assert parting_text(["v2", "v1"], [tables[0]] * 2, DISCRETE, None).startswith("They never part")
    assert "that both were played for" in parting_text(["v2", "v1"], [tables[0], table([0])], DISCRETE, None)


def test_the_sheet_shows_the_moments_around_the_parting():
    assert list(around(20, 26)) == [5, 15, 19, 20, 21, 25]
    assert around(20, 20)[20] == "step 20: here they part" and max(around(20, 20)) == 20
    assert list(around(None, 100)) == [0, 25, 50, 75, 100]


def test_frames_of_a_step_are_shown_together_and_who_has_ended_stays():
    shown = []
    beside = Beside(lambda left, right: shown.append((left.step, right.step)))
    for slot, one in ((0, frame(0)), (1, frame(0)), (0, frame(1)), (1, frame(1, "")), (0, frame(2)), (0, frame(3, ""))):
        beside(slot, one)
    assert shown == [(0, 0), (1, 1), (2, 1), (3, 1)]
    shown.clear()
    beside = Beside(lambda left, right: shown.append((left.step, right.step)))
    for slot, one in ((0, frame(0)), (1, frame(0)), (0, frame(1, "")), (1, frame(1)), (1, frame(2, ""))):
        beside(slot, one)
    assert shown == [(0, 0), (1, 1), (1, 2)]
