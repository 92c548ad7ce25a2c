"""Early verdicts: the best is rarely dropped, the bad ones early, a cut episode was hopeless, and none of it is a score."""

import itertools
import json
import sqlite3
from dataclasses import replace

import numpy as np
import pytest

from fastheur import evaluate, evaluate_many, race
from fastheur.cli import main
from fastheur.commands.list import _keep
from fastheur.elimination import eliminate, schedule, sign_flip_p, worse_than_the_leader
from fastheur.errors import ConfigError, Interrupted
from fastheur.ledger import Ledger
from fastheur.loading import policy_from_source
from fastheur.tasks import environment_from, find_environment

EPISODES = 64
LEADS = [{"lead": lead} for lead in (0.0, 0.5, 0.1, 0.5)]
"""Two that balance CartPole for ever, and are the same; two that fall at once."""

SWINGUP = "dmc/cartpole_swingup"
SIDE = (
    "from fastheur.policy import Param\nOBS = 'any'\nPARAMS = {'side': Param(0, 0, 1)}\n"
    "def act(obs, info, state, params):\n    return params.side\n"
)
PUSH = "OBS = 'state'\ndef act(obs, info, state, params, action):\n    action[0] = 0.0 if info.elapsed % 7 else 1.0\n"


def simulated(returns, error=0.05, keep=1):
    """Race over a table of returns (candidates, episodes)."""
    when = schedule(returns.shape[1], len(returns), error)
    return eliminate(lambda alive, end: returns[alive, :end], len(returns), when, keep)


def noise(seed, candidates):
    """Returns with an episode's own difficulty, which pairing takes out, and symmetric noise of each candidate."""
    rng = np.random.default_rng(seed)
    return 5 * rng.normal(size=EPISODES) + rng.laplace(size=(candidates, EPISODES))


@pytest.mark.parametrize("candidates", [2, 6])
def test_the_best_is_dropped_in_at_most_the_promised_fraction_of_races(candidates):
    races, error = 300, 0.1
    dropped = sum(0 in simulated(noise(seed, candidates), error) for seed in range(races))  # all equal: the worst case
    assert dropped <= races * error


def test_clearly_worse_candidates_are_dropped_early_and_the_best_stays():
    shift = np.array([0.0, -2.0, -2.0, -3.0, -4.0])[:, None]
    races = [simulated(noise(seed, 5) + shift) for seed in range(40)]
    assert np.mean([out.get(loser, EPISODES) for out in races for loser in range(1, 5)]) < EPISODES / 2
    assert sum(0 in out for out in races) == 0


def test_few_differences_are_tested_by_every_sign_pattern():
    differences = np.random.default_rng(3).normal(-0.6, 1, 9)
    patterns = np.array(list(itertools.product((1, -1), repeat=9)))
    assert sign_flip_p(differences) == np.mean(patterns @ differences <= differences.sum() + 1e-12)
    assert sign_flip_p(np.full(8, -1.0)) == 1 / 256


def test_many_differences_are_tested_by_a_fixed_group_of_patterns_close_to_all_of_them():
    differences = np.random.default_rng(4).normal(-0.3, 1, 40)
    drawn = np.random.default_rng(5).choice([-1.0, 1.0], (100_000, 40)) @ differences <= differences.sum()
    assert sign_flip_p(differences) == sign_flip_p(differences)
    assert sign_flip_p(differences) == pytest.approx(drawn.mean(), abs=0.005)


def test_identical_candidates_are_never_dropped_against_each_other():
    same = np.tile(noise(1, 1), (4, 1))
    assert simulated(same) == {}
    worse = np.vstack([same, same[:1] - 50])
    assert simulated(worse) == {4: 8 if 8 in schedule(EPISODES, 5, 0.05).looks else 16}


def test_as_many_are_left_as_were_to_be_kept_the_best_of_them():
    returns = noise(2, 4) - 20 * np.arange(4)[:, None]
    assert set(simulated(returns, keep=2)) == {2, 3}
    assert worse_than_the_leader(returns, 0.01, keep=3) == [3]


