"""VizDoom D3 from the screen: shoot the red heads, and keep a map of the maze to find the next ones.

Each column of the picture tells how far its wall is: the wall's brightness, and where it meets ceiling and floor. We count
on what our own buttons do, so we know where we are, and draw a map of what we saw, and when. When nobody is in sight we run
to the nearest place that is new or was not seen for long. The heads of the monsters are the only pure red above the horizon.
"""

import math

import numba
import numpy as np

from fastheur.policy import Param, wrap

TASK = "vizdoom/d3_battle"
OBS = "screen"
S = 2  # pixels of the screen per pixel of what follows, 320 columns and 240 rows
FORWARD, BACKWARD, RIGHT, LEFT, TURN_LEFT, TURN_RIGHT, ATTACK, SPEED = range(8)
CENTRE, HORIZON, HEAD = 160, 120, 15  # column, row, and what a monster's head rises above our eyes, in map units
ACROSS, DOWN = 160, 192  # pixels per unit of width or height, one unit away
EYE, CEILING = 41, 87  # units from our eyes to the floor and to the ceiling
RAYS, WIDE, BANDS = 20, 16, 24  # depths per picture, columns of each, and parts of ten rows that they are read from
DEPTHS = np.array([20.0, 30, 45, 65, 90, 120, 160, 210, 280, 370, 500, 700])  # units
N, CELL = 64, 64.0  # cells of the map each way, where it starts anew, and units of each
DEGREE = math.pi / 180


def _looks():
    """Return the brightness of every band of a column, (2, depths, BANDS): walls that face one way are darker."""
    rows = np.arange(10 * BANDS) + 0.5 - HORIZON
    ground = np.where(rows < 0, 20.5 - 0.123 * rows, 20.5 + 0.26 * rows)
    looks = []
    for far, near in ((17.5, 1250.0), (30.5, 750.0)):
        for depth in DEPTHS:
            wall = (rows > -DOWN * CEILING / depth) & (rows < DOWN * EYE / depth)
            looks.append(np.where(wall, far + near / depth, ground).reshape(BANDS, 10).mean(1))
    return np.array(looks).reshape(2, len(DEPTHS), BANDS)


LOOKS = _looks()

STATE = [
    ("x", "f8"),  # middle of the head that we aim at, and its top row; -1 for none
    ("y", "f8"),
    ("mark_x", "f8"),  # the same in pixels of the screen
    ("mark_y", "f8"),
    ("held", "i8"),  # tics for which a turn key was held
    ("side", "i8"),  # of the last turn: 1 left, -1 right
    ("health", "f8"),
    ("heading", "f8"),  # radians to the left of that at the start
    ("east", "f8"),  # where we are, and what we cover per tic, in units
    ("north", "f8"),
    ("east_speed", "f8"),
    ("north_speed", "f8"),
    ("head_east", "f8"),  # where the last head was, and steps for which we still go there
    ("head_north", "f8"),
    ("chase", "i8"),
    ("clip_east", "f8"),  # where the last clip was, and whether it is still there
    ("clip_north", "f8"),
    ("clips", "i8"),
    ("jam", "i8"),  # steps for which we hardly moved
    ("alarm", "i8"),  # steps for which we still turn to see who hit us
    ("depth", "f8", (RAYS,)),
    ("solid", "i1", (N, N)),  # above 0: a wall
    ("seen", "i2", (N, N)),  # step at which we saw each cell last, from 1; 0 for never
    ("cost", "f4", (N, N)),  # cells of way to what is worth seeing, and what it lacks
]
MARKS = {"head": ("mark_x", "mark_y")}

PARAMS = {
    "far": Param(0.3, 0.0, 1.0),  # rows of nearness that a head loses per column off the centre
    "fire": Param(4.0, 0.0, 10.0),  # columns off the centre at which we fire, beside half the head's width
    "near": Param(110.0, 80.0, 120.0),  # row of the top of a head up to which it is near enough
    "hurt": Param(60.0, 0.0, 100.0),  # health below which we fetch a medkit in sight
    "low": Param(8.0, 0.0, 40.0),  # cartridges below which we go back to a clip
    "fetch": Param(125.0, 120.0, 240.0),  # row from which a clip is near enough to be fetched anyway
    "chase": Param(30.0, 0.0, 60.0),  # steps for which we go where we last saw a head that was not hit
    "range": Param(600.0, 100.0, 1000.0),  # units up to which we take a cell for seen
    "cap": Param(400.0, 50.0, 2000.0),  # steps after which a cell is as good as new
    "stale": Param(0.1, 0.0, 1.0),  # cells of way that a step more of age is worth
    "shy": Param(30.0, 0.0, 100.0),  # steps of age that a new cell loses per known one of the nine around it
    "clear": Param(1.0, 0.0, 5.0),  # cells of way that a cell beside a wall costs more
    "ahead": Param(4, 1, 10),  # cells of the way ahead that we run for
    "jam": Param(6, 2, 100),  # steps of hardly moving after which there must be a wall
}


