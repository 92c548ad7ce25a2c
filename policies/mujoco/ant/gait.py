"""Ant: a diagonal trot from one phase oscillator, played by PD servos, steered by the length of the strides."""

import math

from fastheur.policy import Param, clip, in_heading, next_phase, quaternion_yaw, ramp, servo, wave

TASK = "mujoco/ant"
OBS = "state"
STATE = [("phase", "f8")]
PARAMS = {
    # Oscillator: one turn (2 pi) is one stride of all four legs.
    "freq": Param(0.591, 0.3, 1.5),  # radians per step of 0.05 s: 2 strides a second
    "front_lag": Param(-2.278, -3.2, 3.2),  # phases of the front and the rear pair; pi apart makes it a trot
    "rear_lag": Param(0.65, -3.2, 3.2),
    "ease": Param(10.0, 1.0, 100.0),  # steps until the strides are full size; starting at once flips 1 ant in 60
    # Servos, in torque (-1 .. 1) per rad and per rad/s. Soft: effort costs reward.
    "hip_kp": Param(0.783, 0.0, 3.0),
    "hip_kd": Param(0.076, 0.0, 0.5),
    "knee_kp": Param(0.121, 0.0, 3.0),
    "knee_kd": Param(0.109, 0.0, 0.5),
    # Feedback from the torso.
    "stroke_yaw": Param(1.184, -2.0, 2.0),  # per rad of yaw: the side that has to catch up steps longer
    "hip_brake": Param(0.069, -0.5, 0.5),  # rad per m/s: the faster, the further the front legs reach
    # Swing curves of the front and rear legs, in rad: leg forward, and knee bent (foot down) are positive.
    "front_hip_mid": Param(-0.518, -1.0, 1.0),
    "front_hip_cos": Param(0.303, 0.0, 2.0),
    "front_hip_sin2": Param(0.068, -1.0, 1.0),
    "front_knee_mid": Param(0.368, 0.0, 1.8),
    "front_knee_sin": Param(1.009, -2.0, 2.0),
    "front_knee_cos": Param(-1.213, -2.0, 2.0),
    "rear_hip_mid": Param(-0.02, -1.0, 1.0),
    "rear_hip_cos": Param(0.979, 0.0, 2.0),
    "rear_hip_sin2": Param(0.104, -1.0, 1.0),
    "rear_knee_mid": Param(0.359, 0.0, 1.8),
    "rear_knee_sin": Param(0.735, -2.0, 2.0),
    "rear_knee_cos": Param(-0.059, -2.0, 2.0),
}
SPEED = 2.0  # m/s; around here "hip_brake" has no effect


def act(obs, info, state, params, action):
    p = params
    yaw = quaternion_yaw(obs[1], obs[2], obs[3], obs[4])  # 0 = along +x, where the reward is
    speed, _ = in_heading(obs[13], obs[14], yaw)
    if info.elapsed > 0:
        state.phase = next_phase(state.phase, p.freq)
    ease = ramp(info.elapsed, p.ease)

    for leg in range(4):  # as in the observation: front left, rear left, rear right, front right
        front = leg == 0 or leg == 3
        ahead = 1.0 if front else -1.0
        left = 1.0 if leg < 2 else -1.0
        phase = state.phase + (p.front_lag if front else p.rear_lag)
        if left < 0:
            phase += math.pi  # the right side does what the left did half a stride ago
        if front:
            reach = p.front_hip_mid + p.hip_brake * (speed - SPEED)
            swing = wave(phase, 0.0, p.front_hip_cos, p.front_hip_sin2)
            bend = p.front_knee_mid
            lift = wave(phase, p.front_knee_sin, p.front_knee_cos)
        else:
            reach = p.rear_hip_mid
            swing = wave(phase, 0.0, p.rear_hip_cos, p.rear_hip_sin2)
            bend = p.rear_knee_mid
            lift = wave(phase, p.rear_knee_sin, p.rear_knee_cos)
        hip = reach + ease * swing * (1 + left * p.stroke_yaw * clip(yaw, 1.0))
        knee = bend + ease * lift

        # Joint signs, found by probing: hips turn counter-clockwise, so forward is negative on the left; knees bend
        # positive in front and negative behind. Motors come in the order leg 3, 0, 1, 2.
        joint, motor = 5 + 2 * leg, (2 * leg + 2) % 8
        action[motor] = servo(-left * hip, obs[joint], obs[joint + 14], p.hip_kp, p.hip_kd)
        action[motor + 1] = servo(ahead * knee, obs[joint + 1], obs[joint + 15], p.knee_kp, p.knee_kd)
