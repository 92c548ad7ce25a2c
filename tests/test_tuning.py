"""The automatic schedule: found by a scan, remembered, paid for, and never a part of a result."""

import json
from dataclasses import replace

import pytest

from fastheur import evaluate, tuning
from fastheur.errors import Interrupted, PolicyError
from fastheur.ledger import Ledger
from fastheur.loading import policy_from_source
from fastheur.seeds import episode_seeds

POLE = policy_from_source(
    "OBS = 'state'\ndef act(obs, info, state, params):\n"
    "    return 1 if obs[2] + 0.3 * obs[3] + 0.03 * obs[0] + 0.06 * obs[1] > 0 else 0\n",
    "pole",
)
FRAGILE = policy_from_source(
    "OBS = 'state'\nclass Policy:\n    def __init__(self, spec, params, random):\n        pass\n"
    "    def reset(self, slots):\n        pass\n    def act(self, obs, info, slots):\n"
    "        if len(slots) > 8:\n            raise ValueError('too many')\n        return slots * 0\n",
    "fragile",
)
EPISODES = 8


@pytest.fixture(autouse=True)
def _eager(tmp_path, monkeypatch):
    """Scan for every evaluation, quickly, and remember in a folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name, value in (("WORTH", 1), ("WARM_S", 0.001), ("MEASURE_S", 0.004), ("MOST_SLOTS", 128)):
        monkeypatch.setattr(tuning, name, value)


@pytest.fixture
def scans(monkeypatch):
    """What every scan measured: its schedules, as they come."""
    measured, speed = [], tuning._Scan._speed

    def noted(scan, schedule):
        measured.append(schedule)
        return speed(scan, schedule)

    monkeypatch.setattr(tuning._Scan, "_speed", noted)
    return measured


def play(policy=POLE, **settings):
    return evaluate(policy, "CartPole-v1", **{"episodes": EPISODES, **settings})


def remembered(tmp_path):
    return sorted((tmp_path / "cache/fastheur/tuning").glob("*"))


def test_a_scan_finds_a_schedule_and_the_next_evaluation_reads_it(scans, tmp_path):
    first = play()
    assert len(scans) >= 3
    assert "measured now" in first.cost.schedule
    (file,) = remembered(tmp_path)
    kept = json.loads(file.read_text())
    assert len(kept["steps_per_second"]) == len(set(scans))
    scans.clear()
    second = play()
    assert not scans and second.cost.scan_steps == 0
    assert second.cost.schedule == str(
        replace(tuning.Schedule(**kept["schedule"]), slots=min(EPISODES, kept["schedule"]["slots"]))
    )


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        '{"schedule": 7}',
        '{"schedule": {"slots": 64}}',
        *(
            json.dumps({"schedule": {"slots": 64, "threads": 1, "lanes": 1, "source": "x"} | bad})
            for bad in (
                {"slots": -5},
                {"slots": 0},
                {"slots": 10**12},
                {"slots": "64"},
                {"slots": 64.0},
                {"slots": True},
                {"threads": 10**6},
                {"threads": None},
                {"lanes": 3},
                {"source": []},
                {"other": 1},
            )
        ),
    ],
)
def test_a_damaged_file_is_scanned_again(damage, scans, tmp_path):
    play(slots=4)
    (file,) = remembered(tmp_path)
    scans.clear()
    file.write_text(damage)
    assert play(slots=4).cost.scan_steps > 0 and scans
    assert json.loads(file.read_text())["schedule"]["slots"] == 4


def test_a_folder_that_cannot_be_written_costs_another_scan_and_nothing_else(scans, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/fastheur").mkdir()
    (tmp_path / "cache/fastheur/tuning").write_text("a file where a folder should be")
    assert play().complete
    scans.clear()
    assert play().cost.scan_steps > 0


def test_what_was_asked_for_is_taken_as_it_is(scans):
    both = play(slots=3, threads=2)
    assert not scans and (both.cost.slots, both.cost.threads) == (3, 2) and "as asked" in both.cost.schedule
    some = play(slots=5)
    assert scans and {schedule.slots for schedule in scans} == {5} and some.cost.slots == 5
    scans.clear()
    other = play(threads=1)
    assert scans and {schedule.threads for schedule in scans} == {1} and other.cost.threads == 1


def test_the_scan_is_paid_for_and_no_part_of_the_result(tmp_path):
    scanned, plain = play(ledger=tmp_path / "ledger.db"), play(slots=4, threads=1)
    assert scanned.episodes == plain.episodes and scanned.setting == plain.setting
    assert scanned.cost.scan_steps > 0 == plain.cost.scan_steps
    assert scanned.cost.env_steps == plain.cost.env_steps + scanned.cost.scan_steps
    assert env_steps(tmp_path / "ledger.db") == scanned.cost.env_steps


def test_the_scan_plays_train_episodes_whatever_the_split(monkeypatch, tmp_path):
    played, rollout = [], tuning.rollout

    def noted(engine, host, jobs, *rest, **options):
        played.extend(job.seed for job in jobs)
        return rollout(engine, host, jobs, *rest, **options)

    monkeypatch.setattr(tuning, "rollout", noted)
    assert play(split="sealed", ledger=tmp_path / "ledger.db").cost.scan_steps > 0
    assert set(played) <= set(episode_seeds("train", 0, tuning.EPISODES * tuning.MOST_SLOTS))


def test_a_policy_that_fails_in_the_scan_alone_is_judged_by_its_own_episodes(tmp_path):
    card = play(FRAGILE)
    assert card.complete and card.cost.scan_steps == 0 and "default" in card.cost.schedule
    assert not remembered(tmp_path)
    with pytest.raises(PolicyError, match="too many"):
        play(FRAGILE, episodes=9, slots=9)


def test_ctrl_c_in_the_scan_leaves_a_settled_trial_with_its_steps(monkeypatch, tmp_path):
    tick, ticks = tuning._Clock.tick, []

    def interrupted(clock):
        ticks.append(clock)
        if len(ticks) == 3:
            raise KeyboardInterrupt
        tick(clock)

    monkeypatch.setattr(tuning._Clock, "tick", interrupted)
    with pytest.raises(Interrupted) as stop:
        play(ledger=tmp_path / "ledger.db")
    (card,) = stop.value.cards
    assert not card.episodes and card.cost.env_steps == card.cost.scan_steps > 0
    assert env_steps(tmp_path / "ledger.db") == card.cost.env_steps
    assert not remembered(tmp_path)


def test_episodes_that_are_over_too_soon_for_a_measurement_prove_nothing(monkeypatch, scans):
    monkeypatch.setattr(tuning, "MEASURE_S", 1000.0)
    monkeypatch.setattr(tuning, "EPISODES", 1)
    assert "64 slots" in play(episodes=100).cost.schedule
    assert len(scans) == 1


def test_more_slots_than_episodes_are_not_measured(scans):
    assert play(slots=10**15).cost.slots == EPISODES
    assert {schedule.slots for schedule in scans} == {EPISODES}


def test_a_debug_run_measures_nothing(scans):
    assert play(debug=True).complete
    assert not scans


def env_steps(path):
    with Ledger(path) as ledger:
        return sum(row["env_steps"] for row in ledger.trials())
