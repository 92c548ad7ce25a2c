"""An agent that asks to see an episode gets its moments in one picture, in one pass, and pays for that pass."""

import io

import numpy as np
import pytest
from labs import lab_in
from PIL import Image

from fastheur.errors import ConfigError
from fastheur.host import Candidate
from fastheur.loading import policy_from_source
from fastheur.replaying.album import MOST_TEXT, Kept, album
from fastheur.replaying.frames import Frame
from fastheur.seeds import episode_seeds
from fastheur.tasks import find_environment, find_protocol, make_task

MARKED = """OBS = 'any'
STATE = [('seen', 'f8'), ('many', 'f8', 40)]
MARKS = {'middle': (80, None)}
def act(obs, info, state, params):
    state.seen += 1.0
    return int(info.elapsed) % 3
"""
BUTTONS = """OBS = 'screen'
def act(obs, info, state, params, action):
    action[:] = 0.0
    action[int(info.elapsed) // 20 % action.shape[0]] = 1.0
"""
LIMP = """OBS = 'state'
def act(obs, info, state, params, action):
    action[:] = 0.0
"""


def setting(source, task, mode, steps):
    environment = find_environment(task)
    protocol = find_protocol(None, environment, max_steps=steps)
    policy = policy_from_source(source, "v1.py")
    return make_task(environment, mode, protocol), protocol, Candidate(policy, policy.values())


@pytest.mark.parametrize(
    ("task", "mode", "source", "steps"),
    [
        ("atari/breakout", "ram", MARKED, 900),
        ("atari/breakout", "native", MARKED, 500),
        ("vizdoom/d3_battle", None, BUTTONS, 200),
        ("mujoco/hopper", None, LIMP, 1000),
        ("CartPole-v1", None, MARKED.replace("% 3", "% 2"), 500),
    ],
)
def test_the_moments_fit_one_picture_of_a_bounded_size(task, mode, source, steps):
    seed = episode_seeds("train", 3, 1)[0]
    answer = album(*setting(source, task, mode, steps), index=3, seed=seed, tiles=6)
    [picture] = answer.pictures
    assert len(picture.png) <= 200_000
    image = Image.open(io.BytesIO(picture.png))
    assert max(image.size) <= 1568 and min(image.size) >= 150
    moments = answer.data["moments"]
    assert 1 <= len(moments) <= 6 and moments[0]["step"] == 0
    assert [one["step"] for one in moments] == sorted(one["step"] for one in moments)
    assert answer.data["env_steps"] == answer.data["length"]  # one pass
    lines = answer.text.splitlines()
    assert len(lines) == 1 + len(moments) and max(map(len, lines[1:])) <= MOST_TEXT


def test_chosen_steps_are_shown_and_nothing_is_played_beyond_them():
    task, protocol, candidate = setting(MARKED, "atari/breakout", "ram", 900)
    asked = {"index": 3, "seed": episode_seeds("train", 3, 1)[0], "steps": [101, 7, 101]}
    answer = album(task, protocol, candidate, **asked)
    assert [one["step"] for one in answer.data["moments"]] == [7, 101]
    assert answer.data["env_steps"] == answer.data["length"] == 101 and "not played further" in answer.text
    assert len(answer.text.splitlines()) == 3 and "step 7: score 0; FIRE; seen 8" in answer.text


def test_an_agent_pays_for_what_it_looks_at_and_sees_train_episodes_only(tmp_path):
    with lab_in(tmp_path / "run") as lab:
        before, recorded = lab.spent.env_steps, lab.run.ledger.episode(1, 2)
        answer = lab.call("replay", {"trial": 1, "episode": 2, "tiles": 3})
        assert answer.data["action_hash"] == recorded["action_hash"]
        assert lab.spent.env_steps - before == recorded["length"] == lab.run.ledger.steps_by_role()["replay"]
        assert len(answer.pictures) == 1
        with pytest.raises(ConfigError, match="no trial 99"):
            lab.call("replay", {"trial": 99, "episode": 0})
        with pytest.raises(ConfigError, match="tiles"):
            lab.call("replay", {"trial": 1, "episode": 0, "tiles": 99})


def test_of_a_long_episode_fewer_pictures_are_kept_and_one_is_near_every_step(monkeypatch):
    monkeypatch.setattr("fastheur.replaying.album.MOST_KEPT", 8)
    kept = Kept(1)
    for step in range(101):
        if kept.wanted(step):
            kept.add(0, Frame(step, np.full((2, 3, 3), step, np.uint8), "NOOP", 0.0, 0.0, 0))
    for step in range(101):
        near = kept.nearest(step)
        assert step - 16 < near.step <= step
        assert near.picture.shape == (2, 3, 3) and (near.picture == near.step).all()
