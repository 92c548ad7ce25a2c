"""Humanoid: walks with quick steps by PD servos; how the torso leans and drifts says where the feet go, and a table the rest."""

import math

from fastheur.policy import Param, weighted

TASK = "mujoco/humanoid"
OBS = "state"
STATE = [("phase", "f8"), ("want", "f8", (17,)), ("seen", "f8", (32,))]
PARAMS = {
    "freq": Param(0.2331, 0.03, 0.5),  # radians per step of 0.015 s
    "start": Param(1.056, -3.2, 3.2),  # rad: phase of the first step
    "lift": Param(0.6003, 0.0, 1.5),  # rad: hip bends in the swing
    "fold": Param(0.8535, 0.0, 2.0),  # rad: knee bends in the swing
    "fold_lag": Param(-0.1311, -1.5, 1.5),  # rad of phase by which the knee is ahead
    "stride": Param(-0.07117, -1.0, 1.0),  # rad: hip swings with the cosine
    "hip": Param(-0.1633, -1.0, 0.5),  # rad: middle of hips and knees
    "knee": Param(-0.318, -1.5, 0.0),
    "spread": Param(-0.01407, -0.5, 0.3),  # rad: hips apart
    "toe": Param(0.1281, -0.5, 0.5),  # rad: feet turned
    "place_speed": Param(-0.1853, -1.5, 1.5),  # rad of the swinging hip per m/s forwards
    "place_lean": Param(-0.8095, -2.0, 2.0),  # per unit of lean forwards
    "place_turn": Param(0.2098, -0.5, 0.5),  # per rad/s of pitch
    "stand_speed": Param(0.227, -1.0, 1.0),  # the same for the standing hip
    "stand_lean": Param(0.6111, -3.0, 3.0),
    "stand_turn": Param(0.1707, -0.5, 0.5),
    "knee_lean": Param(-0.2916, -2.0, 2.0),  # rad of the standing knee per unit of lean
    "knee_turn": Param(-0.2633, -0.5, 0.5),  # per rad/s
    "side_speed": Param(0.6154, -1.5, 1.5),  # rad of the swinging hip sideways per m/s to its side
    "side_lean": Param(0.7731, -2.0, 2.0),
    "side_turn": Param(0.003033, -0.5, 0.5),
    "hold_speed": Param(-0.6173, -1.5, 1.5),  # the same for the standing hip
    "hold_lean": Param(-0.3529, -3.0, 3.0),
    "hold_turn": Param(-0.02631, -0.5, 0.5),
    "belly_lean": Param(0.4892, -3.0, 3.0),  # rad of the torso's forward bend per unit of lean
    "belly_turn": Param(0.09131, -0.5, 0.5),  # per rad/s
    "belly": Param(0.2094, -0.5, 0.5),  # rad
    "waist_lean": Param(-0.2344, -3.0, 3.0),  # rad of its sideways bend per unit of lean to the left
    "waist_turn": Param(0.02858, -0.5, 0.5),  # per rad/s
    "heading": Param(0.008521, -1.0, 1.0),  # rad of waist and hips per rad off the x axis
    "speed": Param(0.3788, -0.5, 2.0),  # m/s: the drift forwards it aims at
    # arms: both hang at an angle and swing with the steps
    "arm": Param(-0.698, -1.0, 1.0),
    "arm_swing": Param(0.1573, -1.0, 1.0),
    "elbow": Param(-0.4544, -1.5, 0.8),
    # motors: torque (-0.4 .. 0.4) per rad and per rad/s; hips forwards and knees, hips sideways and turned, torso
    "kp_leg": Param(0.5032, 0.2, 5.0),
    "kd_leg": Param(0.01179, 0.0, 0.5),
    "kp_side": Param(2.23, 0.2, 6.0),
    "kd_side": Param(0.1014, 0.0, 0.5),
    "kp_belly": Param(3.006, 0.2, 6.0),
    "kd_belly": Param(0.008473, 0.0, 0.5),
}


