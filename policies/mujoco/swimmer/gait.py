"""Swimmer: a wave through two joints, by PD servos that also listen to the heading; a last stretch forwards."""

import math

from fastheur.policy import Param

TASK = "mujoco/swimmer"
OBS = "state"
STATE = [("phase", "f8")]
PARAMS = {
    "freq": Param(0.182, 0.05, 0.3),  # radians per step of 0.04 s
    "start": Param(0.879, -3.2, 3.2),  # rad: phase of the first step
    "sync_sin": Param(0.00478, -0.2, 0.2),  # rad per rad: the front joint's lag behind its wave moves the phase
    "sync_cos": Param(0.0191, -0.2, 0.2),
    "kp": Param(4.1, 0.0, 12.0),  # torque (-1 .. 1) per rad
    "kd": Param(0.738, -1.0, 1.5),  # per rad/s
    # What counts is a point fixed to the front link, 0.5 m behind it: folding at the end carries it forwards.
    "finish": Param(975.0, 940.0, 1000.0),  # step from which these wanted angles (rad) hold
    "end_front": Param(2.15, -3.0, 3.0),
    "end_back": Param(1.69, -3.0, 3.0),
}
# One row per joint. The wanted angle in rad: its middle, a swing with the phase and with three times the phase, and
# answers to the body: per rad of heading and per rad/s of its turning.
COLUMNS = {"mid": 0.3, "sin": 3.0, "cos": 3.0, "sin3": 1.0, "cos3": 1.0, "turn": 2.0, "spin": 0.5}  # bounds
JOINTS = {
    #         mid     sin     cos    sin3   cos3   turn    spin
    "front": (0.0121, 1.59, -0.0384, 0.417, 0.029, 0.824, -0.0543),
    "back": (-0.0029, 0.815, -1.0, -0.0717, 0.132, -0.365, -0.047),
}
for _joint, _row in JOINTS.items():
    for (_column, _bound), _value in zip(COLUMNS.items(), _row, strict=True):
        PARAMS[f"{_joint}_{_column}"] = Param(_value, -_bound, _bound)


def torque(wanted, angle, speed, kp, kd):
    return min(1.0, max(-1.0, kp * (wanted - angle) - kd * speed))


def act(obs, info, state, params, action):
    p = params
    heading = math.atan2(math.sin(obs[0]), math.cos(obs[0]))
    if info.elapsed == 0:
        state.phase = p.start
    else:
        late = obs[1] - p.front_sin * math.sin(state.phase)
        state.phase += p.freq + late * (p.sync_sin * math.sin(state.phase) + p.sync_cos * math.cos(state.phase))
    sin, cos = math.sin(state.phase), math.cos(state.phase)
    sin3, cos3 = math.sin(3.0 * state.phase), math.cos(3.0 * state.phase)
    front = p.front_mid + p.front_sin * sin + p.front_cos * cos + p.front_sin3 * sin3 + p.front_cos3 * cos3
    back = p.back_mid + p.back_sin * sin + p.back_cos * cos + p.back_sin3 * sin3 + p.back_cos3 * cos3
    front += p.front_turn * heading + p.front_spin * obs[5]
    back += p.back_turn * heading + p.back_spin * obs[5]
    if info.elapsed >= p.finish:
        front, back = p.end_front, p.end_back
    action[0] = torque(front, obs[1], obs[6], p.kp, p.kd)
    action[1] = torque(back, obs[2], obs[7], p.kp, p.kd)
