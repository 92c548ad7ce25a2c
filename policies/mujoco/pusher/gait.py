"""Pusher: bring the hand's open fork down behind the object, then lean it in; forces become joint torques."""

import math

from fastheur.policy import Param

TASK = "mujoco/pusher"
OBS = "state"
# frame: the hand's three axes; axis: those of the joints; lever: how the hand moves per rad/s of each joint (m).
STATE = [("frame", "f8", (3, 3)), ("axis", "f8", (7, 3)), ("lever", "f8", (7, 3)), ("force", "f8", (3,))]
STATE += [("turn", "f8", (3,)), ("pushing", "f8")]
SHOULDER = -0.6  # m: its y; its x and z are 0
REACH = (0.0, 0.1, 0.0, 0.4, 0.0, 0.321, 0.0)  # m along the link before each joint
AXIS = (2, 1, 0, 1, 0, 1, 0)  # the joint turns about x (0), y (1) or z (2) of its link
PARAMS = {
    "pull": Param(47.8, 0.0, 120.0),  # N per m of the hand off its aim
    "pull_up": Param(50.9, 0.0, 120.0),  # the same, vertically
    "most": Param(4.98, 0.5, 10.0),  # N: of that, at most
    "brake": Param(5.85, 0.0, 20.0),  # N per m/s of the hand
    "level": Param(0.386, 0.0, 3.0),  # N m per rad that the fork is off level and its wanted direction
    "steady": Param(0.241, 0.0, 1.0),  # N m per rad/s of the fork
    "above": Param(0.0464, 0.0, 0.2),  # m above the object, while the hand is not yet over its place
    "near": Param(0.0894, 0.02, 0.2),  # m: so near its place the hand goes down
    "low": Param(0.0572, 0.01, 0.2),  # m over the object's middle: so low the push begins
    "height": Param(0.00442, -0.05, 0.05),  # m of the hand over the object's middle
    "room": Param(0.0336, 0.03, 0.12),  # m from the fork's bar to the object's middle, before the push
    "press": Param(0.0398, 0.0, 0.12),  # m less than that if the goal lies ahead
    "slide": Param(0.0839, 0.0, 0.15),  # m towards the prong that lies away from the goal, if it lies sideways
    "slow": Param(0.0342, 0.005, 0.2),  # m off the goal where the push gets weaker
    "aim_goal": Param(0.308, -0.5, 1.5),  # fork's direction: 0 away from the shoulder, 1 to the goal
    "posture": Param(0.483, 0.0, 3.0),  # N m per rad off the resting angles
    "posture_push": Param(0.0572, 0.0, 1.0),  # the same during the push
    "slip": Param(0.425, 0.0, 1.0),  # N m per rad/s: makes up for damping in the two first joints
    "damp": Param(0.131, 0.0, 0.5),  # N m per rad/s, in all joints
    "rest_0": Param(0.0239, -2.2, 1.7),  # rad: resting angles
    "rest_1": Param(0.748, -0.5, 1.4),
    "rest_2": Param(-1.36, -1.5, 1.7),
    "rest_3": Param(-1.68, -2.3, 0.0),
    "rest_4": Param(1.23, -1.5, 1.5),
    "rest_5": Param(-0.205, -1.0, 0.0),
    "rest_6": Param(0.517, -1.5, 1.5),
}