# What the legs' wanted angles get besides: a weighted sum of what is seen, with left and right exchanged for the left leg.
# fmt: off
ANSWERS = {
    #                    bound hip: side,    turn, forward, knee   rad
    "bias":             ( 0.30,  0.0156,  0.0268, -0.0167, -0.0118),  # rad
    "height":           ( 1.00, -0.0229, -0.0968, -0.0670, -0.0618),  # per m above 1.3
    "lean":             ( 1.00,  0.0275, -0.1295,  0.0047, -0.0703),  # per unit of lean forwards
    "roll":             ( 1.00, -0.0583,  0.0119, -0.0746,  0.0833),  # to its own side
    "yaw":              ( 0.50,  0.0257, -0.0219, -0.0436,  0.0407),  # per rad of heading
    "pitching":         ( 0.15, -0.0044, -0.0054, -0.0108,  0.0067),  # per rad/s forwards
    "rolling":          ( 0.15, -0.0096,  0.0036, -0.0050, -0.0098),  # to its own side
    "turning":          ( 0.15, -0.0171, -0.0059,  0.0002,  0.0116),  # to its own side
    "ahead":            ( 0.50,  0.0120, -0.0181, -0.0075, -0.0713),  # per m/s
    "aside":            ( 0.50, -0.0124,  0.0319, -0.0829, -0.0256),  # per m/s to its own side
    "rise":             ( 0.50, -0.0169,  0.0187, -0.0051, -0.0338),  # per m/s upwards
    "own_side":         ( 0.50, -0.0029, -0.0235,  0.0071,  0.0196),  # per rad
    "own_turn":         ( 0.50,  0.0444, -0.0433,  0.0521,  0.0306),  # per rad
    "own_hip":          ( 0.50,  0.0092,  0.0210, -0.0343,  0.0234),  # per rad
    "own_knee":         ( 0.50,  0.0444,  0.0531,  0.0145,  0.0541),  # per rad
    "own_side_speed":   ( 0.05, -0.0072, -0.0028,  0.0014,  0.0002),  # per rad/s
    "own_turn_speed":   ( 0.05, -0.0054,  0.0045,  0.0077, -0.0032),  # per rad/s
    "own_hip_speed":    ( 0.05,  0.0056,  0.0001, -0.0039,  0.0051),  # per rad/s
    "own_knee_speed":   ( 0.05,  0.0050,  0.0027,  0.0050,  0.0040),  # per rad/s
    "other_side":       ( 0.50,  0.0538, -0.0288, -0.0122,  0.0091),  # per rad
    "other_turn":       ( 0.50, -0.0178, -0.0226, -0.0175, -0.0574),  # per rad
    "other_hip":        ( 0.50,  0.0570,  0.0179,  0.0310,  0.0197),  # per rad
    "other_knee":       ( 0.50, -0.0296, -0.0023,  0.0188,  0.0064),  # per rad
    "other_side_speed": ( 0.05, -0.0009, -0.0027,  0.0012, -0.0008),  # per rad/s
    "other_turn_speed": ( 0.05, -0.0054, -0.0020,  0.0010,  0.0017),  # per rad/s
    "other_hip_speed":  ( 0.05, -0.0025,  0.0022,  0.0027, -0.0013),  # per rad/s
    "other_knee_speed": ( 0.05,  0.0010,  0.0002,  0.0071, -0.0002),  # per rad/s
    "waist_turn":       ( 0.50, -0.0536, -0.0542, -0.0134, -0.0515),  # per rad
    "belly":            ( 0.50,  0.0106, -0.0060,  0.0165, -0.0078),  # per rad
    "waist":            ( 0.50, -0.0365,  0.0236, -0.0186, -0.0284),  # per rad
    "sin":              ( 0.50,  0.0836, -0.0195, -0.0942,  0.0203),  # of the phase
    "cos":              ( 0.50, -0.0137,  0.0214,  0.0356,  0.0276),  # of the phase
}
# fmt: on
for _column, _joint in enumerate(("side", "turn", "hip", "knee")):
    for _name, (_bound, *_values) in ANSWERS.items():
        PARAMS[f"{_joint}_to_{_name}"] = Param(_values[_column], -_bound, _bound)


