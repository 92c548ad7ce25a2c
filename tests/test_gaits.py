"""The gait kit: exact values, the same numbers compiled and plain, and callable from a policy's own compiled functions."""

import inspect
import math

import numba
import numpy as np
import pytest

from fastheur import evaluate, gaits, policy
from fastheur.kernel import _Rows

HALF = math.pi / 2
EXACT = {
    "clip": [((3.0, 2.0), 2.0), ((-3.0, 2.0), -2.0), ((0.5, 2.0), 0.5)],
    "wrap": [((0.0,), 0.0), ((2 * math.pi + 0.25,), 0.25), ((-HALF - 4 * math.pi,), -HALF), ((1.5 * math.pi,), -HALF)],
    "ramp": [((-1, 10), 0.0), ((0, 10), 0.0), ((5, 10), 0.5), ((2.5, 10.0), 0.15625), ((10, 10), 1.0), ((99, 10), 1.0)],
    "next_phase": [
        ((7.0, 0.5), 7.5),
        ((HALF, 0.5, 2.0, 0.1, 9.0), HALF + 0.7),
        ((math.pi, 0.5, 2.0, 9.0, 0.1), math.pi + 0.3),
        ((HALF, 0.5, 1e9, 1.0, 0.0), HALF + 1.5),
        ((HALF, 0.5, -1e9, 1.0, 0.0, 0.2), HALF + 0.3),
    ],
    "pull_phase": [
        ((1.0, 2.0, 0.25), 1.25),
        ((6.0, 2 * math.pi, 1.0), 2 * math.pi),
        ((0.1, -0.1 + 8 * math.pi, 0.5), 0.0),
    ],
    "wave": [
        ((HALF, 2.0, 5.0), 2.0),
        ((math.pi, 2.0, 5.0), -5.0),
        ((math.pi, 0.0, 1.0, 9.0, 3.0), 2.0),
        ((HALF, 0.0, 0.0, 0.0, 0.0, 4.0, 9.0), -4.0),
    ],
    "servo": [
        ((1.0, 0.5, 2.0, 1.0, 0.125), 0.25),
        ((9.0, 0.0, 0.0, 1.0, 0.0), 1.0),
        ((9.0, 0.0, 0.0, -1.0, 0.0, 0.4), -0.4),
    ],
    "quaternion_yaw": [((1.0, 0.0, 0.0, 0.0), 0.0), ((math.cos(0.6), 0.0, 0.0, math.sin(0.6)), 1.2)],
    "quaternion_tilt": [
        ((1.0, 0.0, 0.0, 0.0), (0.0, 0.0)),
        ((math.cos(0.1), 0.0, -math.sin(0.1), 0.0), (math.sin(0.2), 0.0)),
        ((math.cos(0.1), math.sin(0.1), 0.0, 0.0), (0.0, math.sin(0.2))),
    ],
    "in_heading": [((3.0, 4.0, 0.0), (3.0, 4.0)), ((3.0, 4.0, HALF), (4.0, -3.0))],
    "contact": [
        ((0, 0, True, 2), (0, 1)),
        ((0, 1, True, 2), (1, 0)),
        ((0, 1, False, 2), (0, 0)),
        ((1, 0, False, 1), (0, 0)),
        ((1, 1, True, 3), (1, 0)),
        ((1, 2, False, 3), (0, 0)),
    ],
    "foot_place": [((2.0, 2.0, 0.3, 0.1), 0.3), ((3.0, 2.0, 0.0, 0.1), 0.1), ((1.0, 2.0, 0.4, 0.5), -0.3)],
}
ROWS = [(name, *row) for name, rows in EXACT.items() for row in rows]


@pytest.mark.parametrize(("name", "arguments", "expected"), ROWS)
def test_what_each_helper_returns(name, arguments, expected):
    assert getattr(policy, name)(*arguments) == pytest.approx(expected, abs=1e-12)


def test_every_helper_is_tested_and_may_be_imported_by_policies():
    assert sorted([*EXACT, "weighted"]) == sorted(gaits.__all__)
    assert set(gaits.__all__) <= set(policy.__all__)


