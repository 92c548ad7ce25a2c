"""Walker2d: one oscillator for two legs half a stride apart, pulled into step by touch-downs; PD servos, feet placed by speed."""

import math

from fastheur.policy import Param, clip, contact, foot_place, next_phase, pull_phase, servo, wave

TASK = "mujoco/walker2d"
OBS = "state"
STATE = [("phase", "f8"), ("down", "i8", (2,)), ("doubt", "i8", (2,))]
PARAMS = {
    # Oscillator: one turn (2 pi) is one stride of both legs.
    "freq": Param(0.1031, 0.04, 0.2),  # rad per step of 0.008 s
    "begin": Param(-1.679, -3.2, 3.2),  # phase at the start
    "land": Param(-0.581, -3.2, 3.2),  # phase that a touch-down stands for
    "pull": Param(0.293, 0.0, 1.0),  # how much of the difference a touch-down corrects
    "sync_sin": Param(0.002, -0.02, 0.02),  # rad per rad/s of pitch speed: the phase waits for the body
    "sync_cos": Param(0.0044, -0.02, 0.02),
    "low": Param(0.0095, 0.0, 0.05),  # m; a sole below this height touches the ground
    # Where the hip puts the swinging foot, in rad of hip angle (about as many metres).
    "speed": Param(4.142, 0.5, 6.0),  # m/s, wanted
    "stance": Param(0.195, -0.1, 0.4),  # s; half of it times the speed is the neutral point
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
    "hip":   ( 0.226, -0.662, -0.681,  0.176,  0.118,  2.297,  0.096, -1.363, -0.058, -0.204,  0.045),
    "knee":  (-0.835,  0.107,   0.04, -0.043,  0.201,  0.588,  0.152, -2.639,   -0.4, -0.113,  0.614),
    "ankle": ( 0.228, -0.755, -0.201,   0.02,  0.239,  2.304,  0.111, -2.319,  0.002, -0.289,  0.063),
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
    fast = speed - p.speed
    for leg in range(2):  # right, left
        angle, lag = 2 + 3 * leg, math.pi * leg
        was = state.down[leg]
        height = sole(obs[0], pitch, obs[angle], obs[angle + 1], obs[angle + 2])
        state.down[leg], state.doubt[leg] = contact(state.down[leg], state.doubt[leg], height < p.low, 2)
        if state.down[leg] > was:
            state.phase = pull_phase(state.phase, p.land - lag, p.pull)
        phase = state.phase + lag

        wanted = p.hip_mid + wave(phase, p.hip_sin, p.hip_cos, p.hip_sin2, p.hip_cos2)
        wanted += p.hip_pitch * pitch + p.hip_turn * turn + (p.hip_stand if state.down[leg] else reach)
        action[3 * leg] = servo(wanted, obs[angle], obs[angle + 9], p.hip_kp, p.hip_kd)

        wanted = p.knee_mid + wave(phase, p.knee_sin, p.knee_cos, p.knee_sin2, p.knee_cos2)
        wanted += p.knee_pitch * pitch + p.knee_turn * turn + p.knee_fast * fast + p.knee_stand * state.down[leg]
        action[3 * leg + 1] = servo(wanted, obs[angle + 1], obs[angle + 10], p.knee_kp, p.knee_kd)

        wanted = p.ankle_mid + wave(phase, p.ankle_sin, p.ankle_cos, p.ankle_sin2, p.ankle_cos2)
        wanted += p.ankle_pitch * pitch + p.ankle_turn * turn + p.ankle_fast * fast + p.ankle_stand * state.down[leg]
        action[3 * leg + 2] = servo(wanted, obs[angle + 2], obs[angle + 11], p.ankle_kp, p.ankle_kd)
