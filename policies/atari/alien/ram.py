"""Alien: plans through time against where the aliens may be; eggs first, hunts aliens for a while after a pulsar.

Each alien is spread as chances over the maze, 80 units ahead (seldom turns back, leans towards the player). Per first
direction the surest way to every cell at every time; worth of cells not visited, pulsar and scared aliens on top.
The maze is tables of bits (13 rows of 6, 29 columns of 4 byte units): cells and the passages right and down of them.
"""
import numpy as np

from fastheur.policy import Param, uniform

OBS = "ram"
TASK = "atari/alien"
STATE = [("seen", "u1", (377,)), ("last", "i8"), ("value", "i8"), ("eggs", "i8"), ("dry", "i8"), ("act", "i8"), ("left", "i8"), ("ax", "i8", (3,)), ("ay", "i8", (3,)), ("ad", "i8", (3,))]
PARAMS = {"lean": Param(2.0, 1.0, 20.0), "fade": Param(0.98, 0.9, 1.0), "prey": Param(0.4, 0.0, 3.0), "keep": Param(0.005, 0.0, 0.2)}
ALIEN_Y, ALIEN_X, PLAYER_Y, PLAYER_X, PULSAR_Y, PULSAR_X, SCARE_TIME = 42, 49, 45, 52, 46, 53, 105
CELLS = np.array([536870911, 269484289, 335486969, 302059529, 505413391, 34603272, 536870911, 33624072, 536813567, 269484289, 530579263, 276957217, 536743935])
RIGHT = np.array([268435455, 0, 33492984, 0, 235929351, 0, 268435455, 0, 268374015, 0, 261095199, 0, 268306431])
DOWN = np.array([269484289, 269484289, 302059529, 302059529, 34603272, 34603272, 33624072, 33624072, 269484289, 269484289, 276957217, 276957217, 0])
FAR = 9999
EGGS, EGGS_END = 65, 91
T = 40


def neighbour(cell, d):
    """The cell next to it in direction d (1 up, 2 right, 3 left, 4 down), or -1."""
    r = cell // 29
    c = cell % 29
    if d == 1:
        return cell - 29 if r > 0 and (DOWN[r - 1] >> c) & 1 else -1
    if d == 4:
        return cell + 29 if r < 12 and (DOWN[r] >> c) & 1 else -1
    if r == 6 and c == 28 and d == 2:
        return 6 * 29
    if r == 6 and c == 0 and d == 3:
        return 6 * 29 + 28
    if d == 2:
        return cell + 1 if c < 28 and (RIGHT[r] >> c) & 1 else -1
    return cell - 1 if c > 0 and (RIGHT[r] >> (c - 1)) & 1 else -1


def cost(cell, d):
    if d == 1 or d == 4:
        return 6
    c = cell % 29
    if (c == 0 and d == 3) or (c == 28 and d == 2):
        return 20
    return 4


def cell_at(x, y):
    """The nearest cell of the maze."""
    r = (91 - y + 3) // 6
    c = (x - 4 + 2) // 4
    best = -1
    best_d = FAR
    for rr in range(max(0, r - 2), min(13, r + 3)):
        for cc in range(max(0, c - 2), min(29, c + 3)):
            if (CELLS[rr] >> cc) & 1:
                d = abs(4 + 4 * cc - x) + abs(91 - 6 * rr - y)
                if d < best_d:
                    best_d = d
                    best = rr * 29 + cc
    return best


def put(danger, t, k, p):
    for s in range(-3, 4):
        if t + s >= 0 and t + s < T + 4:
            danger[t + s, k] += p if abs(s) < 2 else 0.8 * p if abs(s) == 2 else 0.5 * p
            if abs(s) < 2:
                for q in range(-2, 3):
                    if q != 0 and k % 29 + q >= 0 and k % 29 + q < 29:
                        danger[t + s, k + q] += 0.9 * p if abs(q) == 1 else 0.3 * p


