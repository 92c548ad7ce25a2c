"""A probe finds what is there, within its steps, and shows a policy's author nothing that the policy could not see."""

import json

import cv2
import numpy as np
import pytest

from fastheur import probing
from fastheur.engines import make_engine
from fastheur.errors import ConfigError
from fastheur.probing import KINDS, MOST_TOKENS, PICTURES, probe
from fastheur.seeds import episode_seeds
from fastheur.tasks import find_environment, find_protocol, make_task
from fastheur.wording import CHARACTERS_PER_TOKEN

[SEED] = episode_seeds("train", 0, 1)


def ask(kind, name="atari/breakout", mode=None, protocol=None, **settings):
    environment = find_environment(name)
    chosen = find_protocol(protocol, environment)
    return probe(make_task(environment, mode, chosen), chosen, kind, **{"seed": SEED, "steps": 600, **settings})


@pytest.fixture
def engines(monkeypatch):
    """The engines that a probe makes, with every action that is sent counted from outside."""
    made, sent = [], []

    def counting(*args):
        engine = make_engine(*args)
        play = engine.episodes

        def episodes(*args, **options):
            for batch in play(*args, **options):
                yield batch
                sent.append(len(batch.slots) if batch.live is None else len(batch.live))

        engine.episodes = episodes
        made.append(engine)
        return engine

    monkeypatch.setattr(probing, "make_engine", counting)
    return lambda: (sum(engine.env_steps for engine in made), sum(sent))


@pytest.mark.parametrize("protocol", ["weng2026", "robust"])
def test_breakouts_ball_and_paddle_are_found_in_the_ram(protocol):
    answer = ask("ram", protocol=protocol)
    ball, paddle = (
        next(one for one in answer.data["objects"] if one["size"] == size) for size in ([4, 2], [4, 16])
    )  # fmt: skip
    for found, axis, byte in ((ball, "x", 99), (ball, "y", 101), (paddle, "x", 72)):
        best = found[axis][0]
        assert best["byte"] == byte and best["scale"] == pytest.approx(1.0, abs=0.01)
        assert best["correlation"] > 0.999 and best["error"] < 0.5
    assert "x = RAM[99] -48.5" in answer.text and "Lives are counted in RAM 57" in answer.text
    assert 72 not in answer.data["constant"] and 0 in answer.data["constant"]


def test_pongs_ball_and_our_paddle_are_found_in_the_ram():
    found = {(tuple(one["colour"]), axis): one[axis][0]["byte"] for one in ask("ram", "atari/pong").data["objects"]
             for axis in ("x", "y") if axis in one}  # fmt: skip
    assert found[((236, 236, 236), "x")] == 49 and found[((236, 236, 236), "y")] == 54
    assert found[((92, 186, 92), "y")] == 51


def test_every_action_is_compared_with_doing_nothing():
    answer = ask("actions")
    effects = {one["action"]: {e["name"]: e for e in one["effects"]} for one in answer.data["actions"]}
    assert set(effects) == {"FIRE", "RIGHT", "LEFT"}
    right, left = (effects[name]["RAM 72"] for name in ("RIGHT", "LEFT"))
    assert right["end"] > right["nothing"] > left["end"] and right["start"] == left["start"]
    assert "- RIGHT: " in answer.text and f"RAM 72 {right['start']:g} -> {right['end']:g}" in answer.text


def test_one_action_can_be_held_alone():
    answer = ask("actions", action=2, steps=80)
    assert [one["action"] for one in answer.data["actions"]] == ["RIGHT"] and answer.data["each"] == 40
    with pytest.raises(ConfigError, match=r"action is 9, expected 0..3: 0 NOOP, 1 FIRE"):
        ask("values", action=9)


def test_actions_can_be_compared_later_than_at_the_start():
    answer = ask("actions", steps=1200, after=200)
    assert answer.data["env_steps"] == 1200 and answer.data["each"] == 100
    assert "from step 200, after random actions" in answer.text
    effects = {one["action"]: {e["name"]: e for e in one["effects"]} for one in answer.data["actions"]}
    assert effects["RIGHT"]["RAM 72"]["start"] == effects["LEFT"]["RAM 72"]["start"]
    assert effects["RIGHT"]["RAM 72"]["end"] > effects["LEFT"]["RAM 72"]["end"]


