"""The Lab when something breaks in the middle: the books stay exact, nothing is lost, and the run can go on."""

import json
import math
import re

import pytest
from labs import START, STRONG, WEAK, charged, config, lab_in, tried

from fastheur.budget import Budget
from fastheur.errors import ConfigError, EngineError, LedgerError
from fastheur.learning import begin, confirm, resume
from fastheur.playing import Player
from fastheur.run_ledger import RunLedger
from fastheur.tasks import find_environment, find_protocol

CRASHES_WHEN_FAR = START.replace("    return 1 if", "    if params.far:\n        return 5\n    return 1 if")


@pytest.fixture
def lab(tmp_path):
    with lab_in(tmp_path / "run") as lab:
        yield lab


def failing(monkeypatch, owner, name, error, at=1):
    """Have a method fail at its ``at``-th call, and only then."""
    real, calls = getattr(owner, name), []

    def method(self, *given, **named):
        calls.append(name)
        if len(calls) == at:
            raise error
        return real(self, *given, **named)

    monkeypatch.setattr(owner, name, method)
    return calls


def booked(lab):
    """Env steps of all trials; every one is settled."""
    trials = lab.run.ledger.trials()
    assert all(trial["status"] != "running" for trial in trials)
    assert not lab.run.ledger.open_reservations()
    return sum(trial["env_steps"] for trial in trials)


@pytest.mark.parametrize(
    "name", ["reserve", "finish", "settle", "interrupt_trial", "close_operation", "change_version"]
)
def test_a_ctrl_c_at_a_write_leaves_the_books_exact_and_the_run_usable(lab, monkeypatch, name):
    with monkeypatch.context() as patch:
        failing(patch, RunLedger, name, KeyboardInterrupt())
        if name == "interrupt_trial":
            failing(patch, RunLedger, "finish", KeyboardInterrupt())
        for _ in range(2):
            try:
                tried(lab, STRONG)
                break
            except KeyboardInterrupt:
                continue
    tried(lab, WEAK)
    assert booked(lab) == sum(lab.run.ledger.steps())
    assert tried(lab, STRONG).data["status"] in ("promoted", "known")
    assert lab.run.ledger.champion.source == STRONG


def test_no_room_for_an_episode_leaves_no_player_stepping_on(lab, monkeypatch):
    monkeypatch.setattr("fastheur.trial_rows.WRITE_S", 0.0)
    with monkeypatch.context() as patch:
        failing(patch, RunLedger, "keep_episodes", LedgerError("the disk is full"))
        with pytest.raises(LedgerError, match="full"):
            tried(lab, STRONG, episodes=30)
    assert lab.run.ledger.operation_status(2) == "interrupted"
    assert tried(lab, STRONG, episodes=30).data["promoted"]
    assert booked(lab) == sum(lab.run.ledger.steps())


def test_an_engine_that_died_is_no_answer_a_resumed_agent_would_get_again(lab, monkeypatch):
    with monkeypatch.context() as patch:
        failing(patch, Player, "ask", EngineError("the simulator was killed"))
        with pytest.raises(EngineError):
            tried(lab, STRONG)
    lab.replay()
    assert tried(lab, STRONG).data["promoted"]


@pytest.mark.parametrize(
    ("steps", "known"),
    [(1_500, "no train episode"), (5_000, r"train episodes with 500\.00, .* \(mean 500\.00\); no verdict")],
)
def test_a_trial_that_the_budget_cut_off_goes_on_when_the_budget_is_raised(tmp_path, steps, known):
    with lab_in(tmp_path / "run", budget=Budget(steps)) as lab:
        cut = tried(lab, STRONG)
        assert cut.over and "did not reach" in cut.text
        assert re.search(f"v2 finished {known}", cut.text)
    lab = resume(tmp_path / "run", env_steps=100_000)
    try:
        lab.replay()
        assert tried(lab, STRONG).data["promoted"]
        assert booked(lab) == sum(lab.run.ledger.steps())
    finally:
        lab.close()


def test_a_candidate_that_was_cut_off_is_judged_against_who_is_champion_now(lab, monkeypatch):
    better_than_the_start = STRONG.replace("0.3", "0.05")
    with monkeypatch.context() as patch:
        failing(patch, Player, "ask", EngineError("the simulator was killed"), at=2)
        with pytest.raises(EngineError):
            tried(lab, better_than_the_start)
    assert tried(lab, STRONG).data["promoted"]
    answer = tried(lab, better_than_the_start)
    assert not answer.data["promoted"] and lab.run.ledger.champion.source == STRONG
    assert lab.run.ledger.version(2).parent == 3


def test_a_wall_time_that_ends_in_a_trial_blames_no_policy_and_the_champion_is_confirmed(tmp_path):
    with lab_in(tmp_path / "run", budget=Budget(10_000_000, wall_s=1e6), confirm_episodes=2) as lab:
        lab.judge.deadline = lambda: -1.0
        tried(lab, STRONG, episodes=1000)
        assert lab.run.ledger.versions()[-1].verdict == "open"
        lab.end("the budget of 1 s of wall time is spent")
        assert confirm(lab).mean > 0
        assert booked(lab) == sum(lab.run.ledger.steps())


