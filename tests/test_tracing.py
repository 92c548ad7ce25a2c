"""A trace replays the very episode, and shows the steps before the moment that was asked for."""

import json
import re

import pytest

from fastheur.errors import ConfigError
from fastheur.host import Candidate
from fastheur.in_process import make_host
from fastheur.loading import policy_from_source
from fastheur.recorder import Recorder
from fastheur.rollout import Job, rollout
from fastheur.seeds import episode_seeds
from fastheur.tasks import find_environment, find_protocol, make_task
from fastheur.tracing import MOST_CHOSEN_TOKENS, MOST_TOKENS, make_engine, trace
from fastheur.wording import CHARACTERS_PER_TOKEN

WEAK = """OBS = 'ram'
STATE = [('x', 'i8'), ('y', 'i8'), ('mode', 'i8')]
def act(obs, info, state, params):
    state.x, state.y = int(obs[99]), int(obs[101])
    if state.y == 0:
        return 1 if info.elapsed % 2 == 0 else 0
    return 2 if int(obs[72]) + 8 < min(state.x, 90) else 3
"""
COIN = (
    "from fastheur.policy import uniform\nOBS = 'any'\ndef act(obs, info, state, params):\n"
    "    return int(uniform(state) * {n})\n"
)
GAIT = (
    "from fastheur.policy import uniform\nOBS = 'state'\ndef act(obs, info, state, params, action):\n"
    "    for place in range(action.shape[0]):\n        action[place] = 2.0 * uniform(state) - 1.0\n"
)


def setting(source, name, mode=None, protocol=None, **changes):
    environment = find_environment(name)
    chosen = find_protocol(protocol, environment, **changes)
    policy = policy_from_source(source, "weak.py")
    return make_task(environment, mode, chosen), chosen, Candidate(policy, policy.values())


def recorded(task, protocol, candidate, episodes=2):
    """Play episodes in one pool; return them and their records by index."""
    engine, recorder = make_engine("auto", task, protocol), Recorder()
    jobs = [Job(0, index, seed) for index, seed in enumerate(episode_seeds("train", 0, episodes))]
    played = rollout(engine, make_host([candidate], engine.spec, episodes), jobs, episodes, recorder=recorder)
    found = {episode.index: episode for episode in played}
    return found, {record.index: record for record in recorder.records}


BREAKOUT = setting(WEAK, "atari/breakout", "ram", "robust")


@pytest.fixture(scope="module")
def first_time():
    return recorded(*BREAKOUT)


def show(what, around="death", index=1, **settings):
    return trace(*what, index=index, seed=episode_seeds("train", index, 1)[0], around=around, **settings)


def test_the_replay_is_the_recorded_episode(first_time):
    episode = first_time[0][1]
    answer = show(BREAKOUT)
    assert (answer.data["action_hash"], answer.data["ret"]) == (episode.action_hash, episode.ret)
    assert answer.data["length"] == answer.data["env_steps"] == episode.length
    assert show(BREAKOUT, index=0).data["action_hash"] == first_time[0][0].action_hash != episode.action_hash


def test_the_window_ends_at_the_first_death(first_time):
    death = first_time[1][1].moments[0]
    answer = show(BREAKOUT, last=12)
    rows = answer.data["rows"]
    assert [row["step"] for row in rows] == list(range(death.step - 11, death.step + 1))
    assert [row["lives"] for row in rows] == [5] * 11 + [4]
    assert rows[-1]["state"] == death.seen.state
    assert f"The first life lost, at step {death.step:,}." in answer.text
    assert "State that did not change here: mode 0" in answer.text
    table = answer.text.split("\n")[-13:]
    assert table[0].split()[:5] == ["step", "action", "reward", "return", "lives"] and {"x", "y"} < set(
        table[0].split()
    )
    assert table[-1].split()[:2] == [str(death.step), {2: "RIGHT", 3: "LEFT"}[rows[-1]["action"]]]


def test_the_window_ends_with_the_longest_stall_and_with_the_episode(first_time):
    episode, record = first_time[0][1], first_time[1][1]
    end = sum(record.stretch)
    answer = show(BREAKOUT, "stall")
    assert answer.data["step"] in (end, end + 1) and f"from step {record.stretch[0]:,} to {end:,}" in answer.text
    assert show(BREAKOUT, "end").data["step"] == episode.length


def test_the_worst_drop_ends_at_its_low():
    what = setting(COIN.format(n=6), "atari/pong", "ram", "robust", max_steps=900)
    record = recorded(*what)[1][1]
    answer = show(what, "drop", last=5)
    assert answer.data["step"] == record.drop[1] and f"{record.drop[2]:g}, to its low" in answer.text
    assert answer.data["rows"][-1]["reward"] == -1
    lost = show(what, "death", last=5)
    assert lost.data["step"] == record.moments[0].step and "The first negative reward" in lost.text


def test_a_later_death_can_be_asked_for(first_time):
    deaths = first_time[1][1].moments
    answer = show(BREAKOUT, life=2, last=3)
    assert answer.data["step"] == deaths[1].step and f"The 2nd life lost, at step {deaths[1].step:,}." in answer.text
    dull = show(setting(COIN.format(n=1), "atari/breakout", "ram", "robust", max_steps=99), "rewards", last=2)
    assert dull.data["around"] == "end" and "There was no reward in this episode" in dull.text
    never = show(BREAKOUT, life=7)
    assert never.data["around"] == "end" and "There was no 7th death in this episode" in never.text