def kinematics(angles, frame, axis, lever):
    """Fill the hand's axes, the joints' axes, and the way the hand goes per rad of each joint."""
    for k in range(3):
        for i in range(3):
            frame[k, i] = 1.0 if k == i else 0.0
    x, y, z = 0.0, SHOULDER, 0.0
    for j in range(7):
        x, y, z = x + REACH[j] * frame[0, 0], y + REACH[j] * frame[0, 1], z + REACH[j] * frame[0, 2]
        lever[j, 0], lever[j, 1], lever[j, 2] = x, y, z
        a, b = (AXIS[j] + 1) % 3, (AXIS[j] + 2) % 3
        cos, sin = math.cos(angles[j]), math.sin(angles[j])
        for i in range(3):
            axis[j, i] = frame[AXIS[j], i]
            frame[a, i], frame[b, i] = cos * frame[a, i] + sin * frame[b, i], cos * frame[b, i] - sin * frame[a, i]
    for j in range(7):
        rx, ry, rz = x - lever[j, 0], y - lever[j, 1], z - lever[j, 2]
        lever[j, 0] = axis[j, 1] * rz - axis[j, 2] * ry
        lever[j, 1] = axis[j, 2] * rx - axis[j, 0] * rz
        lever[j, 2] = axis[j, 0] * ry - axis[j, 1] * rx


def act(obs, info, state, params, action):
    p = params
    frame, axis, lever, force, turn = state.frame, state.axis, state.lever, state.force, state.turn
    kinematics(obs, frame, axis, lever)
    hand_x, hand_y, hand_z = obs[14], obs[15], obs[16]
    x, y, z = obs[17], obs[18], obs[19]  # the object
    left = max(1e-3, math.hypot(obs[20] - x, obs[21] - y))
    goal_x, goal_y = (obs[20] - x) / left, (obs[21] - y) / left
    flat = max(0.1, math.hypot(frame[0, 0], frame[0, 1]))
    fork_x, fork_y = frame[0, 0] / flat, frame[0, 1] / flat  # in the plane; (-fork_y, fork_x) points to its left

    ahead, aside, up = -p.room, 0.0, p.height  # the hand's place as the fork sees it from the object
    off = math.hypot(x + ahead * fork_x - hand_x, y + ahead * fork_y - hand_y)
    if off < p.near and hand_z < z + p.low:
        state.pushing = 1.0
    elif off > p.near + 0.15:
        state.pushing = 0.0
    if state.pushing > 0.0:
        share = min(1.0, left / p.slow)
        ahead += p.press * share * (goal_x * fork_x + goal_y * fork_y)
        aside = p.slide * share * (goal_y * fork_x - goal_x * fork_y)
    elif off > p.near:
        up += p.above
    force[0] = p.pull * (x + ahead * fork_x - aside * fork_y - hand_x)
    force[1] = p.pull * (y + ahead * fork_y + aside * fork_x - hand_y)
    force[2] = p.pull_up * (z + up - hand_z)
    share = min(1.0, p.most / max(1e-6, math.sqrt(force[0] ** 2 + force[1] ** 2 + force[2] ** 2)))

    out = max(0.1, math.hypot(hand_x, hand_y - SHOULDER))
    wanted_x = (1.0 - p.aim_goal) * hand_x / out + p.aim_goal * goal_x
    wanted_y = (1.0 - p.aim_goal) * (hand_y - SHOULDER) / out + p.aim_goal * goal_y
    size = max(1e-3, math.hypot(wanted_x, wanted_y))
    turn[0] = p.level * frame[2, 1]
    turn[1] = -p.level * frame[2, 0]
    turn[2] = p.level * (frame[0, 0] * wanted_y - frame[0, 1] * wanted_x) / size
    for i in range(3):
        force[i] *= share
        for j in range(7):
            force[i] -= p.brake * lever[j, i] * obs[7 + j]
            turn[i] -= p.steady * axis[j, i] * obs[7 + j]

    posture = p.posture_push if state.pushing > 0.0 else p.posture
    rest = (p.rest_0, p.rest_1, p.rest_2, p.rest_3, p.rest_4, p.rest_5, p.rest_6)
    for j in range(7):
        torque = posture * (rest[j] - obs[j]) - p.damp * obs[7 + j]
        if j < 2:
            torque += p.slip * obs[7 + j]
        for i in range(3):
            torque += lever[j, i] * force[i] + axis[j, i] * turn[i]
        action[j] = min(2.0, max(-2.0, torque))
