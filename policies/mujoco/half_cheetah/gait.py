"""HalfCheetah: a 5 Hz gallop from one phase oscillator, played by PD servos that also listen to the torso's motion."""

from fastheur.policy import Param, clip, next_phase, servo, wave, wrap

TASK = "mujoco/half_cheetah"
OBS = "state"
STATE = [("phase", "f8")]
PARAMS = {
    "freq": Param(1.588, 0.2, 2.5),  # radians per step of 0.05 s; near pi / 2, so a stride is four steps
    # The torso's pitch speed moves the phase a little, which keeps the stride in step with the body's own rocking.
    "sync_sin": Param(-0.058, -1.0, 1.0),
    "sync_cos": Param(-0.006, -1.0, 1.0),
}
# One row per joint. kp, kd: torque (-1 .. 1) per rad and per rad/s. The rest makes the wanted angle in rad: its middle,
# a swing with the phase, and answers to the torso: per rad of pitch, per rad/s of pitch speed, per m/s upwards.
# Wanted angles may lie outside the joint's range: they are there to be pushed towards, not to be reached.
COLUMNS = {"kp": 4.0, "kd": 0.4, "mid": 2.0, "sin": 3.0, "cos": 3.0, "pitch": 4.0, "turn": 0.8, "rise": 1.5}  # bounds
# fmt: off
JOINTS = {
    #                 kp      kd     mid     sin     cos    pitch   turn    rise
    "back_thigh":  ( 1.316,  0.072,  0.858,   0.79,  1.177, -1.529,  0.033,  0.282),
    "back_shin":   ( 0.935,  0.034, -0.043,  -2.04,  -0.95, -3.357, -0.161,  -0.06),
    "back_foot":   ( 1.552,  0.029,  0.811,  0.911,  0.996, -1.524,  0.167,  0.179),
    "front_thigh": ( 1.125,  0.032,  1.237,  1.421,   0.92, -1.412, -0.153,   0.22),
    "front_shin":  ( 1.085,  0.081,  1.115, -1.933, -1.893, -1.589,  -0.15, -0.066),
    "front_foot":  ( 1.258,  0.092,  1.046, -0.508, -1.052, -0.385, -0.101,  0.333),
}
# fmt: on
for _joint, _row in JOINTS.items():
    for (_column, _bound), _value in zip(COLUMNS.items(), _row, strict=True):
        PARAMS[f"{_joint}_{_column}"] = Param(_value, 0.0 if _column in ("kp", "kd") else -_bound, _bound)


def act(obs, info, state, params, action):
    p = params
    pitch = wrap(obs[1])  # the observation counts full turns
    turn = clip(obs[10], 5.0)  # a stumble must not throw the phase or the targets far off
    rise = clip(obs[9], 3.0)
    if info.elapsed > 0:
        state.phase = next_phase(state.phase, p.freq, turn, p.sync_sin, p.sync_cos)

    swing = p.back_thigh_mid + wave(state.phase, p.back_thigh_sin, p.back_thigh_cos)
    answer = p.back_thigh_pitch * pitch + p.back_thigh_turn * turn + p.back_thigh_rise * rise
    action[0] = servo(swing + answer, obs[2], obs[11], p.back_thigh_kp, p.back_thigh_kd)

    swing = p.back_shin_mid + wave(state.phase, p.back_shin_sin, p.back_shin_cos)
    answer = p.back_shin_pitch * pitch + p.back_shin_turn * turn + p.back_shin_rise * rise
    action[1] = servo(swing + answer, obs[3], obs[12], p.back_shin_kp, p.back_shin_kd)

    swing = p.back_foot_mid + wave(state.phase, p.back_foot_sin, p.back_foot_cos)
    answer = p.back_foot_pitch * pitch + p.back_foot_turn * turn + p.back_foot_rise * rise
    action[2] = servo(swing + answer, obs[4], obs[13], p.back_foot_kp, p.back_foot_kd)

    swing = p.front_thigh_mid + wave(state.phase, p.front_thigh_sin, p.front_thigh_cos)
    answer = p.front_thigh_pitch * pitch + p.front_thigh_turn * turn + p.front_thigh_rise * rise
    action[3] = servo(swing + answer, obs[5], obs[14], p.front_thigh_kp, p.front_thigh_kd)

    swing = p.front_shin_mid + wave(state.phase, p.front_shin_sin, p.front_shin_cos)
    answer = p.front_shin_pitch * pitch + p.front_shin_turn * turn + p.front_shin_rise * rise
    action[4] = servo(swing + answer, obs[6], obs[15], p.front_shin_kp, p.front_shin_kd)

    swing = p.front_foot_mid + wave(state.phase, p.front_foot_sin, p.front_foot_cos)
    answer = p.front_foot_pitch * pitch + p.front_foot_turn * turn + p.front_foot_rise * rise
    action[5] = servo(swing + answer, obs[7], obs[16], p.front_foot_kp, p.front_foot_kd)