def test_looks_that_cannot_decide_take_no_share_of_the_error():
    when = schedule(64, 10, 0.05)
    assert when.ends == (8, 16, 32, 64) and when.looks == (16, 32, 64)
    assert when.level == pytest.approx(0.05 / (3 * 9)) and when.level < 2.0**-8
    assert schedule(4, 10, 0.05).looks == () and schedule(1, 2, 0.05).ends == (1,)


def found(result):
    return [(one.candidate, one.mean, one.eliminated_after, one.card.episodes) for one in result.standings]


def test_a_race_ranks_drops_and_is_the_same_for_any_slots_and_again():
    first = race(None, "CartPole-v1", LEADS, episodes=32)
    assert first.survivors == (1, 3)
    assert [one.candidate for one in first.standings[2:]] == [2, 0]
    assert {one.eliminated_after for one in first.standings[2:]} == {8}
    for slots in (3, None):
        assert found(race(None, "CartPole-v1", LEADS, episodes=32, slots=slots)) == found(first)
    alone = evaluate(None, "CartPole-v1", params=LEADS[1], episodes=32)
    assert first.standings[0].card.episodes == alone.episodes


def test_steps_are_counted_and_the_saving_is_an_estimate_from_each_candidates_own_episodes():
    result = race(None, "CartPole-v1", LEADS, episodes=32)
    lengths = [[episode.length for episode in one.card.episodes] for one in result.standings]
    assert result.env_steps == sum(map(sum, lengths))
    assert result.steps_saved == sum(round((32 - len(own)) * np.mean(own)) for own in lengths)
    full = sum(card.cost.env_steps for card in evaluate_many(None, "CartPole-v1", LEADS, episodes=32))
    assert result.steps_saved == pytest.approx(full - result.env_steps, rel=0.2)


def test_partial_cards_are_marked_and_have_no_score():
    result = race(None, "CartPole-v1", LEADS[:3], episodes=64)
    assert result.survivors == (1,)
    for one in result.standings:  # the winner too: the race was over before all episodes were played
        assert not one.card.complete and one.card.mean is None and one.card.to_dict()["score_mean"] is None
        assert one.mean == one.card.returns.mean()
    full = race(None, "CartPole-v1", LEADS, episodes=32).standings[0].card
    assert full.complete and full.mean == 500


def test_where_one_episode_is_everything_each_candidate_plays_one_and_ties_stay():
    side = policy_from_source(SIDE, "side")
    rows = [{"side": 0}, {"side": 1}, {"side": 0}]
    result = race(side, "atari/breakout", rows, episodes=64, max_steps=60)
    scores = [float(one.card.returns[0]) for one in result.standings]
    assert result.exact and all(len(one.card.episodes) == 1 and one.card.complete for one in result.standings)
    assert scores == sorted(scores, reverse=True) and result.steps_saved == 0
    best = [one.candidate for one in result.standings if one.mean == scores[0]]
    assert result.survivors == tuple(best)


def test_randomness_under_a_deterministic_protocol_is_raced_as_usual(random_kernel):
    result = race(random_kernel, "atari/breakout", [{"n": 4}, {"n": 1}], episodes=3, max_steps=40)
    assert not result.exact and {len(one.card.episodes) for one in result.standings} == {3}


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"split": "sealed", "ledger": "x.db"}, "final scores"),
        ({"warm": True}, "found warm=True"),
        ({"stop_below": 3.0}, "found stop_below=3.0"),
        ({"error": 0}, "error is 0"),
        ({"keep": 4}, "more candidates than it keeps; found 4"),
        ({"keep": 0}, "keep is 0"),
        ({"episodes": 0}, "episodes is 0"),
    ],
)
def test_races_that_prove_nothing_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        race(None, "CartPole-v1", LEADS, **{"episodes": 16, **settings})


