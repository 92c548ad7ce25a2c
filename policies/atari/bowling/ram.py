"""Bowling: the first ball of a frame starts at a chosen row and is curved up at a chosen distance,
so that it enters beside the head pin; the second ball goes straight at the row where most pins are left.
It does not know which frame it is in; it reads the pins that stand.
"""
from fastheur.policy import Param, uniform
OBS = "ram"
TASK = "atari/bowling"
STATE = [("still", "i8"), ("last_x", "i8"), ("rolling", "i8"), ("first", "i8"), ("ball_y", "i8"), ("curved", "i8")]
PARAMS = {"row": Param(7, 4, 14), "curve_x": Param(93, 70, 110)}
BALL_X = 30
BALL_Y = 41
PLAYER_Y = 40
PINS = 57  # ten bytes, 255 when the pin has fallen


def pin_y(k):
    # within a row of pins the bytes run from high to low
    if k == 0:
        return 14.25
    if k < 3:
        return 17.25 - 6 * (k - 1)
    if k < 6:
        return 20.25 - 6 * (k - 3)
    return 23.25 - 6 * (k - 6)


def standing(obs):
    n = 0
    for k in range(10):
        if obs[PINS + k] < 128:
            n += 1
    return n


def best_row(obs):
    best = -1.0
    row = 14
    for r in range(2, 27):
        s = 0.0
        for k in range(10):
            if obs[PINS + k] < 128:
                d = abs(pin_y(k) - r)
                if d < 3.0:
                    s += 1.0 - 0.1 * d
        if s > best:
            best = s
            row = r
    return row


def act(obs, info, state, params):
    x = int(obs[BALL_X])
    row = int(obs[PLAYER_Y])
    dx = x - state.last_x
    state.last_x = x
    if state.rolling == 0:
        if x >= 20:
            if dx > 0 and state.still > 0:
                state.rolling = 1
            state.still = 0
            return 0
        if info.elapsed < 385:
            return 0
        n = standing(obs)
        state.first = 1 if n == 10 else 0
        aim = int(params.row) if n == 10 else best_row(obs)
        if row < aim:
            state.still = 0
            return 2
        if row > aim:
            state.still = 0
            return 3
        state.still += 1
        if state.still < 8:
            return 0
        return 1 if state.still % 4 < 2 else 0
    if x >= 133 and state.rolling == 1:
        state.rolling = 2
    if state.rolling == 2 and x < 20:
        state.rolling = 0
        state.still = 0
    # the game looks at the stick only at every fourth x: hold UP until the ball is seen to curve
    y = int(obs[BALL_Y])
    if x < 60:
        state.curved = 0
        state.ball_y = y
    elif y != state.ball_y:
        state.curved = 1
    if state.first == 1 and x >= params.curve_x and state.curved == 0:
        return 2
    return 0
