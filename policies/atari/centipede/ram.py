"""Centipede: always shooting, below the spider while it is high, else below the lowest moving segment.

Keeps off the spider while it is low. Moves up when a segment comes along its own row. Does not look at mushrooms.
"""
from fastheur.policy import Param, uniform
OBS = "ram"
STATE = [("last", "i8", (10,)), ("still", "i8", (10,)), ("tx", "i8"), ("slow", "i8")]
PARAMS = {"safe_row": Param(3.0, 1.0, 6.0), "gap": Param(22.0, 8.0, 50.0), "near": Param(20.0, 4.0, 30.0)}
PLAYER_X = 111
PLAYER_Y = 113     # 56 is the lowest place
SEGMENT_ROW = 91   # low half: rows from the bottom
SEGMENT_X = 100
SPIDER_X = 123
SPIDER_ROW = 124   # low half: rows from the bottom; 255: no spider


def act(obs, info, state, params):
    px = int(obs[PLAYER_X])
    py = int(obs[PLAYER_Y])
    best = 9999
    tx = 60
    danger = 999
    below = 0
    low = 0
    for i in range(9):
        x = int(obs[SEGMENT_X + i])
        row = int(obs[SEGMENT_ROW + i]) & 15
        way = x - state.last[i]
        if way == 0:
            state.still[i] += 1
        else:
            state.still[i] = 0
        state.last[i] = x
        if state.still[i] < 4 and x < 140:
            lead = x
            if abs(way) < 3:
                lead = x + way * (18 - row)
            if lead < 0:
                lead = -lead
            if lead > 124:
                lead = 248 - lead
            d = row * 20 + abs(lead - px)
            if d < best:
                best = d
                tx = lead
            if 3 * row > 56 - py - 5 and 3 * row < 56 - py + 6 and abs(x - px) < abs(danger):
                danger = x - px
                below = 1 if 3 * row <= 56 - py + 1 else 0
            if row <= 2 and abs(x - px) < 40:
                low = 1
    sx = int(obs[SPIDER_X])
    srow = int(obs[SPIDER_ROW])
    if srow != 255 and 2 < sx < 124:
        srow = srow & 15
        if srow >= params.safe_row:
            tx = sx
        elif abs(sx - px) < params.gap:
            if sx > px:
                if px > 6:
                    return 12
                if sx - px > 10 or srow > 1:
                    return 12
                return 11
            if px < 118:
                return 11
            if px - sx > 10 or srow > 1:
                return 11
            return 12
        elif (tx - px) * (sx - px) > 0 and abs(sx - px) < params.gap + 8:
            tx = px
    state.tx = tx
    if abs(danger) < params.near:
        if below == 1 and py > 41:
            if abs(danger) < 8:
                return 10
            return 15 if danger > 0 else 14
        if below == 0 and py < 56:
            return 17 if danger > 0 else 16
        return 12 if danger > 0 else 11
    down = 1 if py < 56 and low == 0 else 0
    dx = tx - px
    if dx > 2:
        return 16 if down == 1 else 11
    if dx < -2:
        return 17 if down == 1 else 12
    return 13 if down == 1 else 1
