"""Surround: reads the playfield bits, and after each move compares the directions by the number of cells it would
reach before the enemy (two floods, one cell a move). Holds the chosen direction until the next move.
"""
import numpy as np
from fastheur.policy import Param, uniform
OBS = "ram"
TASK = "atari/surround"
STATE = [("last", "i8"), ("action", "i8"), ("wall", "u1", (20, 40)), ("mine", "i2", (20, 40)), ("his", "i2", (20, 40)),
         ("queue", "i2", (800,)), ("area", "i8"), ("turns", "i8")]
PARAMS = {"far": Param(0.01, 0.0, 0.2)}
MY_ROW = 110
MY_COL = 112
HIS_ROW = 109
HIS_COL = 111


def is_wall(obs, r, c):
    if r < 0 or r > 19 or c < 0 or c > 39:
        return 1
    if c < 4:
        return (int(obs[r]) >> c) & 1
    if c < 12:
        return (int(obs[20 + r]) >> (11 - c)) & 1
    if c < 20:
        return (int(obs[40 + r]) >> (c - 12)) & 1
    if c < 24:
        return (int(obs[r]) >> (c - 16)) & 1
    if c < 32:
        return (int(obs[60 + r]) >> (31 - c)) & 1
    return (int(obs[80 + r]) >> (c - 32)) & 1


def flood(wall, dist, queue, r, c):
    for i in range(20):
        for j in range(40):
            dist[i, j] = 1000
    dist[r, c] = 0
    queue[0] = r * 40 + c
    head = 0
    tail = 1
    while head < tail:
        v = int(queue[head])
        head += 1
        a = v // 40
        b = v % 40
        d = dist[a, b] + 1
        for k in range(4):
            x = a
            y = b
            if k == 0:
                x = a - 1
            elif k == 1:
                y = b + 1
            elif k == 2:
                y = b - 1
            else:
                x = a + 1
            if x < 0 or x > 19 or y < 0 or y > 39:
                continue
            if wall[x, y] == 0 and dist[x, y] == 1000:
                dist[x, y] = d
                queue[tail] = x * 40 + y
                tail += 1
    return tail


def act(obs, info, state, params):
    r = int(obs[MY_ROW])
    c = int(obs[MY_COL])
    hr = int(obs[HIS_ROW])
    hc = int(obs[HIS_COL])
    if r > 19 or c > 39 or hr > 19 or hc > 39:
        return state.action
    key = ((r * 40 + c) * 20 + hr) * 40 + hc + 1
    if key == state.last:
        return state.action
    state.last = key
    state.turns += 1
    for i in range(20):
        for j in range(40):
            state.wall[i, j] = is_wall(obs, i, j)
    state.wall[r, c] = 1
    state.wall[hr, hc] = 1
    flood(state.wall, state.his, state.queue, hr, hc)
    best = -1e9
    action = state.action
    for k in range(4):
        x = r
        y = c
        if k == 0:
            x = r - 1
        elif k == 1:
            y = c + 1
        elif k == 2:
            y = c - 1
        else:
            x = r + 1
        if x < 0 or x > 19 or y < 0 or y > 39 or state.wall[x, y] == 1:
            continue
        reach = flood(state.wall, state.mine, state.queue, x, y)
        mine = 0
        his = 0
        for i in range(20):
            for j in range(40):
                a = state.mine[i, j]
                b = state.his[i, j]
                if a < 1000 and a + 1 < b:
                    mine += 1
                elif b < 1000 and b < a + 1:
                    his += 1
        s = mine - his + params.far * reach
        walls = 0
        if y > 0 and state.wall[x, y - 1] == 1:
            walls += 1
        if y < 39 and state.wall[x, y + 1] == 1:
            walls += 1
        if x > 0 and state.wall[x - 1, y] == 1:
            walls += 1
        if x < 19 and state.wall[x + 1, y] == 1:
            walls += 1
        s += 0.3 * walls
        if k + 1 == state.action:
            s += 0.2
        if s > best:
            best = s
            action = k + 1
            state.area = mine
    state.action = action
    return action