def test_the_steps_that_gave_a_reward_can_be_listed(first_time):
    episode = first_time[0][1]
    answer = show(BREAKOUT, "rewards", last=200)
    rows = answer.data["rows"]
    assert sum(row["reward"] for row in rows) == episode.ret > 0 and all(row["reward"] for row in rows)
    assert f"{len(rows)} steps gave a reward" in answer.text
    assert [row["step"] for row in show(BREAKOUT, "rewards", last=1).data["rows"]] == [rows[-1]["step"]]


def test_steps_can_be_left_out_between_those_shown(first_time):
    death = first_time[1][1].moments[0].step
    rows = show(BREAKOUT, last=6, every=8).data["rows"]
    before = death - 1 - (death - 1) % 8
    assert [row["step"] for row in rows] == [*range(before - 32, before + 1, 8), death]
    assert [row["step"] for row in show(BREAKOUT, last=3, every=8, step=40).data["rows"]] == [24, 32, 40]


def test_any_step_can_be_shown_and_is_played_no_further(first_time):
    answer = show(BREAKOUT, last=3, step=40)
    assert [row["step"] for row in answer.data["rows"]] == [38, 39, 40]
    assert answer.data["env_steps"] == answer.data["length"] == 40 and "not played further" in answer.text
    whole = first_time[0][1]
    late = show(BREAKOUT, last=3, step=whole.length + 500)
    assert late.data["length"] == whole.length and f"The episode was over at step {whole.length:,}" in late.text
    assert late.data["action_hash"] == whole.action_hash


def test_chosen_entries_are_shown_even_if_they_stand_still():
    answer = show(BREAKOUT, last=3, step=40, entries=["99", "RAM 101", "mode", "0"])
    header = answer.text.split("\n")[-4].split()
    assert header[5:] == ["ram99", "ram101", "mode", "ram0"]
    assert list(answer.data["rows"][0]["obs"]) == ["RAM 99", "RAM 101", "RAM 0"]
    whole = show(BREAKOUT, last=50, step=60, entries=["RAM"])
    assert len(whole.data["rows"][0]["obs"]) == 128 and "ram127" in whole.text and "60 " in whole.text.split("\n")[-1]
    assert "did not change here: mode 0" in whole.text.split(", x ")[0] and not re.search(r"here:.*\bx ", whole.text)
    assert len(whole.text) <= MOST_CHOSEN_TOKENS * CHARACTERS_PER_TOKEN
    assert re.search(r"Only the last \d+ of 50 rows have room here", whole.text) and len(whole.data["rows"]) == 50
    ant = show(setting(GAIT, "mujoco/ant", max_steps=50), step=20, last=2, entries=["7", "obs[26]"])
    assert ant.text.split("\n")[-3].split()[5:] == ["obs[7]", "obs[26]"]
    with pytest.raises(ConfigError, match="no entry 'x9' to show"):
        show(BREAKOUT, step=5, entries=["x9"])


def test_state_arrays_are_shown_by_place():
    source = """OBS = "ram"
STATE = [("grid", "i8", (2, 9))]


def act(obs, info, state, params):
    state.grid[1, 8] += 1
    return 1
"""
    for chosen, shown in (("grid", 18), ("grid[1,8]", 1)):
        text = show(setting(source, "atari/breakout", "ram"), last=2, step=9, entries=[chosen]).text
        header = text.split("\n")[-3].split()
        assert header[-1] == "grid[1,8]" and len(header) == 5 + shown and text.endswith(" 9")


def test_a_moment_that_never_came_is_said_and_the_end_is_shown():
    what = setting(GAIT, "mujoco/half_cheetah", max_steps=30)
    answer = show(what, "death", last=4)
    assert answer.data["around"] == "end" and answer.data["asked"] == "death" and answer.data["step"] == 30
    assert "There was no death in this episode: its last steps." in answer.text
    fallen = show(setting(COIN.format(n=2), "CartPole-v1"), "death", last=3)
    assert "The episode was over at step" in fallen.text and fallen.data["around"] == "death"


@pytest.mark.parametrize("what", [BREAKOUT, setting(GAIT, "mujoco/ant", max_steps=200)], ids=["ram", "vector"])
def test_the_text_is_bounded_in_whole_rows_down_to_the_moment(what):
    answer = show(what, "end", last=200)
    assert len(answer.text) <= MOST_TOKENS * CHARACTERS_PER_TOKEN
    assert len(answer.data["rows"]) == min(200, answer.data["length"])
    assert answer.text.split("\n")[-1].split()[0] == str(answer.data["step"])
    json.dumps(answer.data, allow_nan=False)


def test_a_policy_that_sees_frames_gets_the_frame_of_the_moment():
    what = setting(COIN.format(n=4), "atari/breakout", "native", "weng2026", max_steps=150)
    [picture] = show(what, last=3).pictures
    assert picture.png.startswith(b"\x89PNG") and "step" in picture.caption
    assert show(BREAKOUT, last=3).pictures == ()


def test_an_unknown_moment_is_refused():
    with pytest.raises(ConfigError, match="around is 'birth', expected one of death, stall, drop, end"):
        show(BREAKOUT, "birth")
    with pytest.raises(ConfigError, match="last is 0"):
        show(BREAKOUT, last=0)
