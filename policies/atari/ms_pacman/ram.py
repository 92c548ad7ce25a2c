"""Ms. Pac-Man: plans through time against where the ghosts may be; hunts edible ghosts, keeps pills for crowds.

Each ghost is spread as chances over the maze, 160 pixels ahead (it does not turn back and leans towards the player).
Per first direction the surest way to every cell at every time; worth of dots, pills, fruit and edible ghosts on top.
The maze is a table of bits (14 rows, 18 columns), the first one only. Eaten dots are the cells it has been in.
"""
import numpy as np

from fastheur.policy import Param, uniform

OBS = "ram"
TASK = "atari/ms_pacman"
STATE = [("seen", "u1", (252,)), ("last_dots", "i8"), ("dry", "i8"), ("target", "i8"), ("last", "i8"), ("was", "i8", (4,)), ("eaten", "i8", (4,))]
PARAMS = {"crowd": Param(70.0, 0.0, 200.0), "lean": Param(3.0, 1.0, 20.0), "near": Param(0.8, 0.0, 1.0), "wide": Param(0.35, 0.0, 1.0), "fade": Param(0.98, 0.9, 1.0), "prey": Param(0.6, 0.0, 3.0), "keep": Param(0.02, 0.0, 0.2)}
GHOST, GHOST_X, GHOST_Y, PLAYER_X, PLAYER_Y, DOTS, EDIBLE_TIME, FRUIT_X, FRUIT_Y = 1, 6, 12, 10, 16, 119, 116, 11, 17
MAZES = np.array([[253935, 151593, 262143, 84042, 229371, 67650, 129918, 67650, 229371, 87210, 251823, 154857, 148617, 262143]])
TUNNELS = np.array([[4, 8]])
FAR = 9999
T = 40


def column_x(c):
    return 18 + 8 * c if c < 9 else 22 + 8 * c


def is_open(m, r, c):
    return r >= 0 and r < 14 and c >= 0 and c < 18 and (MAZES[m, r] >> c) & 1 == 1


def neighbour(m, cell, d):
    """The cell next to it in direction d (1 up, 2 right, 3 left, 4 down), or -1."""
    r = cell // 18
    c = cell % 18
    if d == 1:
        r -= 1
    elif d == 4:
        r += 1
    elif d == 2:
        c += 1
    else:
        c -= 1
    if (c < 0 or c > 17) and (r == TUNNELS[m, 0] or r == TUNNELS[m, 1]):
        c = 17 if c < 0 else 0
    if is_open(m, r, c):
        return r * 18 + c
    return -1


def cost(cell, d):
    if d == 1 or d == 4:
        return 12
    c = cell % 18
    if (c == 8 and d == 2) or (c == 9 and d == 3):
        return 12
    if (c == 0 and d == 3) or (c == 17 and d == 2):
        return 24
    return 8


def cell_at(m, x, y):
    """The nearest open cell."""
    r = (y + 4) // 12
    c = (x - 14) // 8 if x < 88 else (x - 18) // 8
    best = -1
    best_d = FAR
    for rr in range(r - 2, r + 3):
        for cc in range(c - 2, c + 3):
            if is_open(m, rr, cc):
                d = abs(column_x(cc) - x) + abs(12 * rr + 2 - y)
                if d < best_d:
                    best_d = d
                    best = rr * 18 + cc
    return best


def spread(m, dist, queue, n, limit, margin, use_limit, start, barred):
    """Shortest ways from the cells of the queue; with a limit, only through cells reached before it."""
    head = 0
    while head != n:
        cell = queue[head % 1024]
        head += 1
        for d in range(1, 5):
            k = neighbour(m, cell, d)
            if k < 0 or (cell == start and d == barred):
                continue
            v = dist[cell] + cost(cell, d)
            if v < dist[k] and (not use_limit or v + margin < limit[k]):
                dist[k] = v
                queue[n % 1024] = k
                n += 1


