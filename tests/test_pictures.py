"""A replay's pictures show the very game that was played, and looking changes nothing."""

import subprocess
import sys

import mujoco
import numpy as np
import pytest

from fastheur.engines import make_engine
from fastheur.errors import ConfigError
from fastheur.plain_picture import plain_picture
from fastheur.pool_shelf import _ready, _used
from fastheur.robot_drawing import HEIGHT, WIDTH, Drawing, Solid, View
from fastheur.robot_poses import ROBOTS
from fastheur.robot_scene import RobotScene
from fastheur.seeds import episode_seeds
from fastheur.tasks import environments, find_environment, find_protocol, make_task


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
    ("mujoco/half_cheetah", None, None, 30, (360, 480, 3)),
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
    for lanes in (1, 2):
        playing = engine.episodes(episode_seeds("train", 0, 2), 2, lanes=lanes)
        next(playing)
        with pytest.raises(ConfigError, match="2 slots"):
            engine.picture()
        playing.close()


def test_one_slot_can_be_looked_at_through_many_episodes():
    engine, sizes = build("CartPole-v1"), []
    for batch in engine.episodes(episode_seeds("train", 0, 3), 1):
        sizes.append(engine.picture().shape)
        batch.actions[:] = 0
    assert len(sizes) == engine.env_steps + 3 and set(sizes) == {(400, 600, 3)}


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


SPEEDS_AT = {"Reacher-v5": slice(6, 8), "Pusher-v5": slice(7, 14), "InvertedDoublePendulum-v5": slice(5, 8)}
"""Where an observation has the joints' speeds, as far as it has them, where that is not right behind their positions."""

ROBOT_TASKS = [name for name in environments() if name.startswith("mujoco/")]


@pytest.mark.parametrize("name", ROBOT_TASKS)
def test_a_robot_is_drawn_in_its_very_pose(name):
    """From the pose that was drawn, MuJoCo itself gets to the pose that is drawn next."""
    engine, chance = build(name), np.random.default_rng(1)
    assert isinstance(engine.camera, RobotScene)
    model, robot = engine.camera.model, engine.camera.robot
    behind = slice(model.nq - robot.hidden, model.nq - robot.hidden + model.nv)
    data, playing = mujoco.MjData(model), engine.episodes(episode_seeds("train", 1, 1), 1)
    for step, batch in enumerate(playing):
        engine.picture()
        drawn = engine.camera.data.qpos.copy()
        if step > 0:
            assert drawn[robot.hidden :] == pytest.approx(data.qpos[robot.hidden :], abs=1e-6)
        if step > 1 and "humanoid" not in name:  # where one says where its centre of mass is, and the other nothing
            assert drawn[: robot.hidden] == pytest.approx(data.qpos[: robot.hidden], abs=1e-4)
        if step == 3:
            break
        speeds = batch.obs[0][SPEEDS_AT.get(engine.task.env_id, behind)]
        mujoco.mj_resetData(model, data)
        data.qpos[:], data.qvel[: len(speeds)] = drawn, speeds
        data.ctrl[:] = batch.actions[0] = chance.uniform(engine.spec.action.low, engine.spec.action.high)
        mujoco.mj_step(model, data, nstep=round(1.0 / (model.opt.timestep * engine.frames_per_s)))
    playing.close()


@pytest.mark.parametrize("args", [{"frame_stack": 3}, {"exclude_current_positions_from_observation": False}])
def test_a_pose_does_not_depend_on_how_the_observation_is_laid_out(args):
    poses = []
    for engine in (build("mujoco/hopper"), build("mujoco/hopper", args=args)):
        play(engine, 8, look=True)
        poses.append(engine.camera.data.qpos.copy())
    assert poses[0] == pytest.approx(poses[1], abs=1e-12)


@pytest.mark.parametrize("name", ROBOT_TASKS)
def test_nothing_of_a_robot_is_left_out(name):
    engine = build(name)
    play(engine, 0, look=True)
    model = engine.camera.model
    solids = [kind for kind in model.geom_type if kind != mujoco.mjtGeom.mjGEOM_PLANE]
    assert len(engine.camera.solids) == len(solids)


def test_every_robot_of_the_task_table_can_be_drawn():
    assert {find_environment(name).env_id.removesuffix("-v5") for name in ROBOT_TASKS} == set(ROBOTS)


SIDE = View((0.0, 0.0, 0.0), 5.0, -90.0, 0.0, 0.5)
RED, BLUE = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
UP = np.array([0.0, 0.0, 1.0])


def covered(image, colour):
    """Rows and columns of the pixels in which one of the colours is far stronger than the others."""
    others = np.delete(image.astype(int), colour, axis=2)
    return np.nonzero(image[..., colour].astype(int) > 2 * others.max(axis=2) + 20)


