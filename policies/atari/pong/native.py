"""Pong from pixels: intercept the ball, and meet it with the part of the paddle whose return the opponent cannot reach.

The rules are those of ram.py; see there for why the court can be simulated. Here ball and paddles are found by colour,
and two things that a single frame does not show are inferred from motion: where our paddle will settle (the joystick's
position, which the paddle follows with a lag) and in which of eight frames the opponent rests.
"""

from fastheur.policy import Param, uniform
from fastheur.vision import bounding_box

TASK = "atari/pong"
OBS = "native"

# Rows and columns are kept in the game's own coordinates, so that the rules read the same in both modes.
COURT_TOP, COURT_BOTTOM = 34, 194  # screen rows between the white bars

TOP, BOTTOM = 45, 206  # the ball turns when it is at or beyond these rows
OUR_X, ENEMY_X = 188, 68  # ball x at contact
BLURRED_X = 176  # from about here on the ball is drawn on every second row only
HIGHEST, LOWEST = 38.0, 204.0  # reach of our paddle
PRESS = 5.78  # rows that one frame of a pressed button moves the paddle: it can stop only on a grid of this step

STATE = [
    ("x", "i8"),  # ball one frame ago
    ("y", "i8"),
    ("dy", "i8"),  # its vertical speed
    ("paddle", "f8"),  # row of our paddle one frame ago
    ("moved", "i8"),  # frame of that move; the paddle moves in every second frame only
    ("enemy", "i8"),  # row of the opponent one frame ago
    ("clock", "i8"),  # frame counter of the opponent's rests, modulo 8
    ("pressed", "f8"),  # effect of our last action on the stick
    ("stick", "f8"),  # row that the paddle will settle at
    ("want", "f8"),  # row to settle at
    ("chosen", "i8"),  # the returns of this approach have been rated
    ("rally", "i8"),  # returns since the last point
    ("value", "f8", (5,)),  # of the five returns, vertical speed -2..2
]

PARAMS = {
    "margin": Param(0.25, 0.0, 4.0),  # rows that we stay away from the paddle's ends when aiming
    "deadband": Param(3.0, 1.0, 10.0),  # about half a press: do not chase less
    "patience": Param(6, 1, 50),  # returns in one rally after which choices are mixed with noise
    "noise": Param(25.0, 0.0, 60.0),  # breaks rallies that would go on for ever
    "foresight": Param(1.0, 0.0, 3.0),  # weight of the opponent's predicted miss one exchange later
    "calm": Param(4.0, 0.0, 20.0),  # what a press costs late in the approach, where it may go wrong
    "rest": Param(0.5, 0.0, 1.0),  # while the ball flies away: 0 stay in the middle, 1 follow the ball
}


def bounce(y, dy):
    """Return row and vertical speed one frame later."""
    if (y <= TOP and dy < 0) or (y >= BOTTOM and dy > 0):
        return y - dy - (1 if dy > 0 else -1), -dy
    return y + dy, dy


def chase(enemy, y, frame):
    """Return the opponent's row one frame later: 2 rows towards the ball, idle in every eighth frame."""
    if frame % 8 == 1:
        return enemy
    if y > enemy:
        return enemy + 2
    if y < enemy:
        return enemy - 2
    return enemy


def cross(y, dy, enemy, frame):
    """Play the ball across the court; return its row, its vertical speed and the opponent's row at the far side."""
    for k in range(OUR_X - ENEMY_X):
        y, dy = bounce(y, dy)
        enemy = chase(enemy, y, frame + k + 1)
    return y, dy, enemy