def act(obs, info, state, params):
    px = int(obs[PLAYER_X])
    py = int(obs[PLAYER_Y])
    scare = int(obs[SCARE_TIME])
    cell = cell_at(px, py)
    if cell < 0:
        return 0
    closest = 100
    for g in range(3):
        if int(obs[ALIEN_X + g]) > 0:
            closest = min(closest, abs(int(obs[ALIEN_X + g]) - px) + abs(int(obs[ALIEN_Y + g]) - py))
    if closest > 40 and info.elapsed % 3 != 0:
        return state.act
    x0 = 4 + 4 * (cell % 29)
    y0 = 91 - 6 * (cell // 29)
    eggs = 0
    for i in range(EGGS, EGGS_END):
        b = int(obs[i])
        while b > 0:
            eggs += b & 1
            b = b >> 1
    if eggs != state.eggs:
        state.dry = 0
    state.dry += 1
    if abs(px - x0) < 2 and abs(py - y0) < 3:
        state.seen[cell] = 1
    left = 0
    for i in range(377):
        if state.seen[i] == 0 and (CELLS[i // 29] >> (i % 29)) & 1:
            left += 1
    if left == 0 or eggs > state.eggs + 20 or state.dry % 600 == 0:
        for i in range(377):
            state.seen[i] = 0
    state.eggs = eggs
    state.left = left
    cells = np.zeros(377, np.int64)
    near_by = np.full((377, 5), -1, np.int64)
    length = np.zeros((377, 5), np.int64)
    count = 0
    for i in range(377):
        if (CELLS[i // 29] >> (i % 29)) & 1:
            cells[count] = i
            count += 1
            for d in range(1, 5):
                near_by[i, d] = neighbour(i, d)
                length[i, d] = cost(i, d) // 2
    come = np.zeros((T + 20, 377, 5))
    prey = np.zeros(377, np.int64)
    danger = np.zeros((T + 4, 377))
    crowd = 0
    for g in range(3):
        x = int(obs[ALIEN_X + g])
        y = int(obs[ALIEN_Y + g])
        dx = x - state.ax[g]
        dy = y - state.ay[g]
        if abs(dx) + abs(dy) > 8:
            state.ad[g] = 0
        elif abs(dx) > abs(dy):
            state.ad[g] = 2 if dx > 0 else 3
        elif dy != 0:
            state.ad[g] = 1 if dy > 0 else 4
        state.ax[g] = x
        state.ay[g] = y
        if x == 0 or y == 0:
            continue
        k = cell_at(x, y)
        if k < 0:
            continue
        if abs(x - px) + abs(y - py) < 40:
            crowd += 1
        if scare > 20:
            prey[k] = 1
            continue
        put(danger, 0, k, 1.0)
        d = state.ad[g]
        if d == 0:
            for e in range(1, 5):
                come[0, k, e] += 0.25
            continue
        kx = 4 + 4 * (k % 29)
        ky = 91 - 6 * (k // 29)
        ahead = x - kx if d == 2 else kx - x if d == 3 else y - ky if d == 1 else ky - y
        n = near_by[k, d]
        if ahead > 1 and n >= 0:
            come[max(0, cost(k, d) - ahead) // 2, n, d] += 0.9
            come[(ahead + 1) // 2, k, 5 - d] += 0.1
        else:
            come[max(0, -ahead) // 2, k, d] += 0.9
            come[max(0, ahead) // 2, k, 5 - d] += 0.1
    weight = np.zeros(5)
    for t in range(T + 3):
        for j in range(count):
            i = cells[j]
            total = 0.0
            for d in range(1, 5):
                p = come[t, i, d]
                if p < 0.003:
                    continue
                total += p
                s = 0.0
                for e in range(1, 5):
                    weight[e] = 0.0
                    k = near_by[i, e]
                    if k < 0 or e == 5 - d:
                        continue
                    near = abs(4 + 4 * (k % 29) - px) + abs(91 - 6 * (k // 29) - py) < abs(4 + 4 * (i % 29) - px) + abs(91 - 6 * (i // 29) - py)
                    weight[e] = params.lean if near else 1.0
                    s += weight[e]
                if s == 0 and near_by[i, 5 - d] >= 0:
                    weight[5 - d] = 1.0
                    s = 1.0
                for e in range(1, 5):
                    if weight[e] > 0:
                        come[t + length[i, e], near_by[i, e], e] += p * weight[e] / s
            if total > 0:
                put(danger, t, i, total)
    pulsar = -1
    if int(obs[PULSAR_X]) > 0:
        pulsar = cell_at(int(obs[PULSAR_X]), int(obs[PULSAR_Y]))
    bold = 0.15 + 0.35 * min(state.dry, 1200) / 1200
    worth = np.zeros(377)
    far = np.full(377, FAR, np.int64)
    queue = np.zeros(4096, np.int64)
    n = 0
    for j in range(count):
        i = cells[j]
        if state.seen[i] == 0:
            worth[i] = bold
        if i == pulsar and scare == 0:
            worth[i] = 0.3 if crowd > 0 else 0.16
        if prey[i] == 1 and scare > 40:
            worth[i] = params.prey
        if worth[i] > 0 and i != cell:
            far[i] = 0
            queue[n] = i
            n += 1
    head = 0
    while head < n and n < 4000:
        i = queue[head]
        head += 1
        for d in range(1, 5):
            k = near_by[i, d]
            if k >= 0 and far[i] + length[i, d] < far[k]:
                far[k] = far[i] + length[i, d]
                queue[n] = k
                n += 1
    sure = np.zeros((T + 4, 377))
    for t in range(T, -1, -1):
        for j in range(count):
            i = cells[j]
            p = sure[t + 1, i] * max(0.03, 1.0 - danger[t + 1, i]) if t < T else 1.0
            for d in range(1, 5):
                k = near_by[i, d]
                if k >= 0:
                    t2 = t + length[i, d]
                    q = 1.0 if t2 > T else sure[t2, k] * max(0.03, 1.0 - danger[t2, k])
                    p = max(p, q)
            sure[t, i] = max(p, 0.95) if i == pulsar and scare == 0 else p
    best_v = -1.0
    best = 0
    for d in range(5):
        t = 1
        k = cell
        if d > 0:
            along = px - x0 if d == 2 else x0 - px if d == 3 else y0 - py if d == 4 else py - y0
            across = abs(py - y0) if d == 2 or d == 3 else abs(px - x0)
            if across > 3:
                continue
            k = near_by[cell, d]
            way_len = cost(cell, d) - along + across
            if along < 0 and across == 0:
                k = cell
                way_len = -along
            if k < 0:
                continue
            t = min((way_len + 1) // 2, 10)
        way = np.zeros((T + 12, 377))
        way[t, k] = max(0.03, 1.0 - danger[t, k]) * max(0.1, 1.0 - 0.5 * danger[min(1, t), k])
        v = 0.0
        for t in range(T + 1):
            fade = params.fade ** t
            for j in range(count):
                i = cells[j]
                p = way[t, i]
                if p * (1.6 + params.prey) < best_v or p <= 0:
                    continue
                if worth[i] > 0 and i != cell and (prey[i] == 0 or 4 * t < 2 * scare - 40):
                    v = max(v, p * sure[t, i] * (1.0 + worth[i] * fade))
                if t > T - 3:
                    v = max(v, p * (1.0 + bold * params.fade ** (t + min(90, far[i]))))
                if t < T:
                    q = p * max(0.03, 1.0 - danger[t + 1, i])
                    if q > way[t + 1, i]:
                        way[t + 1, i] = q
                for e in range(1, 5):
                    m = near_by[i, e]
                    if m < 0:
                        continue
                    t2 = t + length[i, e]
                    if t2 <= T:
                        q = p * max(0.03, 1.0 - danger[t2, m])
                        if q > way[t2, m]:
                            way[t2, m] = q
        if d == 0:
            v *= 0.995
        elif d == state.last:
            v *= 1.0 + params.keep
        if v > best_v:
            best_v = v
            best = d
    state.value = int(best_v * 1000)
    state.last = best
    state.act = 0
    if best == 0:
        return 0
    fire = 0
    for g in range(3):
        dx = int(obs[ALIEN_X + g]) - px
        dy = int(obs[ALIEN_Y + g]) - py
        if scare < 20 and ((best == 2 and dx > 0 and dx < 20 or best == 3 and dx < 0 and dx > -20) and abs(dy) < 5
                or (best == 1 and dy > 0 and dy < 20 or best == 4 and dy < 0 and dy > -20) and abs(dx) < 4):
            fire = 8
    state.act = best + 1 + fire
    return state.act
