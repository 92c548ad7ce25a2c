"""Pong from RAM: intercept the ball, and meet it with the part of the paddle whose return the opponent cannot reach.

The court is simple enough to simulate. The ball moves one pixel per frame in x and -2..2 in y; which of the five
vertical speeds it leaves our paddle with depends only on where it meets the paddle. The opponent follows the ball with
2 pixels in 7 of 8 frames, a little slower than a steep ball. So for each of the five returns we play the ball on to the
opponent's side and see how far the opponent will be from it there, and take the return that leaves it farthest away.
"""

from fastheur.policy import Param, uniform

TASK = "atari/pong"
OBS = "ram"

# RAM bytes, found by probing.
BALL_X, BALL_Y = 49, 54
PLAYER_NEXT, ENEMY_Y = 60, 50  # tops of the paddles; 60 shows our paddle's next row
STICK = 4  # row that our paddle settles at, in frames where it is not 110 (the opponent's turn to be read)
CLOCK = 8  # frame counter

TOP, BOTTOM = 45, 206  # the ball turns when it is at or beyond these rows
OUR_X, ENEMY_X = 188, 68  # ball x at contact
HIGHEST, LOWEST = 38.0, 204.0  # reach of our paddle
PRESS = 5.7  # rows that one frame of a pressed button moves the paddle: it can stop only on a grid of this step

STATE = [
    ("x", "i8"),  # ball one frame ago
    ("y", "i8"),
    ("stick", "f8"),  # row that the paddle will settle at
    ("want", "f8"),  # row chosen for this approach
    ("chosen", "i8"),
    ("rally", "i8"),  # returns since the last point
    ("lag", "f8", (5,)),  # predicted distance of the opponent from the ball, per return
]

PARAMS = {
    "margin": Param(1.5, 0.0, 4.0),  # rows that we stay away from the paddle's ends when aiming
    "deadband": Param(3.0, 1.0, 10.0),  # about half a press: do not chase less
    "patience": Param(6, 1, 50),  # returns in one rally after which choices are mixed with noise, to break cycles
    "noise": Param(25.0, 0.0, 60.0),
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


def plan(state, params, y, dy, dx, x, enemy, frame):
    """Choose the paddle row for the approaching ball: reachable, safe, and with the best return."""
    for _ in range(max(0, (OUR_X - x) // dx)):
        y, dy = bounce(y, dy)
        frame += 1
        enemy = chase(enemy, y, frame)
    noise = params.noise if state.rally >= params.patience else 0.0
    for zone in range(5):
        ball, fly, other = y, zone - 2, enemy
        for k in range(OUR_X - ENEMY_X):
            ball, fly = bounce(ball, fly)
            other = chase(other, ball, frame + k)
        off = ball - other
        state.lag[zone] = max(-off, off) + noise * uniform(state)
    best = -1e9
    for presses in range(-36, 37):
        row = state.stick + PRESS * presses
        if row < HIGHEST - 3.0 or row > LOWEST + 3.0:
            continue
        row = min(LOWEST, max(HIGHEST, row))
        off = y - row  # -3..15 is paddle, in zones of four rows
        zone = min(4, max(0, int((off + 3.0) // 4.0)))
        outside = max(-3.0 + params.margin - off, off - (15.0 - params.margin))
        value = state.lag[zone] - 20.0 * max(0.0, outside)
        if value > best:
            best = value
            state.want = row


def act(obs, info, state, params):
    x, y = int(obs[BALL_X]), int(obs[BALL_Y])
    dx, dy = x - state.x, y - state.y
    state.x, state.y = x, y
    if int(obs[STICK]) != 110:
        state.stick = float(obs[STICK])

    if y == 0 or abs(dx) > 4:  # no ball in play, or just served
        state.chosen = 0
        state.rally = 0
        state.want = 110.0
    elif dx > 0:
        if state.chosen == 0:
            # Choose once per approach: a choice that flickers would leave the paddle between two zones.
            state.chosen = 1
            state.rally += 1
            plan(state, params, y, max(-2, min(2, dy)), dx, x, int(obs[ENEMY_Y]), int(obs[CLOCK]))
    else:
        state.chosen = 0
        state.want = 120.0 + params.rest * (y - 120.0) - 6.0
    want = min(LOWEST, max(HIGHEST, state.want))
    # The game reads the stick in every second frame only; in between we count our own presses.
    if state.stick > want + params.deadband:
        state.stick -= PRESS
        return 2
    if state.stick < want - params.deadband:
        state.stick += PRESS
        return 3
    return 0