@numba.njit
def pixel(obs, y, x):
    """Return red, green and blue of a pixel of 320 x 240."""
    return int(obs[0, S * y, S * x]), int(obs[1, S * y, S * x]), int(obs[2, S * y, S * x])


@numba.njit
def find_head(obs, state, params):
    """Set the place of the nearest head, or of a body so near that its head is out of sight; return half its width or -1."""
    best, half, x, start, end, top, count = -1e9, -1.0, 0, 0, 0, HORIZON, 0
    state.x, state.y = -1.0, -1.0
    for x in range(320):  # one head after the other: columns with red, with gaps of up to two
        for y in range(40, HORIZON - 3):  # the crosshair lies below
            red, green, _ = pixel(obs, y, x)
            if red >= 60 and green <= 31 and red - green >= 48:
                start, end, top, count = x if count == 0 else start, x + 1, min(top, y), count + 1
        if count > 0 and (x - end >= 2 or x == 319):
            middle = 0.5 * (start + end - 1)
            rank = -top - params.far * abs(middle - CENTRE)
            if count >= 2 and rank > best:
                best, half, state.x, state.y = rank, 0.5 * (end - start), middle, top
            top, count = HORIZON, 0
    if half < 0:
        total = 0
        for y in range(40, 240, 2):
            for x in range(0, 320, 2):
                red, green, blue = pixel(obs, y, x)
                if red >= 45 and 14 <= red - green <= 60 and green - blue >= 8:
                    total, count = total + x, count + 1
        if count > 750:
            half, state.x, state.y = 20.0, total / count, 100.0
    state.mark_x, state.mark_y = S * state.x, S * state.y
    return half


@numba.njit
def find_item(obs, gold):
    """Return column and row of the nearest thing on the floor, gold for a clip or green for a medkit; -1 for none."""
    for y in range(239, 124, -1):
        count, total = 0, 0
        for x in range(320):
            red, green, blue = pixel(obs, y, x)
            if green - blue >= 40 and ((red >= 150 and 10 <= red - green <= 64) if gold else red + 40 <= green >= 115):
                total, count = total + x, count + 1
        if count >= 2:
            return total / count, float(y)
    return -1.0, -1.0


@numba.njit
def ahead(state, x, far):
    """Return the place east and north that lies so far in the direction of a column."""
    angle = state.heading - math.atan((x - CENTRE) / ACROSS)
    return state.east + far * math.cos(angle), state.north + far * math.sin(angle)


@numba.njit
def cell(east, north):
    """Return row and column of the cell that a place lies in."""
    return int(math.floor(north / CELL)) % N, int(math.floor(east / CELL)) % N