def units(cell, d):
    return cost(cell, d) // 4


def act(obs, info, state, params):
    m = 0
    px = int(obs[PLAYER_X])
    py = int(obs[PLAYER_Y])
    dots = int(obs[DOTS])
    state.dry = 0 if info.reward > 0 else state.dry + 1
    left = 0
    for i in range(252):
        if state.seen[i] == 0 and is_open(m, i // 18, i % 18) and i != 116 and i != 117:
            left += 1
    if dots < state.last_dots or left == 0 or state.dry == 1500:
        for i in range(252):
            state.seen[i] = 0
    state.last_dots = dots
    cell = cell_at(m, px, py)
    if cell < 0:
        return 0
    x0 = column_x(cell % 18)
    y0 = 12 * (cell // 18) + 2
    dx = px - x0
    dy = py - y0
    if abs(dx) + abs(dy) < 5:
        state.seen[cell] = 1
    clock = int(obs[EDIBLE_TIME])
    come = np.zeros((T + 20, 252, 5))
    prey = np.zeros(252, np.int64)
    crowd = 0
    for g in range(4):
        x = int(obs[GHOST_X + g])
        y = int(obs[GHOST_Y + g])
        b = int(obs[GHOST + g])
        k = cell_at(m, x, y)
        home = y > 54 and y < 94 and x > 74 and x < 102
        if b & 128 == 0 and state.was[g] > 0 and clock > 2:
            state.eaten[g] = 1
        state.was[g] = b & 128
        if home or b & 128 > 0 or clock == 0:
            state.eaten[g] = 0
        if state.eaten[g] == 1:
            continue
        if b & 128 > 0 and clock > 4:
            if not home and k >= 0:
                prey[k] = 1
            continue
        if home:
            t = 8 + max(0, y - 50) // 4
            come[t, 4 * 18 + 8, 3] += 0.5
            come[t, 4 * 18 + 9, 2] += 0.5
            continue
        if k < 0:
            continue
        if abs(x - px) + abs(y - py) < params.crowd:
            crowd += 1
        way = b & 3
        d = 1 if way == 0 else 2 if way == 1 else 4 if way == 2 else 3
        ahead = x - column_x(k % 18) if d == 2 else column_x(k % 18) - x if d == 3 else y - 12 * (k // 18) - 2 if d == 4 else 12 * (k // 18) + 2 - y
        n = neighbour(m, k, d)
        come[0, k, 0] += 1.0
        if ahead > 2 and n >= 0:
            come[max(0, cost(k, d) - ahead + 1) // 4, n, d] += 0.93
            come[(ahead + 3) // 4, k, 5 - d] += 0.07
        else:
            come[(max(0, -ahead) + 1) // 4, k, d] += 0.93
            come[(max(0, ahead) + 1) // 4, k, 5 - d] += 0.07
    danger = np.zeros((T + 4, 252))
    for t in range(T + 3):
        for i in range(252):
            total = come[t, i, 0]
            for d in range(1, 5):
                p = come[t, i, d]
                if p < 0.002:
                    continue
                total += p
                weight = np.zeros(5)
                s = 0.0
                for e in range(1, 5):
                    if e == 5 - d:
                        continue
                    k = neighbour(m, i, e)
                    if k < 0:
                        continue
                    near = abs(column_x(k % 18) - px) + abs(12 * (k // 18) + 2 - py) < abs(column_x(i % 18) - px) + abs(12 * (i // 18) + 2 - py)
                    weight[e] = params.lean if near else 1.0
                    s += weight[e]
                for e in range(1, 5):
                    if weight[e] > 0:
                        c = units(i, e)
                        if c == 6:
                            c = 10
                        come[t + c, neighbour(m, i, e), e] += p * weight[e] / s
            if total > 0:
                danger[t, i] += total
                danger[t + 1, i] += total * params.near
                if t > 0:
                    danger[t - 1, i] += total * params.near
                if t < T + 2:
                    danger[t + 2, i] += total * params.wide
                if t > 1:
                    danger[t - 2, i] += total * params.wide
    fruit = -1
    if int(obs[FRUIT_X]) > 0 and int(obs[FRUIT_Y]) > 0:
        fruit = cell_at(m, int(obs[FRUIT_X]), int(obs[FRUIT_Y]))
    worth = np.zeros(252)
    far = np.full(252, FAR, np.int64)
    queue = np.zeros(1024, np.int64)
    n = 0
    for i in range(252):
        if not is_open(m, i // 18, i % 18):
            continue
        pill = i == 18 or i == 35 or i == 216 or i == 233
        if state.seen[i] == 0 and i != 116 and i != 117:
            worth[i] = 0.15
            if pill:
                worth[i] = 0.02 if clock > 4 else 0.08 if crowd < 2 else 0.2 * crowd
            if not pill or left < 6:
                far[i] = 0
                queue[n] = i
                n += 1
        if i == fruit:
            worth[i] = 0.25
        if prey[i] == 1:
            worth[i] = params.prey
            far[i] = 0
            queue[n] = i
            n += 1
    spread(m, far, queue, n, far, 0, False, -1, 0)
    # the surest way on from every cell at every time
    sure = np.zeros((T + 4, 252))
    for t in range(T, -1, -1):
        for i in range(252):
            if not is_open(m, i // 18, i % 18):
                continue
            pill = (i == 18 or i == 35 or i == 216 or i == 233) and state.seen[i] == 0
            best_p = 0.0
            for d in range(1, 5):
                k = neighbour(m, i, d)
                if k < 0:
                    continue
                t2 = t + units(i, d)
                p = 1.0 if t2 > T else sure[t2, k] * max(0.03, 1.0 - danger[t2, k])
                if p > best_p:
                    best_p = p
            sure[t, i] = max(best_p, 0.97) if pill else best_p
    best_v = -1.0
    best = 0
    for d in range(1, 5):
        along = dx if d == 2 else -dx if d == 3 else dy if d == 4 else -dy
        across = abs(dy) if d == 2 or d == 3 else abs(dx)
        if across > 5:
            continue
        k = neighbour(m, cell, d)
        length = cost(cell, d) - along + across if k >= 0 else 0
        if along < 0 and across == 0:
            k = cell
            length = -along
        if k < 0:
            continue
        way = np.zeros((T + 8, 252))
        t = min((length + 2) // 4, 7)
        way[t, k] = max(0.03, 1.0 - danger[t, k])
        if t > 1:
            way[t, k] *= max(0.03, 1.0 - danger[1, k] * 0.5)
        v = 0.0
        for t in range(T + 1):
            fade = params.fade ** t
            for i in range(252):
                p = way[t, i]
                if p <= 0:
                    continue
                u = 0.0
                if worth[i] > 0 and (prey[i] == 0 or t * 8 < clock * 7):
                    u = p * sure[t, i] * (1.0 + worth[i] * fade)
                if t > T - 3:
                    u = max(u, p * (1.0 + 0.15 * params.fade ** (t + min(60, far[i] // 4))))
                if u > v:
                    v = u
                pill = (i == 18 or i == 35 or i == 216 or i == 233) and state.seen[i] == 0
                if pill:
                    p *= 0.97 if crowd >= 2 else 0.9
                for e in range(1, 5):
                    n = neighbour(m, i, e)
                    if n < 0:
                        continue
                    t2 = t + units(i, e)
                    if t2 > T:
                        continue
                    q = p * max(0.03, 1.0 - danger[t2, n])
                    if q > way[t2, n]:
                        way[t2, n] = q
        if d == state.last:
            v *= 1.0 + params.keep
        if v > best_v:
            best_v = v
            best = d
    state.target = int(best_v * 1000)
    state.last = best
    return best
