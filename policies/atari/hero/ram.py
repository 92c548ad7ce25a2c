"""H.E.R.O.: reads the walls of the room from RAM (three bands of a playfield), finds the way to a hole in the floor by
distances over 39 x 3 places, flies back up from a room without a way on, and opens what stops it with dynamite.
"""
import numpy as np
from fastheur.policy import Param, uniform
OBS = "ram"
TASK = "atari/hero"
STATE = [("dist", "i8", (3, 40)), ("open", "u1", (3, 40)), ("foes", "i8", (3,)), ("fresh", "i8"), ("cost", "i8", (3, 40)), ("key", "i8"), ("bad", "u1", (24, 24, 40)), ("lx", "i8"), ("ly", "i8"), ("still", "i8"),
         ("mode", "i8"), ("timer", "i8"), ("dir", "i8"), ("room", "i8"), ("level", "i8"), ("want", "i8"), ("b", "i8"),
         ("c", "i8"), ("miner", "i8"), ("d", "i8"), ("sticks", "i8"), ("vy", "i8"), ("goal", "i8"), ("fight", "i8"), ("push", "i8"), ("wait", "i8"), ("face", "i8"), ("back", "i8"), ("dead", "u1", (24, 24, 3)), ("soft", "u1", (24, 24, 40)),
         ("lives", "i8"), ("room0", "i8"), ("c0", "i8"), ("b0", "i8"), ("entry", "i8")]
PARAMS = {"away": Param(75, 40, 140)}
X = 27
ROOM = 28
REPEAT = 29
FOE = 39       # x of the creature in the top, 38 the middle, 37 the bottom band; above 145 none
Y = 31
STICKS = 50
WALLS = 63     # 63..65 the middle bits of the bottom, middle, top band; 66..68 the inner bits
LEVEL = 117
LAMP = 100
HOT = 4         # from this level on walls may kill
MINER = 109
MAN = 42       # x of the miner in the top, 41 the middle, 40 the bottom band; above 145 none
PRESS = np.array([4, 0, 3, 12, 1, 11, 7, 2, 6, 15, 10, 14])
PAID = 118      # the picture of the points for what was shot


def solid(obs, b, col):
    # b: 0 top, 1 middle, 2 bottom; col: 0..39
    h = col
    if col >= 20:
        if int(obs[REPEAT]) == 1 and b == 1:
            h = col - 20
        else:
            h = 39 - col
    if h < 4:
        return (int(obs[62 - b]) >> (4 + h)) & 1 == 1
    if h < 12:
        return (int(obs[65 - b]) >> (7 - (h - 4))) & 1 == 1
    return (int(obs[68 - b]) >> (h - 12)) & 1 == 1


def clear(state, b, c):
    return 0 <= c < 39 and state.open[b, c] == 1


def foe(obs, state, b):
    # x of the creature of a band, 200 for none; a lamp does no harm, and what was shot keeps its place
    cx = int(obs[FOE - b])
    if state.dead[min(int(obs[LEVEL]), 23), min(int(obs[ROOM]), 23), b] == 1:
        return 200
    return 200 if cx > 145 or int(obs[77 - b]) == LAMP or int(obs[77 - b]) == MINER else cx


def look(obs, state):
    for b in range(3):
        for c in range(39):
            state.open[b, c] = 0 if solid(obs, b, c) or solid(obs, b, c + 1) else 1