@numba.njit
def draw_map(obs, state, now, params):
    """Read the depth of every ray, and enter what it says."""
    profile = np.zeros(BANDS)
    for ray in range(RAYS):
        profile[:] = 0.0
        for y in range(0, 240, 2):
            for x in range(WIDE * ray, WIDE * ray + WIDE):
                profile[y // 10] += obs[1, S * y, S * x] / (5.0 * WIDE)
        best = 1e18
        for kind in range(2):
            for place in range(len(DEPTHS)):
                error = 0.0
                for band in range(BANDS):
                    error += min(
                        (profile[band] - LOOKS[kind, place, band]) ** 2, 60.0
                    )  # things in the way count little
                if error < best:
                    best, state.depth[ray] = error, DEPTHS[place]
        x = WIDE * (ray + 0.5)
        length = state.depth[ray] * math.hypot(1.0, (x - CENTRE) / ACROSS)
        for far in range(0, int(min(length - 16.0, params.range)), 24):
            east, north = ahead(state, x, far)
            i, j = cell(east, north)
            if state.seen[i, j] != now:
                state.seen[i, j], state.solid[i, j] = now, max(-6, state.solid[i, j] - 1)
        if length < 450.0:
            east, north = ahead(state, x, length + 12.0)
            i, j = cell(east, north)
            state.solid[i, j] = min(6, state.solid[i, j] + (2 if length < 200.0 else 1))
    i, j = cell(state.east, state.north)
    state.seen[i, j], state.solid[i, j] = now, -6


@numba.njit
def cost_of(state, i, j, di, dj):
    """Return the cost of one of the eight cells beside a cell; much where a corner is in the way."""
    k, m = (i + di) % N, (j + dj) % N
    if (di == 0 and dj == 0) or (di != 0 and dj != 0 and (state.solid[i, m] > 0 or state.solid[k, j] > 0)):
        return 1e6
    return state.cost[k, m]


@numba.njit
def plan(state, now, low, params):
    """Bring the cost of all cells up to date, two sweeps there and two back."""
    lure = (-1, -1)
    if state.chase > 0:
        lure = cell(state.head_east, state.head_north)
    elif low and state.clips > 0:
        lure = cell(state.clip_east, state.clip_north)
    for turn in range(4):
        for a in range(N * N):
            i, j = divmod(a if turn % 2 == 0 else N * N - 1 - a, N)
            state.cost[i, j] = 1e6
            if state.solid[i, j] > 0:
                continue
            walls, known, best = 0, 0, 1e6
            for di in range(-1, 2):
                for dj in range(-1, 2):
                    k, m = (i + 2 * di) % N, (j + 2 * dj) % N
                    walls += state.solid[(i + di) % N, (j + dj) % N] > 0
                    known += state.solid[k, m] > 0 or state.seen[k, m] > 0
                    best = min(best, cost_of(state, i, j, di, dj) + (1.0 if di == 0 or dj == 0 else 1.414))
            lack = params.cap - now + state.seen[i, j] if state.seen[i, j] > 0 else params.shy * known
            own = -50.0 if (i, j) == lure else params.stale * max(0.0, lack)
            state.cost[i, j] = min(own, best + (params.clear if walls > 0 else 0.0))


@numba.njit
def find_way(state, params):
    """Return the heading of the place a few cells down the way."""
    i, j = cell(state.east, state.north)
    row, column = math.floor(state.north / CELL), math.floor(state.east / CELL)
    for step in range(params.ahead):
        best, bi, bj = 1e5 if step == 0 else state.cost[i, j], 0, 0
        for di in range(-1, 2):
            for dj in range(-1, 2):
                cost = cost_of(state, i, j, di, dj)
                if cost < best:
                    best, bi, bj = cost, di, dj
        i, j, row, column = (i + bi) % N, (j + bj) % N, row + bi, column + bj
    return math.atan2((row + 0.5) * CELL - state.north, (column + 0.5) * CELL - state.east)


@numba.njit
def slide(state):
    """Take away the part of our speed that a wall in sight does not allow."""
    off = wrap(state.heading - math.atan2(state.north_speed, state.east_speed))
    if math.hypot(state.east_speed, state.north_speed) < 1.0 or abs(off) > 40 * DEGREE:
        return
    ray = int((CENTRE + ACROSS * math.tan(off)) / WIDE)
    one, two = max(0, ray - 1), min(RAYS - 1, ray + 1)
    z1, z2 = state.depth[one], state.depth[two]
    y1, y2 = z1 * (CENTRE - WIDE * (one + 0.5)) / ACROSS, z2 * (CENTRE - WIDE * (two + 0.5)) / ACROSS
    if abs(z1 * y2 - z2 * y1) < 26.0 * math.hypot(z2 - z1, y2 - y1):
        angle = state.heading + math.atan2(y2 - y1, z2 - z1)
        along = state.east_speed * math.cos(angle) + state.north_speed * math.sin(angle)
        state.east_speed, state.north_speed = along * math.cos(angle), along * math.sin(angle)


@numba.njit
def count_on(state, action):
    """Work out where the buttons take us in the two tics of a step: Doom's thrust and friction."""
    fast = action[SPEED] > 0
    front = (action[FORWARD] - action[BACKWARD]) * (1.5625 if fast else 0.78125)
    aside = (action[LEFT] - action[RIGHT]) * (1.25 if fast else 0.75)
    for _ in range(2):
        state.held = state.held + 1 if action[TURN_LEFT] + action[TURN_RIGHT] > 0 else 0
        rate = 1.758 if state.held < 6 else 7.031 if fast else 3.516
        state.heading += (action[TURN_LEFT] - action[TURN_RIGHT]) * rate * DEGREE
        cos, sin = math.cos(state.heading), math.sin(state.heading)
        state.east_speed += front * cos - aside * sin
        state.north_speed += front * sin + aside * cos
        slide(state)
        state.east += state.east_speed
        state.north += state.north_speed
        state.east_speed *= 0.90625
        state.north_speed *= 0.90625


@numba.njit
def run(angle, state, action):
    """Run in a direction of the map, whichever way we look, and turn there."""
    off = wrap(angle - state.heading)
    action[SPEED] = 1
    if abs(off) > 8 * DEGREE:
        if abs(off) < 110 * DEGREE or state.side == 0:
            state.side = 1 if off > 0 else -1
        action[TURN_LEFT if state.side > 0 else TURN_RIGHT] = 1
        off -= state.side * 14 * DEGREE
    if abs(off) < 67 * DEGREE:
        action[FORWARD] = 1
    if abs(off) > 113 * DEGREE:
        action[BACKWARD] = 1
    if 23 * DEGREE < abs(off) < 157 * DEGREE:
        action[LEFT if off > 0 else RIGHT] = 1


@numba.njit
def fight(half, state, params, action):
    """Turn to the head and fire; what we press while we turn leaves when we have turned."""
    off = state.x - CENTRE
    slow, step = state.held < 5, 0.0
    if abs(off) >= 14 or (slow and abs(off) > 6):
        action[TURN_RIGHT if off > 0 else TURN_LEFT] = 1
        action[SPEED] = 1 if slow or abs(off) > 30 else 0
        step = 10.0 if slow else 40.0 if abs(off) > 30 else 20.0
    elif abs(off) > 1:
        action[RIGHT if off > 0 else LEFT] = 1
    if abs(off) - step <= params.fire + half:
        action[ATTACK] = 1
    if state.y > params.near and abs(off) < 60:
        action[FORWARD] = 1


def act(obs, info, state, params, action):
    half = find_head(obs, state, params)
    clip_x, clip_y = find_item(obs, True)
    kit_x, _ = find_item(obs, False)
    draw_map(obs, state, int(info.elapsed) + 1, params)
    low = params.low > info.AMMO2
    if clip_x >= 0:
        far = DOWN * EYE / (clip_y - HORIZON) * math.hypot(1.0, (clip_x - CENTRE) / ACROSS)
        (state.clip_east, state.clip_north), state.clips = ahead(state, clip_x, far), 1
    elif math.hypot(state.clip_east - state.east, state.clip_north - state.north) < 60.0:
        state.clips = 0
    if half >= 0 and info.AMMO2 == 0:  # a monster in the way is a wall then
        east, north = ahead(state, state.x, max(CELL, DOWN * HEAD / (HORIZON + 0.5 - state.y)))
        i, j = cell(east, north)
        state.solid[i, j] = 6
    plan(state, int(info.elapsed) + 1, low, params)
    way = find_way(state, params)
    state.chase = max(0, state.chase - 1)
    if info.reward > 0 or math.hypot(state.head_east - state.east, state.head_north - state.north) < 60.0:
        state.chase = 0
    state.alarm = 24 if state.health - 3 > info.HEALTH else max(0, state.alarm - 1)
    state.health = info.HEALTH
    if half >= 0 and info.AMMO2 > 0:
        state.head_east, state.head_north = ahead(state, state.x, DOWN * HEAD / (HORIZON + 0.5 - state.y))
        state.chase, state.alarm = int(params.chase), 0
        fight(half, state, params, action)
    elif state.alarm > 0 and info.AMMO2 > 0:
        action[TURN_LEFT if state.side >= 0 else TURN_RIGHT] = 1
        action[SPEED] = 1
    elif kit_x >= 0 and params.hurt > info.HEALTH:
        run(state.heading - math.atan((kit_x - CENTRE) / ACROSS), state, action)
    elif clip_x >= 0 and (low or clip_y > params.fetch):
        run(state.heading - math.atan((clip_x - CENTRE) / ACROSS), state, action)
    else:
        state.jam = state.jam + 1 if math.hypot(state.east_speed, state.north_speed) < 6.0 else 0
        if state.jam > params.jam:
            i, j = cell(state.east + CELL * math.cos(way), state.north + CELL * math.sin(way))
            state.solid[i, j], state.jam = 6, 0
        run(way, state, action)
    if action[TURN_LEFT] + action[TURN_RIGHT] == 0:  # both at once turn nowhere, and the next turn is fast at once
        action[TURN_LEFT], action[TURN_RIGHT] = 1, 1
    count_on(state, action)
