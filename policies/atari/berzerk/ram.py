"""Walks by breadth-first search to the nearest place with a clear shot at a robot, shoots, and leaves an empty room by the top.

The walls of the four rooms are a table by the room's seed byte. Steps aside of robot shots. Does not use the side exits and
does not lead its shots.
"""
import numpy as np
from fastheur.policy import Param, uniform
OBS = "ram"
TASK = "atari/berzerk"
STATE = [("t", "i8"), ("seed", "i8"), ("count", "i8"), ("still", "i8"), ("act", "i8"), ("bx", "i8"), ("by", "i8"), ("rest", "i8"), ("grid", "i2", (1600,)),
         ("queue", "i2", (1600,)), ("first", "i2", (1600,))]
PARAMS = {"slack": Param(6.0, 1.0, 9.0)}
PLAYER_X, PLAYER_Y, SEED = 19, 11, 3
ROBOT_Y, ROBOT_X = 56, 65
NX, NY = 37, 41
# seed, x0, y0, x1, y1
WALLS = np.array([
    [-1, 0, 0, 8, 190], [-1, 152, 0, 165, 190], [-1, 0, 0, 59, 8], [-1, 98, 0, 160, 8], [-1, 0, 173, 160, 190],
    [0, 29, 47, 34, 137], [0, 118, 47, 124, 137], [0, 29, 87, 124, 97],
    [42, 55, 0, 61, 62], [42, 99, 0, 105, 62], [42, 0, 123, 61, 130], [42, 99, 123, 160, 130],
    [84, 55, 0, 61, 62], [84, 99, 0, 105, 62], [84, 55, 122, 61, 190], [84, 99, 122, 105, 190],
    [126, 29, 47, 34, 137], [126, 118, 47, 124, 137]])

def free(seed, x0, y0, x1, y1):
    for i in range(WALLS.shape[0]):
        s = WALLS[i, 0]
        if s >= 0 and s != seed:
            continue
        if x0 <= WALLS[i, 3] and x1 >= WALLS[i, 1] and y0 <= WALLS[i, 4] and y1 >= WALLS[i, 2]:
            return False
    return True

def shot(obs, seed, x, y, slack):
    best = 999
    action = 0
    for k in range(8):
        if int(obs[ROBOT_Y + k]) == 127 or int(obs[ROBOT_X + k]) == 0:
            continue
        rx = int(obs[ROBOT_X + k]) + 10
        ry = int(obs[ROBOT_Y + k]) * 2 + 12
        dx = rx - (x + 7)
        dy = ry - (y + 11)
        a = 0
        if abs(dy) <= slack and abs(dx) > 8:
            if free(seed, min(rx, x + 7), y + 10, max(rx, x + 7), y + 12):
                a = 11 if dx > 0 else 12
        elif abs(dx) <= 3 and abs(dy) > 10:
            if free(seed, x + 6, min(ry, y + 11), x + 8, max(ry, y + 11)):
                a = 13 if dy > 0 else 10
        elif abs(abs(dx) - abs(dy)) <= 4 and 8 < abs(dx) < 40:
            if dx > 0:
                a = 16 if dy > 0 else 14
            else:
                a = 17 if dy > 0 else 15
        d = max(abs(dx), abs(dy))
        if a > 0 and d < best:
            best = d
            action = a
    return action

def act(obs, info, state, params):
    state.t += 1
    x = int(obs[PLAYER_X])
    y = int(obs[PLAYER_Y])
    seed = int(obs[SEED])
    state.seed = seed
    n = 0
    for k in range(8):
        if int(obs[ROBOT_Y + k]) != 127 and int(obs[ROBOT_X + k]) != 0:
            n += 1
    if n != state.count:
        state.still = 0
    state.count = n
    state.still += 1
    # a robot's shot coming along the row or column
    bx = int(obs[29]); by = int(obs[30])
    vx = bx - state.bx; vy = by - state.by
    state.bx = bx; state.by = by
    state.rest = 0 if vx != 0 or vy != 0 else state.rest + 1
    if bx > 0 and by > 0 and state.rest < 4:
        sy = by * 2 + 2
        dodge = 0
        if abs(bx - (x + 7)) < 45 and y + 2 < sy < y + 28 and vx * (x + 7 - bx) >= 0 and vy == 0:
            dodge = 5 if sy < y + 15 else 2
        elif abs(bx - (x + 7)) < 8 and abs(sy - (y + 15)) < 60 and vx == 0:
            dodge = 4 if bx > x + 7 else 3
        if dodge > 0:
            mx = 6 if dodge == 3 else (-6 if dodge == 4 else 0)
            my = 6 if dodge == 5 else (-6 if dodge == 2 else 0)
            if free(seed, x + 3 + mx, y + 5 + my, x + 11 + mx, y + 25 + my):
                return dodge
    s = int(params.slack)
    if state.still < 400:
        a = shot(obs, seed, x, y, s)
        if a > 0:
            return a if state.t % 6 < 3 else 0
    if state.t % 2 == 1:
        return state.act
    # breadth-first search over places 4 pixels apart
    for i in range(NX * NY):
        state.grid[i] = 0
    i0 = min(max((x + 2) // 4, 0), NX - 1); j0 = min(max((y + 2) // 4, 0), NY - 1)
    start = i0 + NX * j0
    state.queue[0] = start
    state.grid[start] = 1
    head = 0; tail = 1
    state.act = 0
    while head < tail:
        c = int(state.queue[head]); head += 1
        i = c % NX; j = c // NX
        f = int(state.first[c]) if c != start else 0
        done = False
        if n == 0 or state.still >= 400:
            done = j == 0
            if done and f == 0:
                f = 2
        else:
            done = shot(obs, seed, 4 * i, 4 * j, s - 2) > 0
        if done:
            state.act = f
            break
        for m in range(4):
            ni = i + (1 if m == 0 else (-1 if m == 1 else 0))
            nj = j + (1 if m == 2 else (-1 if m == 3 else 0))
            if ni < 0 or ni >= NX or nj < 0 or nj >= NY:
                continue
            q = ni + NX * nj
            if state.grid[q] != 0:
                continue
            state.grid[q] = 1
            X = 4 * ni; Y = 4 * nj
            if not free(seed, X + 1, Y + 3, X + 13, Y + 27):
                continue
            near = False
            for k in range(8):
                if int(obs[ROBOT_Y + k]) != 127 and int(obs[ROBOT_X + k]) != 0:
                    if abs(int(obs[ROBOT_X + k]) + 10 - (X + 7)) < 16 and abs(int(obs[ROBOT_Y + k]) * 2 + 12 - (Y + 15)) < 26:
                        near = True
            if near:
                continue
            step = 3 if m == 0 else (4 if m == 1 else (5 if m == 2 else 2))
            state.first[q] = step if c == start else f
            state.queue[tail] = q
            tail += 1
    return state.act
