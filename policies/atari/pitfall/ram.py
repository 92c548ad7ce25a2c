"""Pitfall: runs right; jumps logs, snakes, fires and holes, climbs out of the tunnel, swings on vines, hops over crocodiles
when their mouths have just shut, crosses the pits that close, and takes the treasures behind them. It never goes left.
"""
from fastheur.policy import Param, uniform
OBS = "ram"
TASK = "atari/pitfall"
STATE = [("side", "i8"), ("last", "i8"), ("rising", "i8"), ("part", "i8"), ("last_x", "i8"), ("still", "i8"), ("last_y", "i8"),
         ("shut", "i8"), ("closed", "i8")]
PARAMS = {"wait": Param(38.0, 20.0, 46.0), "swing": Param(19.0, 10.0, 20.0)}
X, Y, SCREEN, LOG, VINE, MOUTH, PIT = 97, 105, 1, 98, 18, 46, 36
UP, RIGHT, LEFT, DOWN, RIGHTJUMP, LEFTJUMP = 2, 3, 4, 5, 11, 12


def near_log(x, thing, log, low, high):
    n = 1
    gap = 16
    if thing == 1 or thing == 2:
        n = 2
    if thing == 3 or thing == 5:
        n = 3
    if thing == 2 or thing == 3 or thing == 5:
        gap = 32
    for i in range(n):
        d = (log + gap * i - x + 160) % 160
        if low <= d <= high:
            return True
    return False


def act(obs, info, state, params):
    x = int(obs[X])
    y = int(obs[Y])
    s = int(obs[SCREEN])
    pit = (s >> 3) & 7
    thing = s & 7
    vine = int(obs[VINE])
    # which side the vine swings to: it passes the middle at 10
    if vine != state.last:
        if vine > state.last:
            if state.rising == 0 and state.last <= 10:
                state.side = -1 if state.side >= 0 else 1
            state.rising = 1
        else:
            state.rising = 0
        state.last = vine
    state.still += 1
    if x != state.last_x or y != state.last_y:
        state.still = 0
    state.last_x = x
    state.last_y = y
    state.part = 0
    state.shut = state.shut + 1 if int(obs[MOUTH]) == 255 else 0
    state.closed = state.closed + 1 if int(obs[PIT]) == 255 else 0
    if y > 45:
        state.part = 1
        if y <= 48 and 73 <= x <= 79:
            return RIGHT
        if abs(x - 76) < 3:
            return UP
        return RIGHT if x < 76 else LEFT
    if y > 32:
        return RIGHTJUMP if 70 < x < 84 else RIGHT
    if y < 32:
        if pit > 1 and state.still > 3:
            state.part = 4
        if pit > 1 and state.side > 0 and vine >= 20 and x > 90 and not (pit == 4 and thing & 2 == 0):
            return DOWN
        return RIGHT
    if pit == 0:
        if 67 <= x <= 70:
            return RIGHTJUMP
    elif pit == 1:
        if 67 <= x <= 70 or 40 <= x <= 43 or 91 <= x <= 94:
            return RIGHTJUMP
    elif pit == 4 and thing & 2 == 0:
        # crocodiles: four hops while the mouths are shut
        state.part = 3
        if x < 41:
            return RIGHT
        if x < 45:
            if 1 <= state.shut < 22:
                return RIGHTJUMP
            return 0
        if 66 < x < 75 or 82 < x < 92:
            return RIGHT
        if x < 105:
            return RIGHTJUMP
    elif pit >= 5:
        # pits that open and close
        state.part = 5
        if x < 40:
            return RIGHT
        if x < 45:
            if 1 <= state.closed < 12:
                return RIGHT
            return 0
        if x < 106 or pit == 5:
            return RIGHT
    elif x < 60:
        state.part = 2
        if x >= params.wait:
            if state.side < 0 and vine >= params.swing and state.rising == 1:
                return RIGHTJUMP
            return 0 if x < params.wait + 3 else LEFT
        return RIGHT
    moving = thing < 4
    if thing == 7:
        if near_log(x, thing, int(obs[LOG]), 6, 10):
            return RIGHTJUMP
    elif near_log(x, thing, int(obs[LOG]), 8 if moving else 4, 14 if moving else 9):
        return RIGHTJUMP
    return RIGHT
