"""A replay's pictures show the very game that was played, and looking changes nothing."""

import numpy as np
import pytest

from fastheur.engines import make_engine
from fastheur.errors import ConfigError
from fastheur.pool_shelf import _ready, _used
from fastheur.seeds import episode_seeds
from fastheur.tasks import find_environment, find_protocol, make_task


def build(name, mode=None, protocol=None, engine="auto", *, pictures=True, args=None, **changes):
    environment = find_environment(name, args)
    chosen = find_protocol(protocol, environment, **changes)
    return make_engine(engine, make_task(environment, mode, chosen), chosen, 1, pictures=pictures)


def play(engine, steps, *, look):
    """Play one episode with actions that a generator picks; return all that was seen, and the pictures."""
    chance, action = np.random.default_rng(5), engine.spec.action
    seen, pictures = [], []
    playing = engine.episodes(episode_seeds("train", 3, 1), 1)
    for count, batch in enumerate(playing):
        seen.append((batch.obs.tobytes(), float(batch.reward[0]), int(batch.lives[0]), bool(batch.terminated[0])))
        if look:
            pictures.append(engine.picture())
        if count == steps:
            playing.close()
            break
        if action.kind == "discrete":
            batch.actions[0] = chance.integers(action.n)
        elif action.kind == "buttons":
            batch.actions[0] = chance.integers(2, size=action.size)
        else:
            batch.actions[0] = chance.uniform(action.low, action.high)
    return seen, pictures


LOOKED_AT = [
    ("atari/breakout", "ram", "robust", 200, (210, 160, 3)),
    ("atari/ms_pacman", "native", "robust", 120, (210, 160, 3)),
    ("atari/pong", "native", "weng2026", 60, (210, 160, 3)),
    ("vizdoom/d1_basic", None, None, 20, (240, 320, 3)),
    ("CartPole-v1", None, None, 30, (400, 600, 3)),
]


@pytest.mark.parametrize(("name", "mode", "protocol", "steps", "shape"), LOOKED_AT)
def test_looking_changes_nothing(name, mode, protocol, steps, shape):
    blind, _ = play(build(name, mode, protocol, "envpool", pictures=False), steps, look=False)
    seen, pictures = play(build(name, mode, protocol), steps, look=True)
    assert seen == blind
    assert all(picture.shape == shape and picture.dtype == np.uint8 for picture in pictures)
    assert len({picture.tobytes() for picture in pictures}) > 5, "the pictures do not move"


@pytest.mark.parametrize("mode", ["native", "ram"])
def test_an_atari_picture_is_the_screen_pixel_for_pixel(mode):
    screens, _ = play(build("atari/space_invaders", "native", "robust", "envpool", pictures=False), 60, look=False)
    _, pictures = play(build("atari/space_invaders", mode, "robust"), 60, look=True)
    for (obs, *_), picture in zip(screens, pictures, strict=True):
        screen = np.frombuffer(obs, np.uint8).reshape(3, 210, 160)
        assert (picture == np.moveaxis(screen, 0, 2)).all()


def test_a_picture_has_the_pixel_grid_of_a_frame_of_another_size():
    args = {"img_height": 84, "img_width": 96}
    engine = build("atari/pong", "native", "weng2026", args=args)
    seen, pictures = play(engine, 20, look=True)
    assert engine.spec.obs_shape[-2:] == (84, 96)
    for (obs, *_), picture in zip(seen, pictures, strict=True):
        assert (np.moveaxis(np.frombuffer(obs, np.uint8).reshape(3, 84, 96), 0, 2) == picture).all()


def test_a_picture_stays_as_it_was():
    engine = build("CartPole-v1")
    _, pictures = play(engine, 10, look=True)
    _, again = play(engine, 10, look=True)
    assert all((a == b).all() for a, b in zip(pictures, again, strict=True))
    assert not np.shares_memory(pictures[0], pictures[1])


def test_a_task_that_nobody_can_draw_shows_its_observation():
    for name in ("FrozenLake-v1", "dmc/cartpole_swingup"):
        _, pictures = play(build(name), 5, look=True)
        assert pictures[0].shape == (360, 480, 3) and pictures[0].std() > 5


def test_pools_with_pictures_stay_off_the_shelf():
    _used.clear()
    play(build("CartPole-v1"), 3, look=True)
    assert not _used and not any("CartPole" in str(key) for key in _ready)


def test_there_are_no_pictures_without_asking_nor_with_several_slots_nor_outside_an_episode():
    with pytest.raises(ConfigError, match="pictures=True"):
        build("CartPole-v1", pictures=False).picture()
    engine = build("CartPole-v1")
    with pytest.raises(ConfigError, match="no picture yet"):
        engine.picture()
    playing = engine.episodes(episode_seeds("train", 0, 2), 2)
    next(playing)
    with pytest.raises(ConfigError, match="2 slots"):
        engine.picture()
    playing.close()


def test_the_engine_without_pictures_is_not_taken_for_one_that_has_them():
    with pytest.raises(ConfigError, match="no pictures"):
        build("atari/pong", "ram", engine="ale")
    assert build("atari/pong", "ram").name == "envpool"
    assert build("atari/pong", "ram", pictures=False).name == "ale"


SPEEDS = [
    ("atari/pong", {}, 60.0),
    ("atari/pong", {"frame_skip": 4}, 15.0),
    ("vizdoom/d1_basic", {}, 35.0),
    ("vizdoom/d3_battle", {}, 17.5),
    ("mujoco/ant", {}, 20.0),
    ("mujoco/hopper", {}, 125.0),
    ("mujoco/walker2d", {}, 125.0),
    ("mujoco/reacher", {}, 50.0),
    ("mujoco/humanoid", {}, 1 / 0.015),
    ("dmc/cartpole_swingup", {}, 100.0),
    ("CartPole-v1", {}, 50.0),
    ("FrozenLake-v1", {}, 4.0),
    ("Highway-v0", {}, 30.0),
]


@pytest.mark.parametrize(("name", "args", "expected"), SPEEDS)
def test_every_task_has_its_true_time(name, args, expected):
    assert build(name, args=args, pictures=False).frames_per_s == pytest.approx(expected)