def plan(obs, state, level, room, up):
    # distances to the targets
    tb = 0 if up else 2
    for b in range(3):
        fx = state.foes[b]
        for c in range(39):
            e = abs(fx - 4 * c)
            state.cost[b, c] = 150 if e < 8 else (40 if e < 14 else 0)
            if level >= HOT and (not clear(state, b, c - 1) or not clear(state, b, c + 1)):
                state.cost[b, c] += 30
            state.dist[b, c] = 999
    for b in range(3):
        fx = int(obs[MAN - b])
        if state.miner == 1 and fx < 145 and not up:
            for c in range(39):
                if abs(4 * c - fx) < 5 and state.open[b, c] == 1:
                    state.dist[b, c] = 0
    for c in range(39):
        if clear(state, tb, c) and (up or state.bad[level, room, c] == 0):
            state.dist[tb, c] = state.cost[tb, c]
            if not up and state.soft[level, room, c] == 1:
                state.dist[tb, c] += 400
    for sweep in range(40):
        change = False
        for b in range(3):
            for i in range(39):
                c = 38 - i if sweep % 2 == 1 else i
                if state.open[b, c] == 0:
                    continue
                v = state.dist[b, c]
                w = state.cost[b, c]
                if c > 0 and state.open[b, c - 1] == 1:
                    v = min(v, state.dist[b, c - 1] + 1 + state.cost[b, c - 1] // 10)
                if c < 38 and state.open[b, c + 1] == 1:
                    v = min(v, state.dist[b, c + 1] + 1 + state.cost[b, c + 1] // 10)
                if b > 0 and state.open[b - 1, c] == 1:
                    v = min(v, state.dist[b - 1, c] + 12 + w + state.cost[b - 1, c])
                if b < 2 and state.open[b + 1, c] == 1:
                    v = min(v, state.dist[b + 1, c] + 6 + w + state.cost[b + 1, c])
                if v < state.dist[b, c]:
                    state.dist[b, c] = v
                    change = True
        if not change:
            break


def shun(obs, state, level, room, c):
    # a way down that cost a life or a return
    for k in range(max(0, c - 3), min(39, c + 4)):
        state.soft[level, room, k] = 1


def walk(d, fire):
    return PRESS[1 + d + (3 if fire else 0)]


def fly(d, fire):
    return PRESS[7 + d + (3 if fire else 0)]


def act(obs, info, state, params):
    x = int(obs[X])
    y = int(obs[Y])
    room = min(int(obs[ROOM]), 23)
    level = min(int(obs[LEVEL]), 23)
    fire = info.elapsed % 8 < 4
    for k in range(3):
        if int(obs[77 - k]) == PAID:
            state.dead[level, room, k] = 1
    for k in range(3):
        state.foes[k] = foe(obs, state, k)
    key = level * 64 + room + 1
    for k in range(29, 69):
        if k == 29 or k > 62:
            key = (key * 31 + int(obs[k])) % 1000003
    if key != state.key:
        look(obs, state)
    b = 0 if y >= 88 else (1 if y > 52 else 2)
    c = (x + 2) // 4
    if not clear(state, b, c):
        if clear(state, b, c - 1):
            c -= 1
        elif clear(state, b, c + 1):
            c += 1
    state.b = b
    state.c = c
    if info.lives < state.lives:
        if state.b0 == 2:
            shun(obs, state, level, state.room0, state.c0)
        elif state.room0 > 0:
            shun(obs, state, level, state.room0 - 1, state.entry)
    state.lives = info.lives
    if (abs(x - state.lx) >= 1 or abs(y - state.ly) >= 1) and not (x == 32 and y > 136):
        if room != state.room0 and y > 100:
            state.entry = c
        state.room0 = room
        state.c0 = c
        state.b0 = b
    if key != state.key:
        # a new room
        state.goal = 0
        state.fresh = 1
        state.miner = 1
        for k in range(39):
            if clear(state, 2, k):
                state.miner = 0
        state.key = key
        state.fight = 0
        state.push = 0
        state.wait = 0
        state.mode = 0
        state.still = 0
        state.dir = -1 if x > 70 else 1
    if state.fresh > 0 or info.elapsed % 8 == 0:
        plan(obs, state, level, room, state.goal == 1)
        if state.fresh == 1 and state.goal == 0 and state.miner == 0 and y > 90 and state.dist[b, c] >= 999 and room > 0 and info.elapsed > 60:
            # no way on: back up, and never again through that hole
            state.goal = 1
            for k in range(max(0, c - 3), min(39, c + 4)):
                state.bad[level, room - 1, k] = 1
        else:
            state.fresh = 0
    ox = state.lx
    if x != ox:
        state.face = 1 if x > ox else -1
    if abs(x - state.lx) >= 1 or abs(y - state.ly) >= 1:
        state.still = 0
    else:
        state.still += 1
    state.vy = y - state.ly
    state.lx = x
    state.ly = y
    if info.elapsed < 40:
        return 1 if fire else 0
    if state.mode == 1:
        # lay dynamite, then away from it
        state.timer -= 1
        if int(obs[STICKS]) == state.sticks and state.timer > int(params.away) - 12:
            return 5
        if state.timer <= 0:
            state.mode = 0
            state.still = 0
            state.fight = 0
            state.push = 0
        if state.timer < 12:
            return 0
        return walk(-state.d, fire)
    # which way
    d = 0
    v = 0
    if state.miner == 1 and state.dist[b, c] >= 999:
        if b == 0 or (y > 62 and state.vy < 0):
            return walk(state.dir, True) if uniform(state) < 0.2 else walk(0, fire)
        d = state.dir
    else:
        best = state.dist[b, c]
        if clear(state, b, c - 1) and state.dist[b, c - 1] < best:
            best = state.dist[b, c - 1]
            d = -1
        if clear(state, b, c + 1) and state.dist[b, c + 1] < best:
            best = state.dist[b, c + 1]
            d = 1
        if b < 2 and clear(state, b + 1, c):
            k = state.dist[b + 1, c] + 6 + state.cost[b, c] + state.cost[b + 1, c]
            if k <= state.dist[b, c]:
                d = 0
                v = -1
        if b > 0 and clear(state, b - 1, c):
            k = state.dist[b - 1, c] + 12 + state.cost[b, c] + state.cost[b - 1, c]
            if k <= state.dist[b, c]:
                d = 0
                v = 1
        if best == state.dist[b, c] and d == 0 and v == 0:
            v = 1 if state.goal == 1 else (0 if state.miner == 1 else -1)
    state.want = v * 10 + d
    # a creature ahead: keep its height and 12 to 18 away, facing it, until it is shot
    fb = 0 if y >= 98 else (1 if y > 46 else 2)
    fx = state.foes[fb]
    dx = fx - x
    if fx == 200:
        state.fight = 0
        state.push = 0
    elif abs(dx) < 34 and (abs(dx) < 22 or dx * d > 0) and state.fight < 250 and state.push < 24 and abs(dx) > 3:
        state.fight += 1
        state.push = state.push + 1 if x == ox and abs(dx) > 18 else 0
        s = 1 if dx > 0 else -1
        h = 112 if fb == 0 else (71 if fb == 1 else 32)
        up = y < h - 3 + (info.elapsed // 16) % 3 * 3
        if abs(dx) < 10:
            state.back = 1
        elif abs(dx) > 15 or x == ox and uniform(state) < 0.05:
            state.back = 0
        if state.back == 1:
            return fly(-s, fire) if up else walk(-s, fire)
        if abs(dx) > 16 or state.face != s:
            return fly(s, fire) if up else walk(s, fire)
        return fly(0, fire) if up else walk(0, fire)
    # one below: wait above it until it moves on
    if state.goal == 0 and state.wait < 160 and v <= 0:
        if y > 92 and abs(state.foes[1] - x) < 11 and clear(state, 1, c):
            state.wait += 1
            if state.wait > 50 and room > 0 and y > 96:
                state.goal = 1
                shun(obs, state, level, room - 1, state.entry)
                state.fresh = 2
            return fly(0, fire) if y < 110 or (state.vy < -1 and y < 134) else walk(0, fire)
        if b < 2 and v < 0 and abs(state.foes[2] - x) < 10 and clear(state, 1, c) and clear(state, 2, c):
            state.wait += 1
            return fly(0, fire) if y < 72 else walk(0, fire)
    if v != 0:
        e = 4 * c - x
        if v > 0:
            return fly(1 if e > 0 else (-1 if e < 0 else 0), fire)
        if state.still > 12 and uniform(state) < 0.5:
            return 3 if uniform(state) < 0.5 else 4
        if e > 0 and y > 56:
            return walk(1, fire)
        if e < 0 and y > 56:
            return walk(-1, fire)
        return 1 if fire else 0
    if d == 0:
        return fly(0, fire) if uniform(state) < 0.5 else walk(1 if uniform(state) < 0.5 else -1, fire)
    state.d = d
    low = 60
    if b == 1 and state.miner == 0:
        for k in range(10):
            if clear(state, 2, c + d * (k - 1)):
                low = 66
    if b == 0:
        low = 94 if clear(state, 1, c) and level < HOT else 107
    if b == 2:
        low = 20
    if state.still > 14:
        if b == 1 and y > 62:
            return walk(d, fire) if state.still % 40 > 20 else walk(0, fire)
        state.mode = 1
        state.timer = int(params.away)
        state.sticks = int(obs[STICKS])
        if state.miner == 1 and state.dist[b, c] >= 999 and uniform(state) < 0.5:
            state.dir = -state.dir
            state.mode = 0
            state.still = 0
        if state.sticks == 0:
            state.mode = 0
        return walk(d, fire)
    if y < low + (22 if b < 2 and low > 60 and state.vy < -1 else 0):
        return fly(d, fire)
    return walk(d, fire)
