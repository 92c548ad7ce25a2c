"""Hopper: no clock and no wanted postures; torques are weighted sums of what is seen, weighted anew in the air."""

import math

from fastheur.policy import Param, clip, contact, weighted

TASK = "mujoco/hopper"
OBS = "state"
STATE = [("down", "i8"), ("doubt", "i8"), ("seen", "f8", (12,))]  # seen: 1 and the observation
PARAMS = {
    "low": Param(0.01388, 0.0, 0.05),  # m; a sole below this height touches the ground
}
# The torque of a joint (-1 .. 1) is the sum of its column, each weight times what its row names.
# fmt: off
JOINTS = [(place, joint) for place in ("ground", "air") for joint in ("hip", "knee", "ankle")]
WEIGHTS = {
    #               bound  ground: hip,  knee,  ankle   air: hip,  knee, ankle
    "bias":         (  2.0, -0.1861, -1.4065,  0.3100, -0.7905,  1.6635,  1.3142),  # torque
    "height":       ( 10.0,  5.5268, -5.7621,  2.6722,  2.0857, -1.3448,  6.7058),  # per m above 1.25
    "pitch":        ( 10.0, -8.8820,  0.9932, -6.3864, -4.1492, -3.2071, -3.8058),  # per rad, forward is positive
    "hip":          (  5.0, -0.8557, -1.2044,  4.4081, -1.8062, -0.2597, -1.2459),  # per rad
    "knee":         (  5.0,  0.9281, -3.0197,  2.2617,  1.2061, -2.4520,  2.2387),  # per rad
    "ankle":        (  5.0, -0.8737,  3.6351,  0.7903,  0.1667,  3.1595, -3.7982),  # per rad
    "speed":        (  1.0, -0.4773, -0.2764, -0.8326,  0.6546, -0.5862, -0.9512),  # per m/s above 2.5
    "rise":         (  1.0, -0.5569, -0.4630, -0.5374, -0.4726,  0.4806, -0.2761),  # per m/s upwards
    "turn":         (  1.0, -0.8576, -0.0136,  0.1766, -0.6049, -0.2861, -0.2278),  # per rad/s of pitch
    "hip_speed":    (  0.5,  0.2765, -0.1767, -0.0089, -0.0929,  0.3239, -0.1233),  # per rad/s
    "knee_speed":   (  0.5,  0.0146, -0.1459, -0.1245, -0.2327, -0.1465,  0.0554),  # per rad/s
    "ankle_speed":  (  0.5, -0.0613,  0.1839, -0.1192,  0.1312, -0.1194, -0.1396),  # per rad/s
}
# fmt: on
for _column, (_place, _joint) in enumerate(JOINTS):
    for _name, (_bound, *_values) in WEIGHTS.items():
        PARAMS[f"{_place}_{_joint}_{_name}"] = Param(_values[_column], -_bound, _bound)


def sole(z, pitch, hip, knee, ankle):
    """Return the height of the foot's lowest point in m: segments of 0.2, 0.45 and 0.5 m, a foot of 0.06 m radius."""
    thigh = hip - pitch  # against the vertical, forward is positive
    shin = thigh + knee
    ankle_height = z - 0.2 * math.cos(pitch) - 0.45 * math.cos(thigh) - 0.5 * math.cos(shin)
    toes_up = math.sin(shin + ankle)
    return ankle_height + min(0.26 * toes_up, -0.13 * toes_up) - 0.06


def act(obs, info, state, params, action):
    seen = state.seen
    seen[0] = 1.0
    for place in range(11):
        seen[1 + place] = obs[place]
    seen[1] -= 1.25  # height of the torso, m
    seen[6] -= 2.5  # forward speed, m/s
    touching = sole(obs[0], obs[1], obs[2], obs[3], obs[4]) < params.low
    state.down, state.doubt = contact(state.down, state.doubt, touching, 2)
    if state.down:
        action[0] = clip(weighted(params, "ground_hip", seen), 1.0)
        action[1] = clip(weighted(params, "ground_knee", seen), 1.0)
        action[2] = clip(weighted(params, "ground_ankle", seen), 1.0)
    else:
        action[0] = clip(weighted(params, "air_hip", seen), 1.0)
        action[1] = clip(weighted(params, "air_knee", seen), 1.0)
        action[2] = clip(weighted(params, "air_ankle", seen), 1.0)