def act(obs, info, state, params, action):
    p = params
    if info.elapsed == 0:
        state.phase = p.start
    else:
        state.phase += p.freq
    w, x, y, z = obs[1], obs[2], obs[3], obs[4]
    yaw = math.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))
    cos, sin = math.cos(yaw), math.sin(yaw)
    up_x, up_y = 2.0 * (x * z + w * y), 2.0 * (y * z - w * x)
    lean, roll = up_x * cos + up_y * sin, up_y * cos - up_x * sin  # forwards, to the left
    ahead, aside = obs[22] * cos + obs[23] * sin - p.speed, obs[23] * cos - obs[22] * sin
    tilt, tip = obs[25], obs[26]  # rad/s about the body's x and y
    want, seen = state.want, state.seen
    want[0] = -p.heading * yaw
    want[1] = p.belly + p.belly_lean * lean + p.belly_turn * tip
    want[2] = p.waist_lean * roll + p.waist_turn * tilt
    for leg in range(2):
        side = 1.0 if leg == 0 else -1.0
        s, c = side * math.sin(state.phase), side * math.cos(state.phase)
        swing = 1.0 if s > 0.0 else 0.0
        j = 3 + 4 * leg
        lift = max(0.0, s)
        want[j] = p.spread
        want[j + 1] = p.toe + p.heading * yaw * side
        want[j + 2] = p.hip - p.lift * lift + p.stride * c
        want[j + 3] = p.knee - p.fold * max(0.0, side * math.sin(state.phase + p.fold_lag))
        if swing > 0.0:
            want[j] += side * (p.side_speed * aside + p.side_lean * roll + p.side_turn * tilt)
            want[j + 2] += p.place_speed * ahead + p.place_lean * lean + p.place_turn * tip
        else:
            want[j] += side * (p.hold_speed * aside + p.hold_lean * roll + p.hold_turn * tilt)
            want[j + 2] += p.stand_speed * ahead + p.stand_lean * lean + p.stand_turn * tip
            want[j + 3] += p.knee_lean * lean + p.knee_turn * tip
        seen[0], seen[1], seen[2], seen[3], seen[4] = 1.0, obs[0] - 1.3, lean, side * roll, side * yaw
        seen[5], seen[6], seen[7] = tip, side * tilt, side * obs[27]
        seen[8], seen[9], seen[10] = ahead, side * aside, obs[24]
        for joint in range(4):
            own, other = j + joint, 10 - j + joint
            seen[11 + joint], seen[15 + joint] = obs[5 + own], obs[28 + own]
            seen[19 + joint], seen[23 + joint] = obs[5 + other], obs[28 + other]
        seen[27], seen[28], seen[29], seen[30], seen[31] = side * obs[5], obs[6], side * obs[7], s, c
        want[j] += weighted(p, "side_to", seen)
        want[j + 1] += weighted(p, "turn_to", seen)
        want[j + 2] += weighted(p, "hip_to", seen)
        want[j + 3] += weighted(p, "knee_to", seen)
        k = 11 + 3 * leg
        want[k] = side * (p.arm + p.arm_swing * c)
        want[k + 1] = -side * (p.arm + p.arm_swing * c)
        want[k + 2] = p.elbow
    for j in range(17):
        if j < 3:
            kp, kd = p.kp_belly, p.kd_belly
        elif j >= 11:
            kp, kd = 1.0, 0.05
        elif (j - 3) % 4 < 2:
            kp, kd = p.kp_side, p.kd_side
        else:
            kp, kd = p.kp_leg, p.kd_leg
        i = 1 - j if j < 2 else j  # the first two motors come in the other order
        action[i] = min(0.4, max(-0.4, kp * (want[j] - obs[5 + j]) - kd * obs[28 + j]))
