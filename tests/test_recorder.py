"""A record says what happened in an episode, whatever else was played beside it, and recording changes nothing."""

import itertools
import json

import numpy as np
import pytest

from fastheur.engines import make_engine
from fastheur.hopeless import StopRule
from fastheur.host import Candidate
from fastheur.in_process import make_host
from fastheur.loading import policy_from_source
from fastheur.record import EpisodeRecord
from fastheur.recorder import MOST_EVENTS, MOST_MOMENTS, MOST_POINTS, Recorder
from fastheur.rollout import Job, rollout
from fastheur.seeds import episode_seeds
from fastheur.tasks import find_environment, find_protocol, make_task

WEAK = """OBS = 'ram'
STATE = [('x', 'i8'), ('y', 'i8'), ('past', 'f8', (2,)), ('map', 'f8', (64,))]
def act(obs, info, state, params):
    state.x, state.y = int(obs[99]), int(obs[101])
    state.past[1] = state.past[0]
    state.past[0] = float(info.elapsed)
    if state.y == 0:
        return 1 if info.elapsed % 2 == 0 else 0
    return 2 if int(obs[72]) + 8 < min(state.x, 90) else 3
"""
STILL = "OBS = 'ram'\nSTATE = [('n', 'i8')]\ndef act(obs, info, state, params):\n    state.n += 1\n    return 1\n"
COIN = (
    "from fastheur.policy import uniform\nOBS = 'any'\ndef act(obs, info, state, params):\n"
    "    return int(uniform(state) * {n})\n"
)
SWING = (
    "from fastheur.policy import uniform\nOBS = 'state'\ndef act(obs, info, state, params, action):\n"
    "    for place in range(6):\n        action[place] = 2.0 * uniform(state) - 1.0\n    action[5] = 0.25\n"
)


class Slow:
    """The recorder's slow twin: keeps every reward, action and return of every episode."""

    def start(self, spec, jobs, slots, state_of):
        self.jobs, self.rewards, self.actions = jobs, {}, {}

    def scored(self, batch, scores):
        for row, place in enumerate(batch.episodes.tolist()):
            if batch.first is None or not batch.first[row]:
                self.rewards.setdefault(self.jobs[place].index, []).append(float(batch.reward[row]))

    def acted(self, batch):
        for row in range(len(batch.slots)) if batch.live is None else batch.live:
            place = batch.episodes[row]
            self.actions.setdefault(self.jobs[place].index, []).append(batch.actions[row].copy())


def play(sources, name, mode=None, protocol=None, episodes=2, slots=2, recorder=None, stop=None, **changes):
    environment = find_environment(name)
    chosen = find_protocol(protocol, environment, **changes)
    engine = make_engine("auto", make_task(environment, mode, chosen), chosen)
    policies = [policy_from_source(source, f"p{place}.py") for place, source in enumerate(sources)]
    candidates = [Candidate(policy, policy.values()) for policy in policies]
    seeds = enumerate(episode_seeds("train", 0, episodes))
    jobs = [Job(number, index, seed) for index, seed in seeds for number in range(len(candidates))]
    host = make_host(candidates, engine.spec, slots)
    found = list(rollout(engine, host, jobs, slots, recorder=recorder, stop=stop))
    return sorted(found, key=lambda episode: (episode.index, episode.candidate)), engine.env_steps


def record(*args, **settings):
    recorder = Recorder()
    play(*args, recorder=recorder, **settings)
    return sorted(recorder.records, key=lambda one: (one.index, one.candidate))


@pytest.fixture(scope="module")
def breakout():
    return record([WEAK], "atari/breakout", "ram", "robust", episodes=3, slots=3)


def test_recording_changes_no_episode_and_takes_no_step():
    settings = {"episodes": 3, "slots": 2, "max_steps": 400}
    plain, steps = play([WEAK], "atari/breakout", "ram", "robust", **settings)
    recorder = Recorder()
    watched, same = play([WEAK], "atari/breakout", "ram", "robust", recorder=recorder, **settings)
    assert watched == plain and same == steps
    found = sorted((one.index, one.ret, one.length) for one in recorder.records)
    assert found == [(episode.index, episode.ret, episode.length) for episode in plain]


def test_a_record_depends_on_its_episode_alone(breakout):
    assert record([WEAK], "atari/breakout", "ram", "robust", episodes=3, slots=1) == breakout


def test_every_life_lost_is_a_moment_seen_from_the_step_before(breakout):
    for one in breakout:
        assert one.end == "game over" and one.lost == len(one.moments) == 5
        assert [moment.lives for moment in one.moments] == [4, 3, 2, 1, 0]
        for moment in one.moments:
            ram = bytes.fromhex(moment.seen.ram)
            assert moment.kind == "life" and ram[101] > 190  # the ball is still there, and low
            state = moment.seen.state
            assert (state["x"], state["y"]) == (ram[99], ram[101])
            assert (state["past[0]"], state["past[1]"]) == (moment.step - 1, moment.step - 2)
            assert "map" not in state and "map[0]" not in state  # too long to be kept


