"""VizDoom D3 from the screen: turn to the nearest red head and fire, follow one that got away, else look around or search.

Walls, floor and ceiling are grey, and the darker the farther. The heads of the monsters are the only red things above the
horizon. Below it, only medkits have green (their letters), and only clips gold. One hit kills, most times, so what counts
is to find the next monster: after a fight we look around, then walk from thing to thing, else to where it is far.
"""

import math

import numba

from fastheur.policy import Frame, Param, Shade

TASK = "vizdoom/d3_battle"
OBS = "screen"
RED, GOLD, GREEN, DARK = 0, 1, 2, 3
GREY = (-4, 4)
FRAME = Frame(
    "masks",
    crop=(80, 480, 0, 640),
    shades=(
        Shade(red=(60, 255), green=(0, 31), red_green=(48, 255)),
        Shade(red=(150, 255), red_green=(10, 64), green_blue=(40, 255)),
        Shade(green=(115, 255), red_green=(-255, -40), green_blue=(40, 255)),
        Shade(red=(0, 23), red_green=GREY, green_blue=GREY),
        Shade(red=(0, 30), red_green=GREY, green_blue=GREY),
        Shade(red=(0, 39), red_green=GREY, green_blue=GREY),
    ),
    every=(2, 2),
)
ROWS, COLUMNS = 200, 320  # of the thinned, cropped frame, as are all places here
CENTRE, HORIZON = 160, 80
FORWARD, MOVE_RIGHT, MOVE_LEFT, TURN_LEFT, TURN_RIGHT, ATTACK, SPEED = 0, 2, 3, 4, 5, 6, 7
SLOW = 3  # steps in a row for which a held turn is slow
SLOW_TURN = math.radians(3.516)  # a step; a turn held longer is twice as fast, with SPEED four times
SLOW_COLUMNS = 10.0  # what a slow step turns, in columns at the centre

STATE = [
    ("x", "f8"),  # middle of the head that we aim at, and its top; -1 for none
    ("y", "f8"),
    ("clip_x", "f8"),  # the nearest clip and the nearest medkit on the floor; -1 for none
    ("clip_y", "f8"),
    ("kit_x", "f8"),
    ("kit_y", "f8"),
    ("open_x", "f8"),  # where it is far
    ("held", "i8"),  # steps in a row that the turn was held
    ("side", "i8"),  # of the last turn: -1 left, 1 right
    ("blind", "i8"),  # steps without a head in sight, or since something unseen hit us
    ("spin", "i8"),  # steps left of turning away from what we ran into
    ("health", "f8"),
    ("heading", "f8"),  # what our own turns make of it, in radians to the left
    ("goal", "f8"),  # heading at which a head was last seen
    ("chase", "i8"),  # steps for which we still go there
    ("same", "i8"),  # steps in a row without much change in the picture
    ("blocked", "i8"),  # above 0: we turned on the spot a step ago, and keep the side
    ("dark", "i4", (COLUMNS,)),  # darkness of each column around the horizon, up to 3 per row
]
MARKS = {
    "head": ("x", "y + 40"),
    "clip": ("clip_x", "clip_y + 40"),
    "medkit": ("kit_x", "kit_y + 40"),
    "far": ("open_x", None),
}

