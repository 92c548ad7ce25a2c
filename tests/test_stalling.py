"""Episodes without a reward for long are cut at that very step, wherever they are played, and never give a score."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from fastheur import _core, evaluate, evaluate_many, race
from fastheur.errors import ConfigError
from fastheur.hopeless import StallRule
from fastheur.tasks import find_environment

BREAKOUT = {"env": "atari/breakout", "obs": "ram", "protocol": "robust", "max_steps": 400}
STALL = 230


def accumulators(*rows):
    scores = np.zeros(len(rows), _core.ACCUMULATOR)
    scores["length"], scores["last_reward_step"] = np.transpose(rows)
    return scores


def outcome(card):
    return [(e.index, e.ret, e.length, e.cut, e.unplayed, e.action_hash) for e in card.episodes]


def test_the_steps_since_the_last_reward_decide_or_since_the_start_without_one():
    rule = StallRule(steps=10, cap=100)
    scores = accumulators((10, -1), (9, -1), (15, 5), (15, 6), (40, 40))
    batch = SimpleNamespace(slots=np.array([4, 3, 2, 1, 0]), live=None)
    assert rule.hopeless(batch, scores).tolist() == [2, 4]
    batch.live = np.array([0, 1, 4])
    assert rule.hopeless(batch, scores).tolist() == [4]


@pytest.mark.parametrize("engine", ["ale", "envpool"])
def test_a_stalled_episode_is_cut_at_once_and_the_others_are_untouched(engine, random_kernel):
    whole = evaluate(random_kernel, episodes=8, engine=engine, **BREAKOUT)
    card = evaluate(random_kernel, episodes=8, engine=engine, stop_stalled=STALL, **BREAKOUT)
    assert 0 < card.cut < 8
    for before, after in zip(whole.episodes, card.episodes, strict=True):
        if after.cut:
            assert after.length - max(after.last_reward_step, 0) == STALL
            assert after.length < before.length and after.ret <= before.ret and not after.terminated
            assert after.unplayed == 400 - after.length
        else:
            assert after == before and before.length - max(before.last_reward_step, 0) <= STALL
    assert card.cost.env_steps == sum(episode.length for episode in card.episodes) < whole.cost.env_steps


def test_whether_an_episode_is_cut_depends_on_itself_alone(random_kernel):
    settings = {**BREAKOUT, "episodes": 6, "stop_stalled": STALL}
    alone = evaluate(random_kernel, slots=1, threads=1, params={"n": 3}, **settings)
    for slots in (2, 12):
        crowd = evaluate_many(random_kernel, params=[{"n": 4}, {"n": 3}], slots=slots, threads=2, **settings)
        assert outcome(crowd[1]) == outcome(alone)


def test_a_card_with_stalled_episodes_is_stamped_and_is_no_score(random_kernel):
    settings = {**BREAKOUT, "episodes": 2, "stop_stalled": 20}
    card, other = (evaluate(random_kernel, first=first, **settings) for first in (0, 2))
    assert card.cut == 2 and card.mean is None and card.to_dict()["score_mean"] is None
    assert card.setting.stop_stalled == 20 and card.setting.protocol.endswith(" (stop_stalled=20)")
    assert "no score: 2 of 2 episodes had no reward for 20 env steps" in str(card)
    with pytest.raises(ValueError, match="stop_stalled are for screening"):
        card.merge(other)


@pytest.mark.parametrize(
    "env, settings, message",
    [
        ("atari/breakout", {"stop_stalled": 0}, "stop_stalled is 0, expected a whole number from 1"),
        ("atari/breakout", {"stop_stalled": 2.5}, "stop_stalled is 2.5"),
        ("atari/breakout", {"split": "sealed", "ledger": "x.db"}, "stop_stalled is for screening"),
        ("atari/breakout", {"warm": True}, "stop_stalled needs fresh slots"),
        ("dmc/cartpole_swingup", {"stop_below": 5}, "leave one of them away"),
        (replace(find_environment("Pendulum-v1"), env_id="Pendulum-v9"), {}, "stop_stalled needs an episode cap"),
    ],
)
def test_episodes_are_not_cut_where_that_makes_no_sense(env, settings, message):
    with pytest.raises(ConfigError, match=message):
        evaluate("random", env, **{"episodes": 1, "stop_stalled": 50, **settings})


def test_a_race_compares_whole_episodes():
    with pytest.raises(ConfigError, match="found stop_stalled=50"):
        race("random", "atari/breakout", [{}, {}], episodes=2, stop_stalled=50)
