"""The task table is complete, protocols are what the design says, and wrong names get the nearest ones."""

import math

import pytest

from fastheur import tasks
from fastheur.engines import make_engine
from fastheur.envpool_tasks import task_ids
from fastheur.errors import ConfigError
from fastheur.tasks import find_environment, find_protocol, make_task

REFERENCE_PROTOCOL = {
    "stack_num": 1,
    "frame_skip": 1,
    "noop_max": 1,
    "use_fire_reset": True,
    "repeat_action_probability": 0.0,
    "full_action_space": False,
    "reward_clip": False,
    "episodic_life": False,
    "img_height": 210,
    "img_width": 160,
    "max_episode_steps": 27000,
}


def test_57_games_11_robots_and_two_shooters_are_listed_and_exist_in_envpool():
    table = tasks.environments()
    suites = [entry.suite for entry in table.values()]
    assert (suites.count("atari"), suites.count("mujoco"), suites.count("vizdoom")) == (57, 11, 2)
    assert {entry.env_id for entry in table.values()} <= set(task_ids())


def test_every_game_plays_ram_and_native_and_every_robot_state():
    for entry in tasks.environments().values():
        expected = {"atari": ("ram", "native"), "mujoco": ("state",), "vizdoom": ("screen",), "envpool": ("state",)}[
            entry.suite
        ]
        assert entry.modes == expected


@pytest.mark.parametrize("mode", ["ram", "native"])
def test_weng2026_is_the_reference_protocol(mode):
    environment = find_environment("atari/breakout")
    protocol = find_protocol("weng2026", environment)
    task = make_task(environment, mode, protocol)
    args = protocol.envpool_args(task)
    assert {key: args[key] for key in REFERENCE_PROTOCOL} == REFERENCE_PROTOCOL
    assert protocol.deterministic(task)


def test_robust_differs_from_weng2026_in_stickiness_and_noops_only():
    environment = find_environment("atari/pong")
    reference, robust = (find_protocol(name, environment) for name in ("weng2026", "robust"))
    changed = {key for key in reference.args if reference.args[key] != robust.args[key]}
    assert changed == {"noop_max", "repeat_action_probability"}
    assert (robust.args["noop_max"], robust.args["repeat_action_probability"]) == (30, 0.25)
    assert reference.modes == robust.modes
    assert not robust.deterministic(make_task(environment, "ram", robust))


def test_the_episode_cap_can_be_changed():
    environment = find_environment("atari/breakout")
    protocol = find_protocol("weng2026", environment, max_steps=108000)
    assert protocol.envpool_args(make_task(environment, "ram", protocol))["max_episode_steps"] == 108000


def test_one_changed_argument_leaves_the_others_and_shows_in_the_name():
    environment = find_environment("atari/pong")
    own, changed = find_protocol("weng2026", environment), find_protocol("weng2026", environment, args={"noop_max": 9})
    assert changed.args == {**own.args, "noop_max": 9} and changed.name == "weng2026 (noop_max=9)"
    sticky = find_environment("atari/pong", {"repeat_action_probability": 0.9})
    assert own.label(make_task(sticky, "ram", own)) == "weng2026 (repeat_action_probability=0.9)"
    assert own.label(make_task(environment, "ram", own)) == "weng2026"


@pytest.mark.parametrize("args, message", [({"num_envs": 3}, "set by fastheur"), ({"stack_num": 0}, "stack_num is 0")])
def test_arguments_that_would_crash_envpool_are_refused(args, message):
    environment = find_environment("atari/pong", args)
    protocol = find_protocol(None, environment)
    with pytest.raises(ConfigError, match=message):
        make_engine("auto", make_task(environment, None, protocol), protocol)


def test_the_default_protocol_leaves_the_tasks_own_arguments():
    shooter = find_environment("vizdoom/d3_battle")
    protocol = find_protocol(None, shooter)
    assert protocol.name == "default"
    assert protocol.envpool_args(make_task(shooter, None, protocol)) == dict(shooter.args)
    robot = find_environment("mujoco/ant")
    assert find_protocol(None, robot).envpool_args(make_task(robot, None, find_protocol(None, robot))) == {}


@pytest.mark.parametrize("game", ["Pong-v5", "VideoPinball-v5", "Skiing-v5"])
def test_normalisation_gives_0_for_random_and_1_for_human(game):
    row = tasks.atari_table()[game]
    assert tasks.human_normalised(game, float(row["random"])) == 0.0
    assert math.isclose(tasks.human_normalised(game, float(row["human"])), 1.0)


def test_video_pinball_uses_the_canonical_random_score():
    assert float(tasks.atari_table()["VideoPinball-v5"]["random"]) == 16256.9


def test_outside_atari_there_is_no_normalised_score():
    assert tasks.human_normalised("Ant-v5", 1.0) is None


def test_every_game_has_its_action_names():
    for env_id in tasks.atari_table():
        assert tasks.atari_actions(env_id)[0] == "NOOP"


@pytest.mark.parametrize(
    "found, offered", [("atari/brekout", "atari/breakout"), ("mujoco/halfcheetah", "mujoco/half_cheetah")]
)
def test_an_unknown_task_is_answered_with_the_nearest(found, offered):
    with pytest.raises(ConfigError, match=offered):
        find_environment(found)


def test_an_unknown_envpool_id_is_answered_with_the_nearest():
    environment = find_environment("CartPol-v1")
    protocol = find_protocol(None, environment)
    with pytest.raises(ConfigError, match="CartPole-v1"):
        make_engine("auto", make_task(environment, None, protocol), protocol)


def test_an_unknown_protocol_names_the_known_ones():
    with pytest.raises(ConfigError, match="default, robust, weng2026"):
        find_protocol("wang2026", find_environment("atari/pong"))


def test_a_mode_the_task_lacks_is_refused_with_those_it_has():
    environment = find_environment("mujoco/ant")
    with pytest.raises(ConfigError, match="no observation mode 'ram', expected state"):
        make_task(environment, "ram", find_protocol(None, environment))


def test_an_atari_protocol_is_refused_elsewhere():
    environment = find_environment("mujoco/ant")
    with pytest.raises(ConfigError, match="protocol=default"):
        make_task(environment, None, find_protocol("robust", environment))


def test_arguments_envpool_does_not_know_are_refused():
    environment = find_environment("CartPole-v1", {"gravity_of_the_moon": 1})
    protocol = find_protocol(None, environment)
    with pytest.raises(ConfigError, match="gravity_of_the_moon"):
        make_engine("auto", make_task(environment, None, protocol), protocol)


@pytest.mark.parametrize("cap", [0, -5, 2.5, "many", True])
def test_a_cap_that_is_no_positive_whole_number_is_refused(cap):
    with pytest.raises(ConfigError, match="max_steps"):
        find_protocol("weng2026", find_environment("atari/pong"), max_steps=cap)
