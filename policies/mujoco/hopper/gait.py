"""Hopper: one oscillator that every touch-down pulls into step, PD servos, and the foot placed by speed."""

import math

from fastheur.policy import Param, clip, contact, foot_place, next_phase, pull_phase, servo, wave

TASK = "mujoco/hopper"
OBS = "state"
STATE = [("phase", "f8"), ("down", "i8"), ("doubt", "i8")]
PARAMS = {
    # Oscillator: one turn (2 pi) is one hop.
    "freq": Param(0.0756, 0.04, 0.2),  # rad per step of 0.008 s
    "begin": Param(0.986, -3.2, 3.2),  # phase at the start
    "land": Param(1.621, -3.2, 3.2),  # phase that a touch-down stands for
    "pull": Param(0.645, 0.0, 1.0),  # how much of the difference a touch-down corrects
    "sync_sin": Param(-0.0095, -0.02, 0.02),  # rad per rad/s of pitch speed: the phase waits for the body
    "sync_cos": Param(0.0113, -0.02, 0.02),
    "low": Param(0.0182, 0.0, 0.05),  # m; a sole below this height touches the ground
    # Where the hip puts the foot, in rad of hip angle (about as many metres).
    "speed": Param(2.416, 0.5, 6.0),  # m/s, wanted
    "stance": Param(-0.031, -0.1, 0.4),  # s; half of it times the speed is the neutral point
}
# One row per joint. The wanted angle in rad: its middle, two harmonics, then answers to the torso, per rad of pitch (forward
# is positive), per rad/s of pitch speed and per m/s of speed above the wanted one (the hip's: how much further ahead the foot
# is put, in flight only), and a push-off while the foot is down.
# kp, kd: torque (-1 .. 1) per rad and per rad/s.
# fmt: off
COLUMNS = {
    "mid": 1.6, "sin": 1.2, "cos": 1.2, "sin2": 0.6, "cos2": 0.6, "kp": 5.0, "kd": 0.4,
    "pitch": 3.0, "turn": 0.6, "fast": 0.6, "stand": 0.8,
}  # bounds
JOINTS = {
    #             mid,    sin,    cos,   sin2,   cos2,     kp,     kd,  pitch,   turn,   fast,  stand
    "hip":   ( 0.145, -0.148,  0.345,  0.191, -0.263,  0.308,  0.258, -1.816,  -0.37, -0.126,   0.28),
    "knee":  (  -0.9,  0.156, -0.512, -0.411, -0.182,  3.517,  0.239, -2.449, -0.422, -0.092, -0.078),
    "ankle": ( 0.131,  0.083,  0.696, -0.014, -0.079,  2.824,  0.081, -1.642, -0.277,  -0.28, -0.051),
}
# fmt: on
for _joint, _row in JOINTS.items():
    for (_column, _bound), _value in zip(COLUMNS.items(), _row, strict=True):
        PARAMS[f"{_joint}_{_column}"] = Param(_value, 0.0 if _column in ("kp", "kd") else -_bound, _bound)


def sole(z, pitch, hip, knee, ankle):
    """Return the height of the foot's lowest point in m: segments of 0.2, 0.45 and 0.5 m, a foot of 0.06 m radius."""
    thigh = hip - pitch  # against the vertical, forward is positive
    shin = thigh + knee
    ankle_height = z - 0.2 * math.cos(pitch) - 0.45 * math.cos(thigh) - 0.5 * math.cos(shin)
    toes_up = math.sin(shin + ankle)
    return ankle_height + min(0.26 * toes_up, -0.13 * toes_up) - 0.06


def act(obs, info, state, params, action):
    p = params
    pitch = obs[1]
    speed, turn = obs[5], clip(obs[7], 5.0)
    if info.elapsed == 0:
        state.phase = p.begin
    else:
        state.phase = next_phase(state.phase, p.freq, turn, p.sync_sin, p.sync_cos)
    reach = foot_place(speed, p.speed, p.stance, p.hip_fast)
    fast = speed - p.speed

    was = state.down
    height = sole(obs[0], pitch, obs[2], obs[3], obs[4])
    state.down, state.doubt = contact(state.down, state.doubt, height < p.low, 2)
    if state.down > was:
        state.phase = pull_phase(state.phase, p.land, p.pull)

    wanted = p.hip_mid + wave(state.phase, p.hip_sin, p.hip_cos, p.hip_sin2, p.hip_cos2)
    wanted += p.hip_pitch * pitch + p.hip_turn * turn + (p.hip_stand if state.down else reach)
    action[0] = servo(wanted, obs[2], obs[8], p.hip_kp, p.hip_kd)

    wanted = p.knee_mid + wave(state.phase, p.knee_sin, p.knee_cos, p.knee_sin2, p.knee_cos2)
    wanted += p.knee_pitch * pitch + p.knee_turn * turn + p.knee_fast * fast + p.knee_stand * state.down
    action[1] = servo(wanted, obs[3], obs[9], p.knee_kp, p.knee_kd)

    wanted = p.ankle_mid + wave(state.phase, p.ankle_sin, p.ankle_cos, p.ankle_sin2, p.ankle_cos2)
    wanted += p.ankle_pitch * pitch + p.ankle_turn * turn + p.ankle_fast * fast + p.ankle_stand * state.down
    action[2] = servo(wanted, obs[4], obs[10], p.ankle_kp, p.ankle_kd)
