"""Hopper: no clock and no wanted postures; torques are weighted sums of what is seen, weighted anew in the air."""

import math

from fastheur.policy import Param, clip, contact

TASK = "mujoco/hopper"
OBS = "state"
STATE = [("down", "i8"), ("doubt", "i8")]
PARAMS = {
    "low": Param(0.01, 0.0, 0.05),  # m; a sole below this height touches the ground
}
# The torque of a joint (-1 .. 1) is the sum of its column, each weight times what its row names.
# fmt: off
JOINTS = [(place, joint) for place in ("ground", "air") for joint in ("hip", "knee", "ankle")]
WEIGHTS = {
    #               bound  ground: hip,  knee,  ankle   air: hip,  knee, ankle
    "bias":        (  2.0,  0.161, -0.342, -0.048, -0.704,   1.15,   0.39),  # torque
    "height":      ( 10.0,   -1.1,  -6.68,  0.847,  0.155,  -3.98,  -2.23),  # per m above 1.25
    "pitch":       ( 10.0,  -7.87, -0.971,  -2.77,  -2.09,  -4.18,  -4.45),  # per rad, forward is positive
    "hip":         (  5.0,  0.005,  0.468,   1.91,  -1.47, -0.265, -0.465),  # per rad
    "knee":        (  5.0,  0.768,  -1.29,  0.269, -0.291,  -2.14,   3.26),  # per rad
    "ankle":       (  5.0,  0.051, -0.132,  0.804,   1.18,   1.52,   -2.8),  # per rad
    "speed":       (  1.0, -0.008, -0.315, -0.652,  0.407, -0.649, -0.427),  # per m/s above 2.5
    "rise":        (  1.0, -0.172, -0.176,  0.029,  0.166,  0.654, -0.015),  # per m/s upwards
    "turn":        (  1.0, -0.742,  0.028,  0.043, -0.524,  0.016,  0.063),  # per rad/s of pitch
    "hip_speed":   (  0.5,  0.062,  0.013,  0.097, -0.173,  0.248, -0.061),  # per rad/s
    "knee_speed":  (  0.5,  0.204,  -0.14,  0.001, -0.137, -0.071,  0.061),  # per rad/s
    "ankle_speed": (  0.5,  0.076,   -0.1, -0.037,  0.078, -0.188,  -0.14),  # per rad/s
}
# fmt: on
for _name, (_bound, *_values) in WEIGHTS.items():
    for (_place, _joint), _value in zip(JOINTS, _values, strict=True):
        PARAMS[f"{_place}_{_joint}_{_name}"] = Param(_value, -_bound, _bound)


def sole(z, pitch, hip, knee, ankle):
    """Return the height of the foot's lowest point in m: segments of 0.2, 0.45 and 0.5 m, a foot of 0.06 m radius."""
    thigh = hip - pitch  # against the vertical, forward is positive
    shin = thigh + knee
    ankle_height = z - 0.2 * math.cos(pitch) - 0.45 * math.cos(thigh) - 0.5 * math.cos(shin)
    toes_up = math.sin(shin + ankle)
    return ankle_height + min(0.26 * toes_up, -0.13 * toes_up) - 0.06


def act(obs, info, state, params, action):
    p = params
    height, pitch, hip, knee, ankle = obs[0], obs[1], obs[2], obs[3], obs[4]
    high, fast, rise, turn = height - 1.25, obs[5] - 2.5, obs[6], obs[7]
    state.down, state.doubt = contact(state.down, state.doubt, sole(height, pitch, hip, knee, ankle) < p.low, 2)
    if state.down:
        torque = p.ground_hip_bias + p.ground_hip_height * high + p.ground_hip_pitch * pitch + p.ground_hip_hip * hip
        torque += (
            p.ground_hip_knee * knee + p.ground_hip_ankle * ankle + p.ground_hip_speed * fast + p.ground_hip_rise * rise
        )
        torque += (
            p.ground_hip_turn * turn
            + p.ground_hip_hip_speed * obs[8]
            + p.ground_hip_knee_speed * obs[9]
            + p.ground_hip_ankle_speed * obs[10]
        )
        action[0] = clip(torque, 1.0)
        torque = (
            p.ground_knee_bias + p.ground_knee_height * high + p.ground_knee_pitch * pitch + p.ground_knee_hip * hip
        )
        torque += (
            p.ground_knee_knee * knee
            + p.ground_knee_ankle * ankle
            + p.ground_knee_speed * fast
            + p.ground_knee_rise * rise
        )
        torque += (
            p.ground_knee_turn * turn
            + p.ground_knee_hip_speed * obs[8]
            + p.ground_knee_knee_speed * obs[9]
            + p.ground_knee_ankle_speed * obs[10]
        )
        action[1] = clip(torque, 1.0)
        torque = (
            p.ground_ankle_bias + p.ground_ankle_height * high + p.ground_ankle_pitch * pitch + p.ground_ankle_hip * hip
        )
        torque += (
            p.ground_ankle_knee * knee
            + p.ground_ankle_ankle * ankle
            + p.ground_ankle_speed * fast
            + p.ground_ankle_rise * rise
        )
        torque += (
            p.ground_ankle_turn * turn
            + p.ground_ankle_hip_speed * obs[8]
            + p.ground_ankle_knee_speed * obs[9]
            + p.ground_ankle_ankle_speed * obs[10]
        )
        action[2] = clip(torque, 1.0)
    else:
        torque = p.air_hip_bias + p.air_hip_height * high + p.air_hip_pitch * pitch + p.air_hip_hip * hip
        torque += p.air_hip_knee * knee + p.air_hip_ankle * ankle + p.air_hip_speed * fast + p.air_hip_rise * rise
        torque += (
            p.air_hip_turn * turn
            + p.air_hip_hip_speed * obs[8]
            + p.air_hip_knee_speed * obs[9]
            + p.air_hip_ankle_speed * obs[10]
        )
        action[0] = clip(torque, 1.0)
        torque = p.air_knee_bias + p.air_knee_height * high + p.air_knee_pitch * pitch + p.air_knee_hip * hip
        torque += p.air_knee_knee * knee + p.air_knee_ankle * ankle + p.air_knee_speed * fast + p.air_knee_rise * rise
        torque += (
            p.air_knee_turn * turn
            + p.air_knee_hip_speed * obs[8]
            + p.air_knee_knee_speed * obs[9]
            + p.air_knee_ankle_speed * obs[10]
        )
        action[1] = clip(torque, 1.0)
        torque = p.air_ankle_bias + p.air_ankle_height * high + p.air_ankle_pitch * pitch + p.air_ankle_hip * hip
        torque += (
            p.air_ankle_knee * knee + p.air_ankle_ankle * ankle + p.air_ankle_speed * fast + p.air_ankle_rise * rise
        )
        torque += (
            p.air_ankle_turn * turn
            + p.air_ankle_hip_speed * obs[8]
            + p.air_ankle_knee_speed * obs[9]
            + p.air_ankle_ankle_speed * obs[10]
        )
        action[2] = clip(torque, 1.0)
