"""Defender: fly right and fire. Remember where each thing was seen; take the height of the nearest one ahead that a
shot can still reach, keep out of the height of those about to be met, and sweep up and down when nothing is in sight.

It does not turn round, save humanoids, or use smart bombs and hyperspace.
"""
from fastheur.policy import Param, uniform

OBS = "ram"
TASK = "atari/defender"
STATE = [("way", "i8"), ("x", "f8", (8,)), ("h", "f8", (8,)), ("age", "i8", (8,))]
PARAMS = {"band": Param(3.0, 1.0, 12.0), "ahead": Param(50.0, 30.0, 100.0), "clear": Param(14.0, 8.0, 24.0),
          "low": Param(15.0, 0.0, 40.0), "high": Param(100.0, 60.0, 124.0)}

THING_X, THING_KIND, THING_H, PLAYER_H = 21, 22, 23, 45
SHIP = 26.0


def act(obs, info, state, params):
    h = float(obs[PLAYER_H])
    kind = int(obs[THING_KIND])
    for k in range(8):
        state.age[k] += 1
        state.x[k] -= 1.0
        if info.elapsed == 0:
            state.age[k] = 99
    if kind < 8:
        state.x[kind] = float(obs[THING_X])
        state.h[kind] = float(obs[THING_H])
        state.age[kind] = 0
    goal = -1.0
    near = 999.0
    push = 0.0
    for k in range(8):
        if state.age[k] > 24:
            continue
        x = state.x[k]
        d = h - state.h[k]
        if x > params.ahead and x < 156.0 and x < near:
            near = x
            goal = state.h[k]
        if SHIP - 14.0 < x <= params.ahead and abs(d) < params.clear and not (abs(d) <= params.band and x > 42.0):
            push += 1.0 if d >= 0 else -1.0
    if h < params.low:
        state.way = 1
    elif h > params.high:
        state.way = -1
    elif state.way == 0:
        state.way = 1
    move = state.way
    if goal > 2.0:
        move = 1 if goal > h + params.band else -1 if goal < h - params.band else 0
    if push > 0.0:
        move = 1
    elif push < 0.0:
        move = -1
    fire = info.elapsed % 4 < 2
    if move > 0:
        return 14 if fire else 6
    if move < 0:
        return 16 if fire else 8
    return 11 if fire else 3
