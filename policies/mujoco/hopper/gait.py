"""Hopper: no clock and no wanted postures; torques are weighted sums of what is seen, weighted anew in the air."""

import math

from fastheur.policy import Param, clip, contact

TASK = "mujoco/hopper"
OBS = "state"
STATE = [
    ("down", "i8"),
    ("doubt", "i8"),
    ("seen", "f8", (11,)),
]  # seen: the observation, from the height and speed below
PARAMS = {
    "low": Param(0.00936, 0.0, 0.05),  # m; a sole below this height touches the ground
}
# The torque of a joint (-1 .. 1) is the sum of its column, each weight times what its row names.
# fmt: off
JOINTS = [(place, joint) for place in ("ground", "air") for joint in ("hip", "knee", "ankle")]
WEIGHTS = {
    #               bound  ground: hip,  knee,  ankle   air: hip,  knee, ankle
    "bias":         (  2.0, -0.222,   -1.3, -0.029, -0.981,   1.47,   1.29),  # torque
    "height":       ( 10.0,   4.16,   -5.4,   3.44,   1.94,  -2.94,   3.85),  # per m above 1.25
    "pitch":        ( 10.0,  -6.38,  0.695,  -7.31,  -3.43,  -2.65,  -2.97),  # per rad, forward is positive
    "hip":          (  5.0, -0.472,  -1.37,   4.33,  -1.95,  0.319, -0.995),  # per rad
    "knee":         (  5.0,  0.331,  -2.41,   1.71,  0.363,  -3.41,   3.11),  # per rad
    "ankle":        (  5.0,  0.682,   3.34,   1.72,   1.38,   4.57,  -4.11),  # per rad
    "speed":        (  1.0, -0.117, -0.271,  -0.83,  0.678, -0.237, -0.778),  # per m/s above 2.5
    "rise":         (  1.0, -0.363, -0.599, -0.365, -0.084,  0.553, -0.103),  # per m/s upwards
    "turn":         (  1.0, -0.664,  0.094,   0.35, -0.447, -0.198, -0.199),  # per rad/s of pitch
    "hip_speed":    (  0.5,  0.076, -0.017, -0.062, -0.267,  0.312, -0.192),  # per rad/s
    "knee_speed":   (  0.5,  0.101, -0.131, -0.003, -0.289, -0.045,  0.068),  # per rad/s
    "ankle_speed":  (  0.5, -0.113,  0.062, -0.225,  0.075, -0.079, -0.232),  # per rad/s
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


def torque(bias, height, pitch, hip, knee, ankle, speed, rise, turn, hip_speed, knee_speed, ankle_speed, seen):
    """Return the sum of a table's column, each weight times what is seen."""
    total = bias + height * seen[0] + pitch * seen[1] + hip * seen[2]
    total += knee * seen[3] + ankle * seen[4] + speed * seen[5] + rise * seen[6]
    total += turn * seen[7] + hip_speed * seen[8] + knee_speed * seen[9] + ankle_speed * seen[10]
    return clip(total, 1.0)


def act(obs, info, state, params, action):
    p, seen = params, state.seen
    for place in range(11):
        seen[place] = obs[place]
    seen[0] -= 1.25
    seen[5] -= 2.5
    touching = sole(obs[0], obs[1], obs[2], obs[3], obs[4]) < p.low
    state.down, state.doubt = contact(state.down, state.doubt, touching, 2)
    if state.down:
        action[0] = torque(
            p.ground_hip_bias, p.ground_hip_height, p.ground_hip_pitch, p.ground_hip_hip, p.ground_hip_knee,
            p.ground_hip_ankle, p.ground_hip_speed, p.ground_hip_rise, p.ground_hip_turn,
            p.ground_hip_hip_speed, p.ground_hip_knee_speed, p.ground_hip_ankle_speed, seen,
        )  # fmt: skip
        action[1] = torque(
            p.ground_knee_bias, p.ground_knee_height, p.ground_knee_pitch, p.ground_knee_hip, p.ground_knee_knee,
            p.ground_knee_ankle, p.ground_knee_speed, p.ground_knee_rise, p.ground_knee_turn,
            p.ground_knee_hip_speed, p.ground_knee_knee_speed, p.ground_knee_ankle_speed, seen,
        )  # fmt: skip
        action[2] = torque(
            p.ground_ankle_bias, p.ground_ankle_height, p.ground_ankle_pitch, p.ground_ankle_hip, p.ground_ankle_knee,
            p.ground_ankle_ankle, p.ground_ankle_speed, p.ground_ankle_rise, p.ground_ankle_turn,
            p.ground_ankle_hip_speed, p.ground_ankle_knee_speed, p.ground_ankle_ankle_speed, seen,
        )  # fmt: skip
    else:
        action[0] = torque(
            p.air_hip_bias, p.air_hip_height, p.air_hip_pitch, p.air_hip_hip, p.air_hip_knee,
            p.air_hip_ankle, p.air_hip_speed, p.air_hip_rise, p.air_hip_turn,
            p.air_hip_hip_speed, p.air_hip_knee_speed, p.air_hip_ankle_speed, seen,
        )  # fmt: skip
        action[1] = torque(
            p.air_knee_bias, p.air_knee_height, p.air_knee_pitch, p.air_knee_hip, p.air_knee_knee,
            p.air_knee_ankle, p.air_knee_speed, p.air_knee_rise, p.air_knee_turn,
            p.air_knee_hip_speed, p.air_knee_knee_speed, p.air_knee_ankle_speed, seen,
        )  # fmt: skip
        action[2] = torque(
            p.air_ankle_bias, p.air_ankle_height, p.air_ankle_pitch, p.air_ankle_hip, p.air_ankle_knee,
            p.air_ankle_ankle, p.air_ankle_speed, p.air_ankle_rise, p.air_ankle_turn,
            p.air_ankle_hip_speed, p.air_ankle_knee_speed, p.air_ankle_ankle_speed, seen,
        )  # fmt: skip
