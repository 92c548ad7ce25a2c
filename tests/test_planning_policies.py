"""Policies that plan with a model: their steps are counted, shown and kept at every level, and nobody else has any."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from planners import EACH, PLAN

from fastheur import evaluate, evaluate_many
from fastheur.allowed import refusal
from fastheur.contract import Declaration
from fastheur.database import connect
from fastheur.engines import make_engine
from fastheur.errors import PolicyError
from fastheur.host import Candidate
from fastheur.in_process import make_host
from fastheur.isolated import MOST_MODEL_STEPS, Isolated
from fastheur.ledger import Ledger
from fastheur.limits import PLANNING, Limits
from fastheur.loading import policy_from_source
from fastheur.mailbox import spec_from_dict, spec_to_dict
from fastheur.model_steps import planned, shared_out, summed
from fastheur.places import LEVELS
from fastheur.score import Scorecard
from fastheur.tasks import find_environment, find_protocol, make_task

SWING = """import math
OBS = "state"
def act(obs, info, state, params, action):
    for joint in range(6):
        action[joint] = 0.5 * math.sin(0.5 * info.elapsed + joint)
"""

TASK = "mujoco/half_cheetah"
SHORT = {"episodes": 3, "max_steps": 8}


@pytest.fixture(scope="module")
def plan():
    return policy_from_source(PLAN, "plan.py")


@pytest.fixture(scope="module")
def swing():
    return policy_from_source(SWING, "swing.py")


def outcome(card: Scorecard):
    return [(e.index, e.ret, e.action_hash, e.model_steps, e.random) for e in card.episodes]


def spec_of(name):
    where = find_environment(name)
    protocol = find_protocol(None, where)
    return make_engine("auto", make_task(where, None, protocol), protocol, 1).spec


@pytest.mark.parametrize(
    ("line", "plans"),
    [
        ("from fastheur.planner import Model", True),
        ("from fastheur import planner", True),
        ("import fastheur.planner", True),
        ("import fastheur.policy\nx = fastheur.planner.Model", True),
        ("from fastheur.policy import Param", False),
        ('planner = "fastheur.planner"', False),
        ("import fastheur.planners", False),
        ("from fastheur.planner import (", False),
    ],
)
def test_a_policy_plans_where_its_text_names_the_planner(line, plans):
    data = policy_from_source(SWING, "p.py").to_dict()
    assert Declaration.from_dict(f"{line}\n", "p.py", data).plans is plans


def test_the_model_reaches_policies_that_plan_and_nobody_else(plan, swing):
    spec = spec_of(TASK)
    assert spec.model is not None and spec_of("CartPole-v1").model is None
    seen = [make_host([Candidate(one, one.values())], spec, 1).spec.model for one in (plan, swing)]
    assert seen == [spec.model, None]
    batch = policy_from_source(
        "class Policy:\n    def __init__(self, spec, params, random):\n        assert spec.model is None\n"
        "    def reset(self, slots):\n        pass\n    def act(self, obs, info, slots):\n        return 0\nOBS = 'any'\n", "b.py",
    )  # fmt: skip
    make_host([Candidate(batch, {})], spec, 1)
    assert spec_from_dict(json.loads(json.dumps(spec_to_dict(spec)))).model == spec.model


def test_planning_is_the_same_at_every_level_and_for_any_slots(plan):
    cards = [evaluate(plan, TASK, isolation=level, slots=3, **SHORT) for level in LEVELS]
    cards.append(evaluate(plan, TASK, slots=1, **SHORT))
    assert all(outcome(card) == outcome(cards[0]) for card in cards)
    for card in cards:
        assert [episode.model_steps for episode in card.episodes] == [8 * EACH] * 3
        assert card.cost.model_steps == card.to_dict()["model_steps"] == 24 * EACH
    assert f"plans with a model: {24 * EACH:,} model steps" in str(cards[0])
    assert f"plans with a model: {24 * EACH:,} model steps" in cards[0]._repr_html_()


def test_who_does_not_plan_has_no_model_steps_not_even_none(swing, tmp_path):
    card = evaluate(swing, TASK, ledger=tmp_path / "ledger.db", **SHORT)
    assert card.cost.model_steps is None and {episode.model_steps for episode in card.episodes} == {None}
    assert "model" not in str(card) and "model" not in card._repr_html_()
    with Ledger(tmp_path / "ledger.db") as ledger:
        [trial] = ledger.trials()
        [exported, _] = ledger.export(tmp_path)
    assert trial["model_steps"] is None and json.loads(exported.read_text())["model_steps"] is None


def test_the_ledger_has_the_model_steps_of_trials_and_episodes(plan, swing, tmp_path):
    path = tmp_path / "ledger.db"
    rows = [{"reach": 0.5}, {}, {"reach": 1.0}]
    cards = evaluate_many([plan, swing, plan], TASK, rows, ledger=path, slots=4, **SHORT)
    assert [card.cost.model_steps for card in cards] == [24 * EACH, None, 24 * EACH]
    with Ledger(path) as ledger:
        assert [trial["model_steps"] for trial in ledger.trials()] == [24 * EACH, None, 24 * EACH]
        exported = [json.loads(line) for line in ledger.export(tmp_path)[0].read_text().splitlines()]
        [folded] = [json.loads(line) for line in ledger.export(tmp_path, fold=True)[0].read_text().splitlines()]
    assert [line["model_steps"] for line in exported] == [24 * EACH, None, 24 * EACH]
    assert folded["model_steps"] == 48 * EACH
    db = connect(path)
    assert db.execute("SELECT sum(model_steps), count(model_steps) FROM episodes").fetchone()[:] == (48 * EACH, 6)
    db.execute("UPDATE trials SET model_steps = NULL")
    db.commit()
    db.close()
    with Ledger(path) as ledger:
        assert [trial["model_steps"] for trial in ledger.trials()] == [24 * EACH, None, 24 * EACH]


def test_scorecards_add_their_model_steps_up(plan, swing):
    parts = [evaluate(plan, TASK, first=first, episodes=1, max_steps=8) for first in (0, 1)]
    assert parts[0].merge(parts[1]).cost.model_steps == 16 * EACH
    silent = [evaluate(swing, TASK, first=first, episodes=1, max_steps=8) for first in (0, 1)]
    assert silent[0].merge(silent[1]).cost.model_steps is None


def test_what_an_unfinished_episode_planned_is_charged_too(plan, tmp_path):
    failing = policy_from_source(
        PLAN.replace(
            "        states =", "        if info['elapsed'][0] == 5:\n            raise ValueError\n        states ="
        ),
        "plan.py",
    )
    with pytest.raises(PolicyError):
        evaluate(failing, TASK, ledger=tmp_path / "ledger.db", slots=2, episodes=2, max_steps=8)
    with Ledger(tmp_path / "ledger.db") as ledger:
        [trial] = ledger.trials()
    assert (trial["status"], trial["model_steps"]) == ("failed", 2 * 5 * EACH)


def test_a_planning_process_that_dies_has_told_what_it_took_until_then(plan):
    place = Isolated("process", Limits(), fenced=False)
    dying = "        if info['elapsed'][0] == 3:\n            import os; os.kill(os.getpid(), 9)\n        return plans"
    try:
        policy = place.load(PLAN.replace("        return plans", dying), "plan.py")
        host = place.host([Candidate(policy, policy.values())], spec_of(TASK), 2)
        with pytest.raises(PolicyError, match="signal 9"):
            _play(host, 2, 8)
        assert host.model_steps() == 2 * 4 * EACH
    finally:
        place.close()


def test_a_process_is_believed_no_fewer_steps_than_before_and_no_endless_number(plan):
    place = Isolated("process", Limits())
    try:
        policy = place.load(PLAN, "plan.py")
        host = place.host([Candidate(policy, policy.values())], spec_of(TASK), 2)
        _play(host, 2, 2)
        assert [host.model_steps_of(slot) for slot in (0, 1)] == [2 * EACH, 2 * EACH]
        host._out["model_steps"][:] = -5, 1 << 62
        host._count()
        assert [host.model_steps_of(slot) for slot in (0, 1)] == [2 * EACH, MOST_MODEL_STEPS]
    finally:
        place.close()


def _play(host, slots, steps):
    """Play a host on observations that stay the same."""
    from fastheur.batch import StepBatch

    rows, none = np.arange(slots, dtype=np.int32), np.zeros(0)
    obs, info = np.zeros((slots, 17)), np.zeros(slots, host.spec.info_dtype)
    host.reset(rows.astype(np.int64), np.zeros(slots, np.int64), list(range(slots)))
    for step in range(steps):
        info["elapsed"] = step
        host.act(StepBatch(rows, none, obs, info, none, none, None, none, none, None, np.zeros((slots, 6))))


def test_a_policy_that_plans_may_think_longer():
    limits = Limits(call_s=2.0, episode_s=30.0)
    assert limits.of(False) is limits
    assert (limits.of(True).call_s, limits.of(True).episode_s) == (2.0 * PLANNING, 30.0 * PLANNING)
    assert limits.of(True).load_s == limits.load_s


def test_shares_of_model_steps_add_up_and_unknown_stays_unknown():
    assert shared_out(10, [2, None, 1]) == [6, None, 4]
    assert shared_out(None, [None, None]) == [None, None]
    assert summed([None, 3, None, 4]) == 7 and summed([None]) is None
    assert planned(None) == "" and planned(2_560_000) == "plans with a model: 2,560,000 model steps"


@pytest.mark.parametrize(
    "line",
    [
        "from fastheur.planner import prepare",
        "from fastheur.planner import rollouts",
        "from fastheur.planner.rollouts import Simulator",
        "import fastheur.planner\nx = fastheur.planner.rollouts",
        "import mujoco",
    ],
)
def test_a_policy_may_use_what_the_planner_offers_and_nothing_behind_it(line, plan):
    assert refusal("fastheur.planner.Model") is None
    with pytest.raises(PolicyError, match=r"may import|may use"):
        policy_from_source(f"{line}\n{SWING}", "p.py")


def test_only_processes_of_policies_that_plan_have_mujoco_and_its_threads(plan):
    done = (
        "import sys; import fastheur.worker; assert 'fastheur.planner' in sys.modules and 'mujoco' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", done], check=True)
    place = Isolated("strict", Limits())
    try:
        found = []
        for source in (SWING, PLAN):
            policy = place.load(source, "p.py")
            host = place.host([Candidate(policy, policy.values())], spec_of(TASK), 2)
            process = Path(f"/proc/{host._cell._pid}")
            found.append(("libmujoco" in (process / "maps").read_text(), len(list((process / "task").iterdir()))))
        assert found[0][0] is False and found[1][0] is True
        assert found[1][1] == found[0][1] + len(os.sched_getaffinity(0))
    finally:
        place.close()