@pytest.mark.parametrize("name", sorted(EXACT))
def test_compiled_helpers_return_the_numbers_of_the_plain_ones(name):
    plain = getattr(policy, name)
    most = len(inspect.signature(plain).parameters)
    random = np.random.default_rng(0)
    for count in sorted({len(arguments) for arguments, _ in EXACT[name]} | {most}):
        compiled = numba.njit(eval(f"lambda v: f({', '.join(f'v[{i}]' for i in range(count))})", {"f": plain}))
        rows = random.integers(0, 4, (40, count)) if name == "contact" else random.normal(0.5, 2, (40, count))
        if name == "contact":
            rows = [(int(down > 1), doubt, bool(touching > 1), hold) for down, doubt, touching, hold in rows.tolist()]
            compiled = numba.njit(lambda v, f=plain: f(v[0], v[1], v[2], v[3]))
        for row in rows:
            np.testing.assert_allclose(compiled(row), plain(*row), rtol=1e-14, atol=1e-14)


def test_a_column_of_parameters_weighs_what_is_seen():
    params = policy.params_dtype({f"air_{name}": policy.Param(0.0) for name in ("hip_a", "hip_b", "knee_a")})
    records = np.array([(2.0, 3.0, 5.0)], params)

    def sums(params, seen):
        return policy.weighted(params[0], "air_hip", seen)

    for function, rows in ((numba.njit(sums), records), (sums, _Rows(records))):
        assert function(rows, np.array([10.0, 100.0])) == 320.0
        with pytest.raises(ValueError, match="2 parameters start with air_hip_"):
            function(rows, np.array([10.0, 100.0, 1000.0]))


def test_servo_drives_a_joint_to_its_angle():
    angle, speed = 0.0, 0.0
    for _ in range(400):
        speed += 0.02 * policy.servo(0.7, angle, speed, 4.0, 3.0)
        angle += 0.02 * speed
    assert angle == pytest.approx(0.7, abs=1e-3)


def test_feedback_locks_the_oscillator_to_a_slower_body():
    phase = 0.0
    for step in range(2000):
        phase = policy.next_phase(phase, 0.52, math.sin(0.5 * step), 0.0, 0.1)
    assert phase / 2000 == pytest.approx(0.5, abs=1e-3)


SOURCE = '''"""A trot for the test: every helper of the kit, from act and from a function with its own njit."""

import numba
from fastheur import policy as kit
from fastheur.policy import {names}

TASK = "mujoco/ant"
OBS = "state"
STATE = [("phase", "f8"), ("down", "i8"), ("doubt", "i8"), ("landings", "i8"), ("seen", "f8", (2,))]
PARAMS = {{"knee_bias": Param(0.1), "knee_lean": Param(-0.2)}}


@numba.njit
def drive(phase, angle, speed, elapsed):
    return servo(0.7 + ramp(elapsed, 20) * wave(phase, 0.3, 0.2), angle, speed, 0.8, 0.1)


def act(obs, info, state, params, action):
    yaw = quaternion_yaw(obs[1], obs[2], obs[3], obs[4])
    nose_up, left_up = quaternion_tilt(obs[1], obs[2], obs[3], obs[4])
    forward, left = in_heading(obs[13], obs[14], yaw)
    was = state.down
    state.down, state.doubt = contact(state.down, state.doubt, obs[0] < 0.6, 2)
    if state.down > was:
        state.landings += 1
        state.phase = pull_phase(state.phase, 0.5 * state.landings, 0.5)
    state.phase = next_phase(state.phase, 0.6, obs[16], -0.1, 0.05)
    lean = clip(nose_up + left_up + wrap(yaw) + foot_place(forward, 1.0, 0.3, 0.1) + kit.clip(left, 0.1), 0.5)
    state.seen[0], state.seen[1] = 1.0, lean
    for leg in range(4):
        turned = state.phase + leg * 1.5
        action[2 * leg] = drive(turned, obs[5 + 2 * leg], obs[19 + 2 * leg], info.elapsed)
        action[2 * leg + 1] = weighted(params, "knee", state.seen) + servo(lean, obs[6 + 2 * leg], obs[20 + 2 * leg], 0.5, 0.1, 0.6)
'''


def test_a_policy_plays_the_same_compiled_and_in_debug_mode(tmp_path):
    file = tmp_path / "kit.py"
    file.write_text(SOURCE.format(names=", ".join(["Param", *sorted(gaits.__all__)])))
    compiled, plain = (evaluate(file, "mujoco/ant", episodes=1, max_steps=40, debug=debug) for debug in (False, True))
    assert compiled.episodes[0].action_hash == plain.episodes[0].action_hash
    assert compiled.mean == plain.mean != 0
