"""VizDoom D3 from the screen: turn to the nearest red head, fire when it is centred, strafe, fetch what lies about."""

import numba

from fastheur.policy import Frame, Param, Shade

TASK = "vizdoom/d3_battle"
OBS = "screen"
RED, FIRE, ITEM, DARK = 0, 1, 2, 3
GREY = (-4, 4)
FRAME = Frame(
    "masks",
    crop=(80, 480, 0, 640),
    shades=(
        Shade(red=(60, 255), green=(0, 31), red_green=(48, 255)),
        Shade(red=(150, 255), green=(88, 255), green_blue=(50, 255)),
        Shade(red=(99, 255), red_green=GREY, green_blue=GREY),
        Shade(red=(0, 30), red_green=GREY, green_blue=GREY),
    ),
    every=(2, 2),
)
ROWS, COLUMNS = 200, 320
CENTRE, HORIZON = 160, 80  # of the thinned, cropped frame
FORWARD, BACKWARD, MOVE_RIGHT, MOVE_LEFT, TURN_LEFT, TURN_RIGHT, ATTACK, SPEED = 0, 1, 2, 3, 4, 5, 6, 7

STATE = [
    ("x", "f8"),  # column of the head we aim at, -1 for none
    ("y", "f8"),
    ("item_x", "f8"),
    ("item_y", "f8"),
    ("held", "i8"),  # steps in a row that a turn was held: from the fourth on it is twice as fast
    ("side", "i8"),  # of the last turn
    ("blind", "i8"),
    ("strafe", "i8"),
    ("open_x", "f8"),
]
MARKS = {"head": ("x", "y"), "item": ("item_x", "item_y")}

PARAMS = {
    "far": Param(0.3, 0.0, 2.0),  # rows of nearness that a head loses per column off the centre
    "fire": Param(3.0, 1.0, 12.0),  # columns off the centre at which we fire, beside half the head's width
    "turn": Param(6.0, 2.0, 20.0),  # columns off the centre from which we turn
    "near_y": Param(70.0, 20.0, 80.0),  # row of the top of a head up to which it is near
    "hurt": Param(60.0, 0.0, 100.0),  # health below which medkits come first
    "strafing": Param(10, 1, 40),  # steps on one side
}


@numba.njit
def columns(plane, top, bottom, counts):
    for x in range(COLUMNS):
        counts[x] = 0
    for y in range(top, bottom):
        for x in range(COLUMNS):
            counts[x] += plane[y, x]


def act(obs, info, state, params, action):
    # the nearest head
    best = -1e9
    state.x, state.y = -1.0, -1.0
    half = 0.0
    x = 0
    red = obs[RED]
    while x < COLUMNS:
        top = -1
        for y in range(HORIZON - 3):
            if red[y, x]:
                top = y
                break
        if top < 0:
            x += 1
            continue
        start, gap, end, count = x, 0, x + 1, 0
        while x < COLUMNS and gap < 3:
            seen = False
            for y in range(HORIZON - 3):
                if red[y, x]:
                    seen = True
                    count += 1
                    if y < top:
                        top = y
            if seen:
                gap = 0
                end = x + 1
            else:
                gap += 1
            x += 1
        middle = 0.5 * (start + end - 1)
        rank = -top - params.far * abs(middle - CENTRE)
        if count >= 2 and rank > best:
            best = rank
            state.x, state.y, half = middle, top, 0.5 * (end - start)
    # the nearest item
    state.item_x, state.item_y = -1.0, -1.0
    for y in range(ROWS - 1, HORIZON + 4, -1):
        total, weight = 0, 0
        for x in range(COLUMNS):
            if obs[ITEM][y, x]:
                total += 1
                weight += x
        if total >= 3:
            state.item_x, state.item_y = weight / total, y
            break
    turn = 0
    if state.x >= 0:
        state.blind = 0
        off = state.x - CENTRE
        if abs(off) <= params.fire + half and info.AMMO2 > 0:
            action[ATTACK] = 1
        if abs(off) > params.turn:
            turn = 1 if off > 0 else -1
            if abs(off) < 20 and state.held >= 3:
                turn = 0
        state.strafe += 1
        if abs(off) < params.turn and abs(off) > 1:
            action[MOVE_RIGHT if off > 0 else MOVE_LEFT] = 1
        if state.y > params.near_y:
            action[FORWARD] = 1
    else:
        state.blind += 1
    need = params.hurt > info.HEALTH or info.AMMO2 < 10
    if state.item_x >= 0 and (need or state.x < 0):
        off = state.item_x - CENTRE
        if abs(off) > 12:
            turn = 1 if off > 0 else -1
        if abs(off) < 80:
            action[FORWARD] = 1
            action[SPEED] = 1
    elif state.x < 0:
        # go where it is dark: far away
        best_dark, at = 0.0, -1
        dark = 0.0
        for x in range(COLUMNS):
            for y in range(HORIZON - 8, HORIZON + 8):
                dark += obs[DARK][y, x]
                if x >= 40:
                    dark -= obs[DARK][y, x - 40]
            if x >= 40 and dark - 0.5 * abs(x - 20 - CENTRE) > best_dark:
                best_dark, at = dark - 0.5 * abs(x - 20 - CENTRE), x - 20
        state.open_x = at
        if best_dark < 200:
            turn = 1 if state.side >= 0 else -1
        else:
            off = at - CENTRE
            if abs(off) > 15:
                turn = 1 if off > 0 else -1
            action[FORWARD] = 1
            action[SPEED] = 1
    if turn != 0:
        state.side = turn
        state.held += 1
        action[TURN_RIGHT if turn > 0 else TURN_LEFT] = 1
    else:
        state.held = 0