def zone_of(off):
    """Return the vertical speed that a paddle returns a ball with, ``off`` rows below its top: -3..15, zones of 4."""
    return min(2, max(-2, int((off + 3.0) // 4.0) - 2))


def miss(off):
    """Return by how many rows the opponent misses; negative if it hits."""
    return max(-4.5 - off, off - 14.5)


def rate_returns(state, params, y, enemy, frame):
    """Fill state.value: what each return from row y is worth. A miss ends it; else look one exchange ahead."""
    noise = params.noise if state.rally >= params.patience else 0.0
    for zone in range(5):
        there, _, other = cross(y, zone - 2, enemy, frame)
        by = miss(there - other)
        if by > 0.0:
            value = 20.0 + min(by, 8.0)
        else:
            back, _, late = cross(there, zone_of(there - other), other, frame + 120)
            following = -20.0
            for then in range(-2, 3):
                far, _, last = cross(back, then, late, frame + 240)
                following = max(following, miss(far - last))
            value = min(by, 0.0) * 0.3 + params.foresight * min(following, 8.0)
        state.value[zone] = value + noise * uniform(state)


def aim(state, params, y, dy, frames):
    """Return the paddle row for a ball that arrives in row y: reachable, safe, and with the best return."""
    low = -3.0 + params.margin  # a ball that moves outwards needs a little more paddle
    high = 15.0 - params.margin
    if dy < 0:
        low -= 0.75 * dy
    if dy > 0:
        high -= 0.25 * dy
    best, want = -1e9, state.stick
    for presses in range(-36, 37):
        row = state.stick + PRESS * presses
        if row < HIGHEST - 3.0 or row > LOWEST + 3.0:
            continue
        off = y - min(LOWEST, max(HIGHEST, row))
        late = max(0, abs(presses) + 2 - frames)
        value = (
            state.value[zone_of(off) + 2]
            - 20.0 * max(0.0, low - off, off - high)
            - (params.calm if frames < 12 else 0.1) * abs(presses)
            - 10.0 * late
        )
        if value > best:
            best, want = value, row
    return want


def track(state, paddle, now):
    """Update the estimate of where our paddle will settle: every move halves its distance to that row."""
    state.stick += state.pressed
    if state.stick < HIGHEST:
        state.stick = HIGHEST
    if state.stick > LOWEST:
        state.stick = LOWEST
    if paddle != state.paddle:
        state.moved = now
        seen = 2.0 * paddle - state.paddle + state.pressed  # the move reacted to everything but the last press
        if abs(seen - state.stick) > 3.0:
            state.stick = seen
    elif now - state.moved > 6:
        state.stick = paddle  # it has come to rest
    state.paddle = paddle


def act(obs, info, state, params):
    now = int(info.elapsed)
    count, top, bottom, left, _ = bounding_box(obs, 236, 236, 236, COURT_TOP, COURT_BOTTOM, 0, 160)
    x, y = 0, 0
    if count > 0:  # a ball at the upper bar is cut off
        x, y = left + 49, (top + 14 if top > COURT_TOP else bottom + 10)
    dx, dy, y_before = x - state.x, y - state.y, state.y
    state.x, state.y = x, y

    count, top, bottom, _, _ = bounding_box(obs, 92, 186, 92, COURT_TOP, COURT_BOTTOM, 140, 144)
    paddle = state.paddle
    if count > 0:
        paddle = top + 13.5 if top > COURT_TOP else max(38.0, bottom - 2.5)
    track(state, paddle, now)

    count, top, bottom, _, _ = bounding_box(obs, 213, 130, 74, COURT_TOP, COURT_BOTTOM, 16, 20)
    enemy = state.enemy
    if count > 0:
        enemy = top + 15 if top > COURT_TOP else bottom - 1
    state.clock += 1
    if enemy == state.enemy and y > 0 and abs(y - enemy) >= 5 and 60 < enemy < 180:
        state.clock = 1
    state.enemy = enemy

    if y == 0 or abs(dx) > 4:  # no ball in play, or just served
        state.chosen = 0
        state.rally = 0
        state.want = 110.0
    elif dx > 0:
        if state.chosen == 0:
            state.dy = dy
        elif x > BLURRED_X:  # rows seen here are off by one: count instead
            y, state.dy = bounce(y_before, state.dy)
            state.y = y
        elif dy * state.dy < 0:
            state.dy = -state.dy  # a wall: the frame of the turn itself shows one row too many
        row, speed, frame = y, state.dy, state.clock
        frames = max(0, (OUR_X - x) // dx)
        for _ in range(frames):
            row, speed = bounce(row, speed)
            frame += 1
            enemy = chase(enemy, row, frame)
        if state.chosen == 0:
            # Rate the returns once per approach: a choice that flickers would leave the paddle between two zones.
            state.chosen = 1
            state.rally += 1
            rate_returns(state, params, row, enemy, frame)
        state.want = aim(state, params, row, speed, frames)
    else:
        state.chosen = 0
        state.want = 120.0 + params.rest * (y - 120.0) - 6.0
    want = min(LOWEST, max(HIGHEST, state.want))
    state.pressed = 0.0
    if state.stick > want + params.deadband:
        state.pressed = -PRESS
        return 2
    if state.stick < want - params.deadband:
        state.pressed = PRESS
        return 3
    return 0
