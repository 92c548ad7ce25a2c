"""The farmer bonks the gopher when it is out or climbing near the surface, and otherwise fills the nearest open hole.

Holes are read from the playfield rows; the fire button is tapped when the shovel is over the target.
"""
from fastheur.policy import Param, uniform

OBS = "ram"
STATE = [("last_gopher", "i8"), ("speed", "f8"), ("last_x", "i8"), ("still", "i8")]
PARAMS = {"lead": Param(4.0, 0.0, 10.0), "reach": Param(5.0, 1.0, 12.0)}

PLAYER_X, GOPHER_X, GOPHER_HEIGHT = 31, 41, 85
NOOP, FIRE, RIGHT, LEFT = 0, 1, 3, 4


def depth(obs, hole):
    """How many of the three rows of a hole are dug."""
    count = 0
    for row in range(3):
        base = 6 * row
        if hole == 0:
            dug = int(obs[base + 1]) & 128
        elif hole == 1:
            dug = int(obs[base + 1]) & 16
        elif hole == 2:
            dug = int(obs[base + 1]) & 1
        elif hole == 3:
            dug = int(obs[base + 4]) & 16
        elif hole == 4:
            dug = int(obs[base + 4]) & 1
        else:
            dug = int(obs[base + 5]) & 16
        if dug:
            count += 1
    return count


def hole_x(hole):
    return 16 + 16 * hole if hole < 3 else 64 + 16 * hole


def act(obs, info, state, params):
    x = int(obs[PLAYER_X]) - 4
    gopher_x = int(obs[GOPHER_X])
    height = int(obs[GOPHER_HEIGHT])
    best = 1000
    target = 80
    for hole in range(6):
        d = depth(obs, hole)
        if d > 0:
            cost = abs(hole_x(hole) - x) - (300 if d == 3 else 30 * d)
            if cost < best:
                best = cost
                target = hole_x(hole)
    speed = gopher_x - state.last_gopher
    state.last_gopher = gopher_x
    climbing = height > 0
    reach = 2
    if climbing:
        target = gopher_x
        if height >= 35 and abs(speed) <= 4:
            state.speed = 0.7 * state.speed + 0.3 * speed
            target = gopher_x + int(params.lead * state.speed)
            reach = params.reach
        else:
            state.speed = 0.0
    gap = target - x
    if abs(gap) <= reach and (best < 1000 or climbing):
        return FIRE if info.elapsed % 2 == 0 else NOOP
    state.still = state.still + 1 if int(obs[PLAYER_X]) == state.last_x else 0
    state.last_x = int(obs[PLAYER_X])
    if state.still > 30 and info.elapsed % 2 == 0:
        return FIRE
    if gap > 0:
        return RIGHT
    if gap < 0:
        return LEFT
    return NOOP
