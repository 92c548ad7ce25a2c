"""Reacher: inverse kinematics with the shorter turn; then both joints swing there, slowly where torque costs more."""

import math

from fastheur.policy import Param

TASK = "mujoco/reacher"
OBS = "state"
STATE = [("aim_shoulder", "f8"), ("aim_elbow", "f8"), ("shoulder", "f8"), ("arrival", "f8")]  # rad, s
PARAMS = {
    "arrival": Param(0.27, 0.1, 0.5),  # s for a distance of 1 m and a turn of 1 rad
    "by_turn": Param(0.44, 0.0, 1.0),  # power of the turn in the arrival time: a long turn takes longer,
    "by_distance": Param(0.22, 0.0, 0.5),  # and a far target is worth more torque
    "pull": Param(11.5, 4.0, 20.0),  # of e / s^2 and v / s below: for 12 and 6 the torque falls to 0 at the arrival
    "brake": Param(5.5, 2.0, 12.0),
    "soonest": Param(0.08, 0.04, 0.3),  # s: the time to go never counts as less
}
UPPER, LOWER = 0.1, 0.11  # m: links, the lower one to the fingertip
BENT = 2.95  # rad: the elbow stops at 3; targets within 2 cm of the middle are out of reach
STEP = 0.02  # s
STRENGTH = 200.0  # rad/s^2 per unit of torque; the joints' damping takes 1 rad/s^2 per rad/s


def torque(aim, angle, speed, left, pull, brake):
    """What brings a joint to rest at `aim` in `left` seconds."""
    wanted = pull * (aim - angle) / left**2 - brake * speed / left
    return min(1.0, max(-1.0, (wanted + speed) / STRENGTH))


def act(obs, info, state, params, action):
    p = params
    shoulder, elbow = math.atan2(obs[2], obs[0]), math.atan2(obs[3], obs[1])
    if info.elapsed == 0:
        x, y = obs[4], obs[5]
        bend = math.acos(min(1.0, max(-1.0, (x * x + y * y - UPPER**2 - LOWER**2) / (2 * UPPER * LOWER))))
        bend = min(BENT, bend)
        shortest = 1e9
        for side in (-1.0, 1.0):
            aim_elbow = side * bend
            aim = math.atan2(y, x) - math.atan2(LOWER * math.sin(aim_elbow), UPPER + LOWER * math.cos(aim_elbow))
            aim = shoulder + math.atan2(math.sin(aim - shoulder), math.cos(aim - shoulder))
            turn = math.hypot(aim - shoulder, aim_elbow - elbow)
            if turn < shortest:
                shortest = turn
                state.aim_shoulder, state.aim_elbow = aim, aim_elbow
        distance = max(0.001, math.hypot(obs[8], obs[9]))
        state.arrival = p.arrival * shortest**p.by_turn / distance**p.by_distance
    else:  # the observation knows the shoulder only up to full turns
        shoulder = state.shoulder + math.atan2(math.sin(shoulder - state.shoulder), math.cos(shoulder - state.shoulder))
    state.shoulder = shoulder
    left = max(p.soonest, state.arrival - info.elapsed * STEP)
    action[0] = torque(state.aim_shoulder, shoulder, obs[6], left, p.pull, p.brake)
    action[1] = torque(state.aim_elbow, elbow, obs[7], left, p.pull, p.brake)