CASES = [
    *(("atari/breakout", "ram", kind) for kind in KINDS),
    *(("atari/pong", "native", kind) for kind in ("actions", "values", "rewards", "frame")),
    *(("CartPole-v1", None, kind) for kind in ("actions", "values", "rewards")),
    *(("mujoco/half_cheetah", None, kind) for kind in ("actions", "values", "rewards")),
    ("vizdoom/d1_basic", None, "values"),
    ("vizdoom/d1_basic", None, "frame"),
    ("MiniGrid-FourRooms-v0", None, "actions"),
    ("MiniGrid-FourRooms-v0", None, "values"),
]


@pytest.mark.parametrize("name, mode, kind", CASES, ids=["-".join(filter(None, case)) for case in CASES])
def test_no_step_is_taken_beyond_those_given_and_none_is_left_out_of_the_account(name, mode, kind, engines):
    steps = 61
    answer = ask(kind, name, mode, steps=steps)
    counted, sent = engines()
    assert answer.data["env_steps"] == counted == sent <= steps
    if kind in ("values", "rewards", "frame"):
        assert counted == steps
    elif kind == "ram":
        assert counted == steps - 1
    assert len(answer.text) <= MOST_TOKENS * CHARACTERS_PER_TOKEN
    json.dumps(answer.data, allow_nan=False)


def test_equal_probes_give_equal_answers():
    for kind in ("ram", "values", "frame"):
        assert ask(kind, steps=90) == ask(kind, steps=90)


def test_values_are_those_of_the_observations():
    found = {one["name"]: one for one in ask("values", steps=300).data["entries"]}
    assert len(found) == 128 and found["RAM 90"]["distinct"] > 200  # a clock
    assert 1 < found["RAM 72"]["distinct"] <= found["RAM 72"]["changes"] + 1
    assert 55 <= found["RAM 72"]["low"] < found["RAM 72"]["high"] <= 191
    assert (found["RAM 0"]["low"], found["RAM 0"]["high"], found["RAM 0"]["changes"]) == (63, 63, 0)


def test_rewards_come_with_what_changed():
    answer = ask("rewards", "atari/pong", protocol="robust", steps=700)
    events = answer.data["events"]
    assert answer.data["rewards"] == len(events) >= 2 and answer.data["amounts"] == {-1.0: len(events)}
    for number, event in enumerate(events):
        assert event["changes"]["RAM 13"] == (number, number + 1)  # the opponent's points
    assert "Changed with (nearly) every reward and rarely else:" in answer.text and "RAM 13" in answer.text


def test_dense_rewards_are_summed_up():
    answer = ask("rewards", "mujoco/half_cheetah", steps=100)
    assert answer.data["rewards"] == 100 and "Most steps give one" in answer.text


def test_pictures_show_the_frames():
    answer = ask("frame", steps=200)
    assert len(answer.pictures) == PICTURES and answer.pictures[-1].caption == "step 200 of episode 0"
    pixels = cv2.imdecode(np.frombuffer(answer.pictures[0].png, np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape == (420, 320, 3)
    assert (72, 72, 200) in set(map(tuple, pixels.reshape(-1, 3).tolist()))  # the ball's red, blue first
    answer = ask("frame", "vizdoom/d1_basic", steps=8)
    assert cv2.imdecode(np.frombuffer(answer.pictures[0].png, np.uint8), cv2.IMREAD_UNCHANGED).shape == (480, 640, 3)


def test_a_task_without_frames_says_so_and_costs_nothing():
    answer = ask("frame", "mujoco/half_cheetah")
    assert "has no frames" in answer.text and answer.pictures == () and answer.data["env_steps"] == 0


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"kind": "ram", "mode": "native"}, "found obs=native: a policy that cannot see the RAM"),
        ({"kind": "ram", "name": "CartPole-v1"}, "found obs=state"),
        ({"kind": "colours"}, "kind is 'colours', expected one of actions, ram, values, rewards, frame"),
        ({"kind": "values", "steps": 0}, "steps is 0, expected a whole number from 1"),
        ({"kind": "ram", "steps": 1}, "steps is 1, expected at least 2"),
        ({"kind": "actions", "steps": 7}, "steps is 7, expected at least 8"),
    ],
)
def test_what_cannot_be_probed_is_refused_with_a_reason(settings, message):
    with pytest.raises(ConfigError, match=message):
        ask(**settings)