PARAMS = {
    "far": Param(0.3, 0.0, 1.0),  # rows of nearness that a head loses per column off the centre
    "fire": Param(4.0, 0.0, 10.0),  # columns off the centre at which we fire, beside half the head's width
    "lead": Param(1.0, 0.0, 2.5),  # steps of turning that pass between the press and the shot
    "turn": Param(6.0, 2.0, 20.0),  # columns off the centre from which we turn
    "brake": Param(20.0, 5.0, 60.0),  # columns off the centre within which a fast turn is let go
    "rush": Param(55.0, 20.0, 160.0),  # columns off the centre from which we turn twice as fast
    "near_y": Param(70.0, 40.0, 80.0),  # row of the top of a head up to which it is near enough
    "fetch": Param(85.0, 80.0, 160.0),  # row from which a thing on the floor is near enough to be fetched anyway
    "hurt": Param(60.0, 20.0, 100.0),  # health below which a medkit comes first
    "low": Param(10.0, 0.0, 40.0),  # cartridges below which a clip does
    "band": Param(10, 4, 30),  # rows above and below the horizon that tell how far it is
    "window": Param(20, 4, 60),  # columns on each side that must be far too
    "side_cost": Param(0.08, 0.0, 0.5),  # darkness that a direction loses per column off the centre
    "stay": Param(4.0, 0.0, 30.0),  # darkness that the side of the last turn gains
    "open": Param(36.0, 10.0, 55.0),  # mean darkness (0 near .. 60 far) from which a direction is free
    "steer": Param(15.0, 5.0, 60.0),  # columns off the centre from which we turn to it
    "drift": Param(6.0, 0.0, 60.0),  # darkness that one side must have more for us to keep off the other
    "camp": Param(24.0, 0.0, 80.0),  # blind steps for which we look around
    "roam": Param(80.0, 10.0, 200.0),  # blind steps for which we run, then
    "chase": Param(20.0, 0.0, 60.0),  # steps for which we go where we last saw a head that was not hit
    "still": Param(0.3, 0.0, 3.0),  # mean change of a column up to which the picture is the same
    "stuck": Param(8.0, 1.0, 26.0),  # steps of turning then
    "tie": Param(1.0, 0.0, 10.0),  # darkness that one side must have more for us to turn there when blocked
}


@numba.njit
def find_head(red, state, params):
    """Set the place of the nearest head and return half its width, or -1."""
    best, half, x = -1e9, -1.0, 0
    state.x, state.y = -1.0, -1.0
    while x < COLUMNS:
        start, end, top, count, gap = x, x, HORIZON, 0, 0
        while x < COLUMNS and gap < 3:  # one head after the other: columns with red, with gaps of up to two
            gap += 1
            for y in range(HORIZON - 3):  # the crosshair lies below
                if red[y, x]:
                    count += 1
                    gap, end = 0, x + 1
                    top = min(top, y)
            x += 1
            if count == 0:
                start, gap = x, 0
                break
        middle = 0.5 * (start + end - 1)
        rank = -top - params.far * abs(middle - CENTRE)
        if count >= 2 and rank > best:
            best, half = rank, 0.5 * (end - start)
            state.x, state.y = middle, top
    return half


@numba.njit
def find_item(plane):
    """Return column and row of the nearest thing on the floor, the lowest in the picture; -1 for none."""
    for y in range(ROWS - 1, HORIZON + 4, -1):
        count, total = 0, 0
        for x in range(COLUMNS):
            if plane[y, x]:
                count += 1
                total += x
        if count >= 2:
            return total / count, float(y)
    return -1.0, -1.0


@numba.njit
def find_open(dark, state, params):
    """Set the direction in which it is far, and return its rank; -1 where none is free."""
    width, scale = 2 * params.window, 10.0 / params.band
    change = 0
    for x in range(COLUMNS):
        before, state.dark[x] = state.dark[x], 0
        for y in range(HORIZON - params.band, HORIZON + params.band):
            state.dark[x] += dark[0, y, x] + dark[1, y, x] + dark[2, y, x]
        change += abs(state.dark[x] - before)
    state.same = state.same + 1 if change < params.still * COLUMNS else 0
    best, total = -1.0, 0.0
    for x in range(COLUMNS):
        total += state.dark[x]
        if x >= width:
            total -= state.dark[x - width]
            off = x - 0.5 * width - CENTRE
            found = total / width * scale
            rank = found - params.side_cost * abs(off) + (params.stay if off * state.side > 0 else 0.0)
            if found > params.open and rank > best:
                best = rank
                state.open_x = x - 0.5 * width
    return best


@numba.njit
def mean_dark(state, params, left, right):
    """Return the mean darkness of some columns, 0 near to 60 far."""
    total = 0.0
    for x in range(left, right):
        total += state.dark[x]
    return total / (right - left) * 10.0 / params.band


