"""HalfCheetah: no clock and no wanted postures; torques are weighted sums of what is seen, weighted anew with the front foot down."""

import math

from fastheur.policy import Param, clip, weighted

TASK = "mujoco/half_cheetah"
OBS = "state"
STATE = [("seen", "f8", (18,))]
PARAMS = {
    "low": Param(0.002286, -0.1, 0.1),  # m; below this height the front foot carries
}
# The torque of a joint (-1 .. 1) is the sum of its column, each weight times what its row names.
# fmt: off
JOINTS = [(leg, joint) for leg in ("back", "front", "front_up") for joint in ("thigh", "shin", "foot")]
WEIGHTS = {
    #                     bound  back: thigh,  shin,    foot; front foot down:  shin,    foot; front foot up:  shin,    foot
    "bias":              ( 1.00,   0.660,  -0.730,   0.851,  -0.639,   0.929,  -0.529,  -0.952,   0.679,  -0.808),  # torque
    "height":            (10.00,  -6.371,  -2.871,  -3.647,  -4.621,   1.184,  -1.177,  -9.658,  -0.930,   6.304),  # per m above the start
    "pitch":             ( 2.00,   0.723,   1.515,  -1.353,   0.714,  -1.351,   1.368,   1.168,  -1.513,   1.884),  # per unit of its sine
    "back_thigh":        ( 2.00,  -1.386,   0.056,  -0.271,   0.408,   0.113,  -1.190,  -0.201,   1.271,  -1.788),  # per rad
    "back_shin":         ( 2.00,  -0.422,  -0.204,   1.831,  -0.934,  -0.932,  -1.588,  -1.007,  -1.046,  -0.980),  # per rad
    "back_foot":         ( 2.00,   1.602,  -0.801,  -0.222,  -0.249,   1.454,  -0.608,  -1.018,   1.106,  -0.917),  # per rad
    "front_thigh":       ( 2.00,   0.274,   0.066,   1.392,  -0.219,  -0.822,  -0.653,   0.740,  -1.447,  -1.392),  # per rad
    "front_shin":        ( 2.00,   1.097,   0.386,  -0.412,   0.982,  -0.718,   0.265,  -0.257,  -1.020,  -0.779),  # per rad
    "front_foot":        ( 2.00,  -1.852,   0.893,  -0.045,   0.054,   0.510,  -0.916,  -0.421,  -0.128,  -1.429),  # per rad
    "speed":             ( 0.30, -0.0411, -0.0457, -0.0590, -0.0034,  0.0688, -0.0606,  0.0175, -0.0089, -0.0614),  # per m/s above 6
    "rise":              ( 0.60, -0.3533,  0.5548,  0.2754, -0.1205, -0.5347, -0.1273, -0.4252, -0.1462, -0.4665),  # per m/s upwards
    "turn":              ( 0.40,  0.0622, -0.2965, -0.2039,  0.2430, -0.0122,  0.1879,  0.3436, -0.1561,  0.1860),  # per rad/s of pitch
    "back_thigh_speed":  ( 0.12, -0.1015, -0.1011, -0.0336, -0.0200, -0.0256, -0.0232,  0.0442, -0.0806, -0.0012),  # per rad/s
    "back_shin_speed":   ( 0.12,  0.0077,  0.0805, -0.0579,  0.0512,  0.0704, -0.0748,  0.0604,  0.0898, -0.0449),  # per rad/s
    "back_foot_speed":   ( 0.12,  0.0858, -0.0908,  0.0896, -0.0531, -0.0954, -0.0625, -0.0383, -0.0607, -0.0826),  # per rad/s
    "front_thigh_speed": ( 0.12, -0.0919,  0.0793, -0.0175, -0.0378, -0.0849,  0.0594, -0.0190, -0.0473,  0.0741),  # per rad/s
    "front_shin_speed":  ( 0.12,  0.0473,  0.0041, -0.0079, -0.0520, -0.0397, -0.0838, -0.0157, -0.0793, -0.0210),  # per rad/s
    "front_foot_speed":  ( 0.12,  0.0412,  0.0565, -0.0381, -0.0196,  0.1084, -0.0209,  0.0147,  0.0132, -0.0638),  # per rad/s
}
# fmt: on
for _column, (_leg, _joint) in enumerate(JOINTS):
    for _name, (_bound, *_values) in WEIGHTS.items():
        PARAMS[f"{_leg}_{_joint}_of_{_name}"] = Param(_values[_column], -_bound, _bound)


def front_foot(height, pitch, thigh, shin, foot):
    """Return how high the lowest point of the front foot is, in m; links and capsule as in the model's XML."""
    z = height + 0.7 - 0.5 * math.sin(pitch)
    angle = pitch + thigh
    z += 0.14 * math.sin(angle) - 0.24 * math.cos(angle)
    angle += shin
    z += -0.13 * math.sin(angle) - 0.18 * math.cos(angle)
    angle += foot
    z += -0.045 * math.sin(angle) - 0.07 * math.cos(angle)
    return z - abs(0.07 * math.cos(angle - 0.6)) - 0.046


def act(obs, info, state, params, action):
    seen = state.seen
    seen[0], seen[1], seen[2] = 1.0, clip(obs[0], 1.0), math.sin(obs[1])
    for joint in range(6):
        seen[3 + joint], seen[12 + joint] = obs[2 + joint], clip(obs[11 + joint], 25.0)
    seen[9], seen[10], seen[11] = clip(obs[8] - 6.0, 8.0), clip(obs[9], 4.0), clip(obs[10], 8.0)
    action[0] = clip(weighted(params, "back_thigh_of", seen), 1.0)
    action[1] = clip(weighted(params, "back_shin_of", seen), 1.0)
    action[2] = clip(weighted(params, "back_foot_of", seen), 1.0)
    if front_foot(obs[0], obs[1], obs[5], obs[6], obs[7]) < params.low:
        action[3] = clip(weighted(params, "front_thigh_of", seen), 1.0)
        action[4] = clip(weighted(params, "front_shin_of", seen), 1.0)
        action[5] = clip(weighted(params, "front_foot_of", seen), 1.0)
    else:
        action[3] = clip(weighted(params, "front_up_thigh_of", seen), 1.0)
        action[4] = clip(weighted(params, "front_up_shin_of", seen), 1.0)
        action[5] = clip(weighted(params, "front_up_foot_of", seen), 1.0)
