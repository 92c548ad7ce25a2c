"""Humanoid: quick steps on the spot by PD servos; how the torso leans and drifts says where the swinging foot goes."""

import math

from fastheur.policy import Param

TASK = "mujoco/humanoid"
OBS = "state"
STATE = [("phase", "f8"), ("want", "f8", (17,))]
PARAMS = {
    "freq": Param(0.232, 0.03, 0.5),  # radians per step of 0.015 s
    "start": Param(1.407, -3.2, 3.2),  # rad: phase of the first step
    "lift": Param(0.5934, 0.0, 1.5),  # rad: hip bends in the swing
    "fold": Param(0.7233, 0.0, 2.0),  # rad: knee bends in the swing
    "fold_lag": Param(-0.08192, -1.5, 1.5),  # rad of phase by which the knee is ahead
    "stride": Param(-0.1246, -1.0, 1.0),  # rad: hip swings with the cosine
    "hip": Param(-0.1459, -1.0, 0.5),  # rad: middle of hips and knees
    "knee": Param(-0.2537, -1.5, 0.0),
    "spread": Param(-0.04488, -0.5, 0.3),  # rad: hips apart
    "toe": Param(0.05329, -0.5, 0.5),  # rad: feet turned
    "place_speed": Param(-0.419, -1.5, 1.5),  # rad of the swinging hip per m/s forwards
    "place_lean": Param(-0.8693, -2.0, 2.0),  # per unit of lean forwards
    "place_turn": Param(0.2067, -0.5, 0.5),  # per rad/s of pitch
    "stand_speed": Param(0.2592, -1.0, 1.0),  # the same for the standing hip
    "stand_lean": Param(0.1649, -3.0, 3.0),
    "stand_turn": Param(0.2192, -0.5, 0.5),
    "knee_lean": Param(-0.1357, -2.0, 2.0),  # rad of the standing knee per unit of lean
    "knee_turn": Param(-0.2565, -0.5, 0.5),  # per rad/s
    "side_speed": Param(0.5214, -1.5, 1.5),  # rad of the swinging hip sideways per m/s to its side
    "side_lean": Param(0.8931, -2.0, 2.0),
    "side_turn": Param(-0.01851, -0.5, 0.5),
    "hold_speed": Param(-0.5266, -1.5, 1.5),  # the same for the standing hip
    "hold_lean": Param(-0.3088, -3.0, 3.0),
    "hold_turn": Param(-0.05547, -0.5, 0.5),
    "belly_lean": Param(0.4861, -3.0, 3.0),  # rad of the torso's forward bend per unit of lean
    "belly_turn": Param(0.05291, -0.5, 0.5),  # per rad/s
    "belly": Param(0.1742, -0.5, 0.5),  # rad
    "waist_lean": Param(-0.1692, -3.0, 3.0),  # rad of its sideways bend per unit of lean to the left
    "waist_turn": Param(0.04932, -0.5, 0.5),  # per rad/s
    "heading": Param(0.1134, -1.0, 1.0),  # rad of waist and hips per rad off the x axis
    "speed": Param(0.3337, -0.5, 2.0),  # m/s: the drift forwards it aims at
    # arms: both hang at an angle and swing with the steps
    "arm": Param(-0.5423, -1.0, 1.0),
    "arm_swing": Param(0.1514, -1.0, 1.0),
    "elbow": Param(-0.4766, -1.5, 0.8),
    # motors: torque (-0.4 .. 0.4) per rad and per rad/s; hips forwards and knees, hips sideways and turned, torso
    "kp_leg": Param(0.4419, 0.2, 5.0),
    "kd_leg": Param(0.01781, 0.0, 0.5),
    "kp_side": Param(2.035, 0.2, 6.0),
    "kd_side": Param(0.1065, 0.0, 0.5),
    "kp_belly": Param(2.87, 0.2, 6.0),
    "kd_belly": Param(0.01671, 0.0, 0.5),
}


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
    want = state.want
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