def test_a_record_survives_json_and_stays_small(breakout):
    for one in breakout:
        text = json.dumps(one.to_dict())
        assert EpisodeRecord.from_dict(json.loads(text)) == one
        assert len(text) < 12_000


CASES = [
    ("atari/pong", "ram", COIN.format(n=6), {"protocol": "robust", "max_steps": 1500}),
    ("CartPole-v1", None, COIN.format(n=2), {"episodes": 6}),
    ("mujoco/half_cheetah", None, SWING, {"max_steps": 300}),
]


@pytest.mark.parametrize("name, mode, source, settings", CASES, ids=[case[0] for case in CASES])
def test_a_record_agrees_with_what_a_slow_twin_saw(name, mode, source, settings):
    twin = Slow()
    play([source], name, mode, recorder=twin, **settings)
    records = record([source], name, mode, **settings)
    assert len(records) == settings.get("episodes", 2)
    for one in records:
        rewards = np.array(twin.rewards[one.index])
        running = rewards.cumsum()
        events = [(step + 1, amount) for step, amount in enumerate(rewards.tolist()) if amount]
        assert one.length == len(rewards) and one.ret == pytest.approx(running[-1])
        assert one.rewarded == len(events)
        apart = 2 ** max(0, int(np.ceil(np.log2(max(1, len(events)) / (MOST_EVENTS - 0.5)))))
        assert [step for step, _ in one.rewards] == [step for step, _ in events[::apart]]
        assert [amount for _, amount in one.rewards] == pytest.approx([a for _, a in events[::apart]], rel=1e-5)
        quiet = [
            (before, after - before - 1) for before, after in itertools.pairwise([0, *(step for step, _ in events)])
        ]
        quiet.append((events[-1][0] if events else 0, len(rewards) - (events[-1][0] if events else 0)))
        assert one.stretch[1] == max(length for _, length in quiet)
        assert one.stretch in quiet or one.stretch == (0, 0)
        assert len(one.curve) <= MOST_POINTS + 1 and one.curve[-1][0] == one.length
        assert [ret for _, ret in one.curve] == pytest.approx([running[step - 1] for step, _ in one.curve], rel=1e-5)
        falls = np.maximum(0.0, np.maximum.accumulate(np.maximum(running, 0.0)) - running)
        assert (one.drop[2] if one.drop else 0.0) == pytest.approx(falls.max(), rel=1e-5)
        if one.drop:
            start, end, amount = one.drop
            assert (running[start - 1] if start else 0.0) - running[end - 1] == pytest.approx(amount, rel=1e-4)
        actions = np.array(twin.actions[one.index])
        if one.counts:
            assert list(one.counts) == np.bincount(actions, minlength=len(one.counts)).tolist()
        else:
            expected = np.stack([actions.min(axis=0), actions.mean(axis=0), actions.max(axis=0)], axis=1)
            assert np.array(one.dimensions) == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_where_there_are_no_lives_rare_negative_rewards_are_the_losses():
    for one in record([COIN.format(n=6)], "atari/pong", "ram", "robust", episodes=2, max_steps=1500):
        assert {moment.kind for moment in one.moments} == {"loss"} and one.end == "cap"
        lost = [step for step, amount in one.rewards if amount < 0]
        assert [moment.step for moment in one.moments] == lost[:MOST_MOMENTS] and one.lost == len(lost)


def test_a_terminated_episode_without_lives_is_a_loss_and_a_capped_one_is_none():
    for one in record([COIN.format(n=2)], "CartPole-v1", episodes=4):
        [moment] = one.moments
        assert (moment.kind, moment.step, one.end) == ("over", one.length, "game over")
        assert len(moment.seen.obs) == 4 and max(abs(moment.seen.obs[0]) / 2.4, abs(moment.seen.obs[2]) / 0.21) > 0.5
    for one in record([SWING], "mujoco/half_cheetah", max_steps=40):
        assert (one.end, one.moments, one.dimensions[5]) == ("cap", (), (0.25, 0.25, 0.25))


def test_policies_with_different_state_are_recorded_side_by_side():
    both = record([WEAK, STILL], "atari/breakout", "ram", "robust", episodes=1, slots=2)
    alone = [record([source], "atari/breakout", "ram", "robust", episodes=1)[0] for source in (WEAK, STILL)]
    assert [one.moments for one in both] == [one.moments for one in alone]
    assert [set(one.moments[0].seen.state) for one in both] == [{"x", "y", "past[0]", "past[1]"}, {"n"}]


def test_an_episode_that_a_stop_rule_cut_says_so():
    recorder = Recorder()
    episodes, _ = play([STILL], "atari/breakout", "ram", "weng2026", episodes=1, recorder=recorder, max_steps=300,
                       stop=StopRule(200.0, 1.0, 300))  # fmt: skip
    [one] = recorder.records
    assert one.end == "cut" and episodes[0].cut and one.length == episodes[0].length < 300