def test_the_ledger_has_a_trial_per_candidate_and_stage(tmp_path):
    race(None, "CartPole-v1", LEADS, episodes=32, ledger=tmp_path / "x.db", notes="mine")
    with sqlite3.connect(tmp_path / "x.db") as db:
        rows = db.execute("SELECT notes, count(*), sum(episodes) FROM trials GROUP BY notes ORDER BY notes").fetchall()
    assert rows == [(f"race, stage {n}; mine", players, e) for n, players, e in [(1, 4, 32), (2, 2, 16), (3, 2, 32)]]


def test_a_stage_of_a_race_is_never_listed_as_a_best_score(tmp_path):
    race(None, "CartPole-v1", LEADS, episodes=32, ledger=tmp_path / "x.db")
    with Ledger(tmp_path / "x.db") as ledger:
        rows = [row for row in ledger.trials() if row["episodes"] == 16]
    best, without_the_note = {}, {}
    _keep(best, rows)
    _keep(without_the_note, [{**row, "notes": ""} for row in rows])
    assert len(rows) == 2 and not best and without_the_note


def test_an_interruption_loses_nothing(tmp_path):
    def stop(steps, episodes):
        if len(episodes) >= 4 * 8 + 2 * 4:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        race(None, "CartPole-v1", LEADS, episodes=32, slots=2, progress=_always(stop), ledger=tmp_path / "x.db")
    cards = caught.value.cards
    assert [len(card.episodes) >= 8 for card in cards] == [True] * 4 and not any(card.complete for card in cards)
    with sqlite3.connect(tmp_path / "x.db") as db:
        assert db.execute("SELECT count(*) FROM episodes").fetchone()[0] == sum(len(card.episodes) for card in cards)
        assert db.execute("SELECT count(*) FROM trials WHERE status = 'running'").fetchone()[0] == 0


def _always(stop):
    """Reports come at most ten times a second; one that has asked to stop must not be asked again while settling."""
    asked = []

    def report(steps, episodes):
        if not asked:
            try:
                stop(steps, episodes)
            except KeyboardInterrupt:
                asked.append(True)
                raise

    return report


def cut_outcome(card):
    return [(e.index, e.ret, e.length, e.cut, e.unplayed, e.action_hash) for e in card.episodes]


def test_a_cut_episode_could_not_have_reached_the_bound_and_the_others_are_untouched():
    whole = evaluate("random", SWINGUP, episodes=6)
    bound = float(np.median(whole.returns))
    card = evaluate("random", SWINGUP, episodes=6, stop_below=bound)
    for before, after in zip(whole.episodes, card.episodes, strict=True):
        if after.cut:
            assert before.ret < bound and not after.terminated and after.ret <= before.ret
            assert after.ret + after.unplayed < bound <= after.ret + after.unplayed + 1 + 1e-9  # at the first chance
            assert after.length + after.unplayed == before.length == 1000
        else:  # the last step ends the episode by itself, so a shortfall within its reward is nothing to cut
            assert before.ret > bound - 1 and after == before
    assert 0 < card.cut < 6
    assert card.steps_saved == whole.cost.env_steps - card.cost.env_steps


def test_whether_an_episode_is_cut_depends_on_itself_alone():
    push, still = policy_from_source(PUSH, "push"), policy_from_source(PUSH.replace("1.0", "0.5"), "still")
    settings = {"episodes": 5, "stop_below": 990.0}
    alone = evaluate(push, SWINGUP, slots=1, threads=1, **settings)
    assert alone.cut == 5
    for slots in (2, 10):
        crowd = evaluate_many([still, push], SWINGUP, [{}, {}], slots=slots, **settings)
        assert cut_outcome(crowd[1]) == cut_outcome(alone)


def test_a_card_with_cut_episodes_is_stamped_and_is_no_score():
    push = policy_from_source(PUSH, "push")
    card, other = (evaluate(push, SWINGUP, episodes=2, first=first, stop_below=990) for first in (0, 2))
    row = card.to_dict()
    assert card.mean is None and card.interval is None and row["score_mean"] is None and row["score_max"] is None
    assert row["cut"] == [True, True] and row["steps_saved_at_most"] == card.steps_saved > 1900
    assert card.setting.stop_below == 990 and card.setting.protocol == "default (stop_below=990)"
    assert "no score: 2 of 2 episodes" in str(card)
    with pytest.raises(ValueError, match="stop_below are for screening"):
        card.merge(other)
    with pytest.raises(ValueError, match="different settings"):
        card.merge(evaluate(push, SWINGUP, episodes=2, first=2))