def act(obs, info, state, params, action):
    half = find_head(obs[RED], state, params)
    state.clip_x, state.clip_y = find_item(obs[GOLD])
    state.kit_x, state.kit_y = find_item(obs[GREEN])
    if info.AMMO2 == 0:
        half = -1.0
    best = find_open(obs[DARK:], state, params)
    turn = 0
    state.blocked = max(0, state.blocked - 1)
    hit = state.health - 3 > info.HEALTH
    state.health = info.HEALTH
    state.chase = max(0, state.chase - 1)
    if info.reward > 0:
        state.chase = 0
    if half >= 0:  # fight; the shot leaves two steps after the press, so we press while we still turn
        state.blind, state.spin = 0, 0
        off = state.x - CENTRE
        state.goal, state.chase = state.heading - math.atan(off / CENTRE), int(params.chase)
        step = 0.0
        if abs(off) > params.turn:
            turn = 1 if off > 0 else -1
            step = SLOW_COLUMNS if turn != state.side or state.held < SLOW else 2.0 * SLOW_COLUMNS
            if abs(off) > params.rush:
                action[SPEED] = 1
                step *= 2.0
        elif abs(off) > 1:
            action[MOVE_RIGHT if off > 0 else MOVE_LEFT] = 1
        if abs(off) - params.lead * step <= params.fire + half:
            action[ATTACK] = 1
        if state.y > params.near_y and abs(off) < params.rush:
            action[FORWARD] = 1
    else:
        state.blind += 1
        if hit:
            state.blind = 0
    hurt = params.hurt > info.HEALTH
    low = params.low > info.AMMO2
    camping = half < 0 and not hurt and not low and state.blind % int(params.camp + params.roam) < params.camp
    idle = half < 0 and not camping
    item_x = -1.0
    if state.clip_x >= 0 and (low or (idle and state.clip_y > params.fetch)):
        item_x = state.clip_x
    if state.kit_x >= 0 and (hurt or (idle and state.kit_y > max(params.fetch, state.clip_y))):
        item_x = state.kit_x
    if item_x >= 0:  # fetch
        off = item_x - CENTRE
        turn = 0 if abs(off) < 12 else 1 if off > 0 else -1
        if abs(off) < 80:
            action[FORWARD] = 1
            action[SPEED] = 1
    elif half < 0 and state.chase > 0 and not hurt:  # follow
        off = CENTRE * math.tan(max(-1.5, min(1.5, state.heading - state.goal)))
        if abs(off) > params.steer:
            turn = 1 if off > 0 else -1
        if abs(off) < 100:
            action[FORWARD] = 1
        action[SPEED] = 1
    elif half < 0 and (camping or state.spin > 0 or best < 0 or state.same > 2):  # look around, or turn away
        if state.same > 2 and state.spin == 0 and not camping:
            state.spin = int(params.stuck)
        if state.blocked == 0:
            lean = mean_dark(state, params, CENTRE, COLUMNS) - mean_dark(state, params, 0, CENTRE)
            state.side = 1 if lean > params.tie else -1 if lean < -params.tie else state.side
        state.blocked = 2
        state.spin = max(0, state.spin - 1)
        turn = 1 if state.side >= 0 else -1
        action[SPEED] = 1
        off = 1000.0
    elif half < 0:  # search
        off = state.open_x - CENTRE
        if abs(off) > params.steer:
            turn = 1 if off > 0 else -1
        action[FORWARD] = 1
        action[SPEED] = 1
        lean = mean_dark(state, params, CENTRE, COLUMNS) - mean_dark(state, params, 0, CENTRE)
        if abs(lean) > params.drift:
            action[MOVE_RIGHT if lean > 0 else MOVE_LEFT] = 1
    if turn != 0 and state.held >= SLOW and abs(off) < params.brake:  # let go, and the next turn is slow again
        turn = 0
    rate = SLOW_TURN if state.held < SLOW or turn != state.side else SLOW_TURN * (4.0 if action[SPEED] > 0 else 2.0)
    state.heading -= turn * rate
    if turn != 0:
        state.held = state.held + 1 if turn == state.side else 1
        state.side = turn
        action[TURN_RIGHT if turn > 0 else TURN_LEFT] = 1
    else:
        state.held = 0
