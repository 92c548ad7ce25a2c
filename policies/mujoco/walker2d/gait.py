"""Walker2d: one oscillator for two legs half a stride apart, pulled into step by touch-downs; PD servos; placed feet."""

import math

from fastheur.policy import Param, clip, contact, foot_place, next_phase, pull_phase, servo, wave

TASK = "mujoco/walker2d"
OBS = "state"
STATE = [("phase", "f8"), ("down", "i8", (2,)), ("doubt", "i8", (2,))]
PARAMS = {
    # Oscillator: one turn (2 pi) is one stride of both legs.
    "freq": Param(0.1014, 0.04, 0.2),  # rad per step of 0.008 s
    "begin": Param(-1.9206, -3.2, 3.2),  # phase at the start
    "land": Param(-0.35, -3.2, 3.2),  # phase that a touch-down stands for
    "pull": Param(0.3379, 0.0, 1.0),  # how much of the difference a touch-down corrects
    "sync_sin": Param(0.0009, -0.02, 0.02),  # rad per rad/s of pitch speed: the phase waits for the body
    "sync_cos": Param(0.006, -0.02, 0.02),
    "low": Param(0.0109, 0.0, 0.05),  # m; a sole below this height touches the ground
    # Where the hip puts the swinging foot, in rad of hip angle (about as many metres).
    "speed": Param(4.05, 0.5, 6.0),  # m/s, wanted
    "stance": Param(0.1935, -0.1, 0.4),  # s; half of it times the speed is the neutral point
}
# One row per joint. The wanted angle in rad: its middle, two harmonics, a push-off while the foot is down, and the ANSWERS.
# kp, kd: torque (-1 .. 1) per rad and per rad/s.
# ANSWERS, in rad: per rad of pitch (forward is positive), per rad/s of pitch speed and per m/s of speed above the wanted one
# (the hip's: how much further ahead the foot is put, in flight only); the same three again, added while the foot is down;
# per m of height above 1.2 m and per m/s upwards.
# fmt: off
CURVE_COLUMNS = ("mid", "sin", "cos", "sin2", "cos2", "kp", "kd", "stand")
CURVES = {
    #              mid,    sin,    cos,   sin2,   cos2,     kp,     kd,   stand
    "bound":  (   1.6,    1.2,    1.2,    0.6,    0.6,    5.0,    0.4,     0.8),
    "hip":    ( 0.238, -0.541, -0.721,  0.143,  0.135,   2.38,  0.097,   0.048),
    "knee":   ( -1.13,  0.095,  0.059, -0.138,  0.189,  0.582,  0.151,    0.58),
    "ankle":  ( 0.201, -0.759, -0.282,  0.019,  0.319,   2.66,  0.119,    0.08),
}
ANSWER_COLUMNS = ("pitch", "turn", "fast", "down_pitch", "down_turn", "down_fast", "high", "rise")
ANSWERS = {
    #             pitch,   turn,   fast,   down_pitch,   down_turn,   down_fast,   high,   rise
    "bound":  (    3.0,    0.6,    0.6,          3.0,         0.6,         0.6,    2.0,    0.6),
    "hip":    (  -1.74, -0.035, -0.129,        -0.15,      -0.024,      -0.043,  0.134, -0.018),
    "knee":   (  -2.69, -0.443, -0.097,        0.061,      -0.036,      -0.019,  0.126,   0.04),
    "ankle":  (  -2.56,   0.01, -0.273,        0.008,      -0.022,      -0.099,   0.06,  0.004),
}
# fmt: on
for _columns, _table in ((CURVE_COLUMNS, CURVES), (ANSWER_COLUMNS, ANSWERS)):
    for _joint in ("hip", "knee", "ankle"):
        for _column, _bound, _value in zip(_columns, _table["bound"], _table[_joint], strict=True):
            PARAMS[f"{_joint}_{_column}"] = Param(_value, 0.0 if _column in ("kp", "kd") else -_bound, _bound)


def sole(z, pitch, hip, knee, ankle):
    """Return the height of the foot's lowest point in m: segments of 0.2, 0.45 and 0.5 m, a foot of 0.06 m radius."""
    thigh = hip - pitch  # against the vertical, forward is positive
    shin = thigh + knee
    ankle_height = z - 0.2 * math.cos(pitch) - 0.45 * math.cos(thigh) - 0.5 * math.cos(shin)
    toes_up = math.sin(shin + ankle)
    return ankle_height + min(0.2 * toes_up, 0.0) - 0.06


def act(obs, info, state, params, action):
    p = params
    pitch = obs[1]
    speed, turn = obs[8], clip(obs[10], 5.0)
    if info.elapsed == 0:
        state.phase = p.begin
    else:
        state.phase = next_phase(state.phase, p.freq, turn, p.sync_sin, p.sync_cos)
    reach = foot_place(speed, p.speed, p.stance, p.hip_fast)
    fast, high, rise = speed - p.speed, obs[0] - 1.2, obs[9]
    for leg in range(2):  # right, left
        angle, lag = 2 + 3 * leg, math.pi * leg
        was = state.down[leg]
        height = sole(obs[0], pitch, obs[angle], obs[angle + 1], obs[angle + 2])
        state.down[leg], state.doubt[leg] = contact(state.down[leg], state.doubt[leg], height < p.low, 2)
        if state.down[leg] > was:
            state.phase = pull_phase(state.phase, p.land - lag, p.pull)
        phase = state.phase + lag

        wanted = p.hip_mid + wave(phase, p.hip_sin, p.hip_cos, p.hip_sin2, p.hip_cos2)
        wanted += p.hip_pitch * pitch + p.hip_turn * turn + p.hip_high * high + p.hip_rise * rise
        if state.down[leg]:
            wanted += p.hip_stand + p.hip_down_pitch * pitch + p.hip_down_turn * turn + p.hip_down_fast * fast
        else:
            wanted += reach
        action[3 * leg] = servo(wanted, obs[angle], obs[angle + 9], p.hip_kp, p.hip_kd)

        wanted = p.knee_mid + wave(phase, p.knee_sin, p.knee_cos, p.knee_sin2, p.knee_cos2)
        wanted += (
            p.knee_pitch * pitch + p.knee_turn * turn + p.knee_high * high + p.knee_rise * rise + p.knee_fast * fast
        )
        if state.down[leg]:
            wanted += p.knee_stand + p.knee_down_pitch * pitch + p.knee_down_turn * turn + p.knee_down_fast * fast
        action[3 * leg + 1] = servo(wanted, obs[angle + 1], obs[angle + 10], p.knee_kp, p.knee_kd)

        wanted = p.ankle_mid + wave(phase, p.ankle_sin, p.ankle_cos, p.ankle_sin2, p.ankle_cos2)
        wanted += (
            p.ankle_pitch * pitch
            + p.ankle_turn * turn
            + p.ankle_high * high
            + p.ankle_rise * rise
            + p.ankle_fast * fast
        )
        if state.down[leg]:
            wanted += p.ankle_stand + p.ankle_down_pitch * pitch + p.ankle_down_turn * turn + p.ankle_down_fast * fast
        action[3 * leg + 2] = servo(wanted, obs[angle + 2], obs[angle + 11], p.ankle_kp, p.ankle_kd)