def test_the_declared_reward_bounds_hold(random_kernel):
    steady = policy_from_source(
        "OBS = 'state'\ndef act(obs, info, state, params, action):\n    action[0] = 8.0 * obs[1] + 2.0 * obs[3]\n"
        "    action[0] = min(3.0, max(-3.0, action[0]))\n",
        "steady",
    )
    standing = evaluate(steady, "mujoco/inverted_pendulum", episodes=2)
    fallen = evaluate("random", "mujoco/inverted_pendulum", episodes=6)
    swinging = evaluate("random", SWINGUP, episodes=6)
    assert all(e.ret == e.length - e.terminated for card in (standing, fallen) for e in card.episodes)
    assert any(e.terminated for e in fallen.episodes)
    assert all(e.worst >= 0 and 0 <= e.ret <= e.length for e in swinging.episodes)


@pytest.mark.parametrize(
    "env, settings, message",
    [
        ("CartPole-v1", {}, "declares no bounds"),
        (SWINGUP, {"split": "sealed", "ledger": "x.db"}, "for screening"),
        (SWINGUP, {"warm": True}, "fresh slots"),
        (SWINGUP, {"stop_below": 1001}, "can return more than 1000"),
        (SWINGUP, {"stop_below": "9"}, "stop_below is '9'"),
        (SWINGUP, {"env_args": {"frame_skip": 2}}, "frame_skip changed"),
        (replace(find_environment("Pendulum-v1"), reward=(-17.0, 0.0)), {}, "return that cannot fall"),
        (replace(find_environment("Pendulum-v9"), reward=(0.0, 1.0)), {}, "needs an episode cap"),
    ],
)
def test_episodes_are_not_cut_where_the_verdict_is_not_certain(env, settings, message):
    with pytest.raises(ConfigError, match=message):
        evaluate("random", env, **{"episodes": 1, "stop_below": 5, **settings})


@pytest.mark.parametrize("reward", [[1, 0], [0], "ab", 3, [0, float("inf")], [True, 1], [0, "x"]])
def test_reward_bounds_are_checked_where_they_are_read(reward):
    entry = {"name": "x", "id": "CartPole-v1", "suite": "envpool", "modes": ["state"], "reward": reward}
    with pytest.raises(ConfigError, match=r"expected \[LOWEST, HIGHEST\]"):
        environment_from(entry)


def test_the_command_races_every_combination_and_says_what_the_error_means(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["race", "env=CartPole-v1", "params.lead=0.05,0.5", "params.brake=range(0,0.3,0.2)", "episodes=16"]
    assert main([*words, "out=race.json"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "dropped after" in out and "lead=0.5 brake=0.2" in out and "estimate" in out
    assert "probability at most 0.05" in out and "no score" in out
    kept = json.loads((tmp_path / "race.json").read_text())
    assert len(kept["ranking"]) == 4 and kept["survivors"] and kept["ranking"][-1]["eliminated_after"] in (8, 16)
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "race.json"}


@pytest.mark.parametrize(
    "words, message",
    [
        (["params.lead=0.1"], "found 1 and keep=1"),
        (["params.lead=0.1,0.2", "split=sealed"], "final scores"),
        (["params.lead=interval(0,1)"], "expected values to race"),
        (["params.lead=[]"], "empty list"),
        (["params.lead=range(0,200)", "params.brake=range(0,200)"], "40,000 candidates"),
        (["params.lead=0.1,0.2", "error=2"], "error is 2"),
    ],
)
def test_bad_races_are_answered_with_one_message(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["race", "env=CartPole-v1", *words]) == 2
    err = capsys.readouterr().err
    assert message in err and "Traceback" not in err
