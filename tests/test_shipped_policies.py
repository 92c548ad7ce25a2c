"""Every shipped policy keeps the contract, is slot-invariant, and still reaches the score it is shipped for."""

import ast
from hashlib import sha256

import pytest

from fastheur import evaluate, evaluate_many
from fastheur.candidates import ROWS
from fastheur.cli import main
from fastheur.loading import load_policy
from fastheur.resources import POLICIES
from fastheur.suite.record import RECORD, read_record
from fastheur.tasks import find_environment

EXAMPLES = POLICIES / "examples"
SYSTEMS = sorted(path for path in POLICIES.rglob("*.py") if path.parent not in (POLICIES, EXAMPLES))

CHAMPIONS = [path for path in SYSTEMS if (path.parent / RECORD).exists() and path.stem == "ram"]
"""Of a suite's runs. `fastheur suite atari57 verify=true` plays every sealed episode of each again; two stand for all here."""
SHORTEST = sorted(CHAMPIONS, key=lambda path: path.stat().st_size)[:2]
APART = [path for path in SYSTEMS if path not in CHAMPIONS]


def task_of(path):
    folder = path.parent.relative_to(POLICIES)
    if folder.name == "run":  # of a suite, beside policies of another origin
        folder = folder.parent
    return folder.name if folder.parts[0] == "envpool" else str(folder)


def outcome(card):
    return [(episode.index, episode.ret, episode.action_hash) for episode in card.episodes]


def test_the_promised_systems_are_shipped():
    names = {str(path.relative_to(POLICIES)) for path in SYSTEMS}
    assert {
        "atari/breakout/ram.py", "atari/breakout/native.py", "atari/pong/ram.py", "atari/pong/native.py",
        "mujoco/half_cheetah/gait.py", "mujoco/ant/gait.py", "envpool/CartPole-v1/state.py",
    } <= names  # fmt: skip


@pytest.mark.parametrize("path", SYSTEMS, ids=lambda path: str(path.relative_to(POLICIES)))
def test_a_shipped_policy_names_its_task_has_a_memory_and_its_trials(path):
    policy, run = load_policy(path), read_record(path.parent)
    named = policy.task or (run.task if run and run.obs_mode == path.stem else None)
    environment = find_environment(named)
    assert named == task_of(path) and len(policy.modes) == 1
    assert path.stem in (policy.modes if path.stem in environment.modes else ROWS)
    assert policy.plans == (path.stem == "plan")
    assert (path.parent / "memory.md").read_text().startswith("# ")
    assert (path.parent / "trials.jsonl").stat().st_size > 0
    assert ast.get_docstring(ast.parse(policy.source)).split("\n\n")[0].endswith(".")  # whole sentences


@pytest.mark.parametrize("path", [*APART, *SHORTEST], ids=lambda path: str(path.relative_to(POLICIES)))
def test_a_shipped_policys_episodes_do_not_depend_on_slots_and_threads(path):
    task, policy = task_of(path), load_policy(path)
    slots, steps = (2, 6) if policy.plans else (3, 60)
    settings = {"obs": policy.modes[0], "episodes": slots, "max_steps": steps}
    if task.startswith("atari/"):
        settings["protocol"] = "robust"
    one = evaluate(path, task, slots=1, threads=1, **settings)
    assert (one.cost.model_steps is not None) == policy.plans
    assert outcome(evaluate(path, task, slots=slots, threads=2, **settings)) == outcome(one)


@pytest.mark.parametrize("path", CHAMPIONS, ids=lambda path: str(path.relative_to(POLICIES)))
def test_a_champion_is_the_very_text_that_was_read_on_the_sealed_seeds(path):
    last = read_record(path.parent).reads[-1]
    assert sha256(path.read_bytes()).hexdigest() == last.sha256 and len(last.returns) == len(last.action_hashes) >= 30


@pytest.mark.parametrize("mode", ["ram", "native"])
def test_pong_is_won_by_21_under_the_reference_protocol(mode):
    card = evaluate(None, "atari/pong", obs=mode, protocol="weng2026")
    assert card.mean == 21.0 and card.whole_population == (not card.episodes[0].random)


@pytest.mark.parametrize("mode", ["ram", "native"])
def test_breakout_is_cleared_under_the_reference_protocol(mode):
    assert evaluate(None, "atari/breakout", obs=mode, protocol="weng2026", max_steps=108000).mean == 864.0


def test_the_start_policy_is_plain_and_deterministic_and_its_ideas_are_worth_switching_on():
    tuned = {"dead_band": 4.125, "calm": 15, "offset": -0.206, "swing": 2.5, "centre": 0.322, "patience": 1750}
    settings = {"obs": "ram", "protocol": "weng2026", "slots": 2, "threads": 2}
    start, better = evaluate_many(EXAMPLES / "breakout_start.py", "atari/breakout", [{}, tuned], **settings)
    assert start.whole_population and 100 < start.mean < 450
    assert better.whole_population and better.mean >= 700


def test_an_example_is_no_policy_of_a_task(capsys):
    assert main(["list"]) == 0
    assert "breakout_start" not in capsys.readouterr().out


@pytest.mark.parametrize("task, floor", [("mujoco/half_cheetah", 3000), ("mujoco/ant", 2000), ("CartPole-v1", 475)])
def test_gaits_and_the_pole_reach_their_floor(task, floor):
    assert evaluate(None, task, episodes=6).mean >= floor