def test_a_name_that_is_no_golden_case_costs_nothing(lab):
    before = charged(lab)
    with pytest.raises(ConfigError, match="allow_loss names 'nobody'"):
        tried(lab, STRONG, allow_loss=["nobody"])
    assert charged(lab) == before and len(lab.run.ledger.versions()) == 1
    assert tried(lab, STRONG).data["promoted"]


UNKEEPABLE = [
    ("golden", {"name": "mine", "episode": 1, "floor": math.nan}, "finite"),
    ("golden", {"name": "v2-1", "episode": 1, "floor": 1.0}, "champions' own"),
    ("golden", {"name": "mine", "episode": 10**12, "floor": 1.0}, "at most"),
    ("note", {"text": "\udcff"}, "UTF-8"),
    ("note", {"text": "x" * 30_000}, "20,000"),
    ("trial", {"source": WEAK, "hypothesis": "x" * 30_000}, "20,000"),
    ("trial", {"source": WEAK, "hypothesis": "x", "episodes": 10**9}, "at most 1,000"),
]


def test_what_the_records_could_not_hold_is_refused(lab):
    for operation, arguments, found in UNKEEPABLE:
        with pytest.raises(ConfigError, match=found):
            lab.call(operation, arguments)
    assert tried(lab, STRONG).data["promoted"]


def test_a_row_of_a_search_that_fails_has_no_score_and_the_others_go_on(lab):
    answer = lab.call("search", {"source": CRASHES_WHEN_FAR, "steps": 20_000})
    assert answer.data["promoted"] and answer.data["best"]["far"] == 0 and answer.data["generations"] > 4
    assert booked(lab) == sum(lab.run.ledger.steps())


def test_a_search_without_a_row_that_plays_ends_in_words(lab):
    answer = lab.call("search", {"source": START.replace("return 1 if", "return 5 if"), "steps": 20_000})
    assert answer.data["status"] == "failed" and "action 5" in answer.text


def test_a_source_whose_own_values_are_the_best_is_tried(lab):
    better = STRONG.replace('"turn": Param(0.3, 0.0, 1.0)', '"turn": Param(0.3, 0.3, 0.30001)')
    answer = lab.call("search", {"source": better, "steps": 1, "space": {"turn": {"choices": [0.3]}}})
    assert answer.data["promoted"] and lab.run.ledger.champion.source == better


def test_golden_cases_chosen_after_a_kill_are_those_chosen_before(tmp_path, monkeypatch):
    settings = {"budget": Budget(60_000), "golden_max_steps": 500, "golden_cases": 3}
    outcomes = []
    for name, at in (("calm", 0), ("cut", 3)):
        with lab_in(tmp_path / name, **settings) as lab:
            for number in range(8):
                lab.call("golden", {"name": f"case {number}", "episode": 20 + number, "floor": 1.0})
            with monkeypatch.context() as patch:
                failing(patch, RunLedger, "add_outcome", KeyboardInterrupt(), at)
                try:
                    tried(lab, STRONG)
                except KeyboardInterrupt:
                    tried(lab, STRONG)
            outcomes.append(lab.run.ledger.outcomes())
            assert lab.run.ledger.champion.source == STRONG
    assert outcomes[0] == outcomes[1] and len(outcomes[0]) > 4


def test_where_chance_has_no_part_one_episode_stands_for_all(tmp_path):
    environment = find_environment("atari/breakout")
    protocol = find_protocol("weng2026", environment, max_steps=300)
    random = (
        "from fastheur.policy import uniform\nOBS = 'ram'\n\n\ndef act(obs, info, state, params):\n"
        "    return int(uniform(state) * 4)\n"
    )
    still = "OBS = 'ram'\n\n\ndef act(obs, info, state, params):\n    return 1\n"
    settings = {"environment": environment, "mode": "ram", "protocol": protocol, "start": random}
    with lab_in(tmp_path / "run", **settings) as lab:
        answer = tried(lab, still, "no chance")
        assert len(answer.data["scorecard"]["returns"]) == 4  # as many as its random champion has played
        train = [trial for trial in lab.run.ledger.trials() if trial["name"] == "v2" and trial["split"] == "train"]
        assert sum(trial["episodes"] for trial in train) == 1
        assert booked(lab) == sum(lab.run.ledger.steps())


def test_a_player_that_has_grown_is_replaced(lab, monkeypatch):
    monkeypatch.setattr("fastheur.playing.MOST_BYTES", 1)
    assert tried(lab, WEAK).data["status"] == "rejected"
    assert booked(lab) == sum(lab.run.ledger.steps())


def test_a_folder_is_free_again_when_a_lab_could_not_begin(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        failing(patch, RunLedger, "put", LedgerError("the disk is full"), at=2)
        with pytest.raises(LedgerError):
            begin(config(), tmp_path / "run")
    lab = resume(tmp_path / "run")
    assert lab.run.ledger.champion.name == "v1"
    lab.close()


def test_answers_hold_no_number_that_json_lacks(lab):
    answer = lab.call("trace", {"trial": 1, "episode": 0, "around": "end"})
    json.dumps(dict(answer.data), allow_nan=False)
    lab._trials.trial = lambda *_: type(answer)("odd", {"score_mean": math.nan, "returns": [math.inf, 1.0]})
    data = tried(lab, WEAK).data
    assert data["score_mean"] is None and data["returns"] == [None, 1.0]