def test_a_ball_is_as_large_as_geometry_says_and_where_it_says():
    image = Drawing(SIDE, None).draw((0.0, 0.0), [Solid(np.array([1.0, 0.0, 0.5]), UP, 0.4, 0.0, RED)])
    rows, columns = covered(image, 0)
    per_metre = 0.5 * HEIGHT / np.tan(np.radians(22.5)) / 5.0
    assert columns.mean() == pytest.approx(0.5 * WIDTH + per_metre, abs=2.0)
    assert rows.mean() == pytest.approx(0.5 * HEIGHT - 0.5 * per_metre, abs=2.0)
    assert np.ptp(rows) == pytest.approx(2 * 0.4 * per_metre, rel=0.05)


@pytest.mark.parametrize("order", [1, -1])
def test_what_is_nearer_hides_what_is_behind_it_in_any_order(order):
    far = Solid(np.array([0.0, 1.0, 0.0]), UP, 0.3, 0.5, RED)
    near = Solid(np.array([0.0, -1.0, 0.0]), np.array([1.0, 0.0, 0.0]), 0.1, 0.5, BLUE)
    image = Drawing(SIDE, None).draw((0.0, 0.0), [far, near][::order])
    assert image[HEIGHT // 2, WIDTH // 2, 2] > 2 * image[HEIGHT // 2, WIDTH // 2, 0]
    assert len(covered(image, 0)[0]) > 500


def test_a_solid_is_looked_for_in_all_the_pixels_that_it_covers(monkeypatch):
    chance = np.random.default_rng(2)
    solids = []
    for _ in range(40):
        axis = chance.normal(size=3)
        centre, half = chance.uniform((-2.5, -2.5, -2.0), (2.5, 2.5, 2.0)), chance.choice([0.0, 0.4])
        axis /= np.linalg.norm(axis)
        solids.append(
            Solid(centre, axis, chance.uniform(0.02, 0.5), half, chance.uniform(size=3), half > chance.uniform())
        )
    drawing = Drawing(SIDE, None)
    quick = [drawing.draw((0.0, 0.0), [solid]) for solid in solids]
    monkeypatch.setattr(Drawing, "_pixels", lambda *_: np.arange(HEIGHT * WIDTH))
    for solid, image in zip(solids, quick, strict=True):
        slow = drawing.draw((0.0, 0.0), [solid]).astype(int)
        unlike = np.abs(slow - image).max(axis=2) > 8
        assert unlike.sum() <= 9, (
            solid
        )  # one pixel at the very edge, which rounding decides, and its softened neighbours


def test_a_cylinder_has_flat_ends_and_a_capsule_round_ones():
    heights = []
    for flat in (True, False):
        image = Drawing(SIDE, None).draw((0.0, 0.0), [Solid(np.zeros(3), UP, 0.3, 0.5, RED, flat)])
        heights.append(np.ptp(covered(image, 0)[0]))
    focus = 0.5 * HEIGHT / np.tan(np.radians(22.5))
    assert heights[0] == pytest.approx(1.0 * focus / 4.7, abs=3.0)  # its near rim
    assert heights[1] == pytest.approx(1.6 * focus / 5.0, abs=3.0)


def test_the_floor_moves_under_an_eye_that_goes_along_and_comes_back_after_two_tiles():
    drawing = Drawing(View((0.0, 0.0, 0.5), 4.0, -90.0, 20.0, 0.5), 0.0)
    still, moved, again = (drawing.draw((x, 0.0), []) for x in (0.0, 0.3, 1.0))
    assert (still != moved).any()
    assert np.abs(still.astype(int) - again).max() <= 2


def test_a_solid_throws_a_shadow_on_the_floor():
    drawing = Drawing(View((0.0, 0.0, 0.5), 4.0, -90.0, 20.0, 0.5), 0.0)
    bare = drawing.draw((0.0, 0.0), []).astype(int)
    low = drawing.draw((0.0, 0.0), [Solid(np.array([0.0, 0.0, 0.6]), UP, 0.2, 0.0, RED)]).astype(int)
    ball = np.zeros((HEIGHT, WIDTH), bool)
    ball[covered(low, 0)] = True
    darker = ((bare - low).min(axis=2) > 25) & ~ball
    assert darker.sum() > 200


def test_a_plain_picture_shows_signs_and_sizes_and_says_what_it_leaves_out():
    image = plain_picture(np.array([3.0, -3.0, np.nan, 0.0]), "Task-v1", "label")
    up, down = (image == (86, 180, 233)).all(axis=2), (image == (230, 159, 0)).all(axis=2)
    assert np.nonzero(up)[0].mean() < 180 < np.nonzero(down)[0].mean()
    assert (plain_picture(np.zeros(500), "T", "l") != plain_picture(np.zeros(120), "T", "l")).any()


def test_mujoco_is_loaded_by_who_looks_at_a_robot_only():
    code = """
import sys, fastheur
from fastheur.engines import make_engine
from fastheur.tasks import *
where = find_environment("mujoco/ant"); chosen = find_protocol(None, where)
make_engine("auto", make_task(where, None, chosen), chosen, 1).frames_per_s
assert "mujoco" not in sys.modules, "mujoco was imported"
"""
    subprocess.run([sys.executable, "-c", code], check=True)
