"""Breakout from pixels: predict where the ball comes down, be there early, and send it left or right by a fresh choice.

The rules are those of ram.py; see there for the reasons. The ball is drawn in the colour of the band that it is in: red
below the bricks, grey like the walls above them, and between them like the row of bricks, where only its width tells it
from a brick. Where the paddle will settle (it follows the control with a lag) cannot be seen and is inferred from its
motion and from our own presses.
"""

from fastheur.policy import Param, uniform
from fastheur.vision import bounding_box

TASK = "atari/breakout"
OBS = "native"

# Screen rows where the sky, the bricks, the free space below them, and the paddle begin, and where the paddle ends.
SKY, BRICKS, BELOW, PADDLE_TOP, PADDLE_BOTTOM = 32, 57, 93, 189, 193
BALL_HEIGHT = 4
# Columns and rows are kept in the game's own coordinates, so that the rules read the same in both modes.

LEFT, RIGHT = 55.5, 200.5  # the ball's turning columns
PADDLE_LEFT, PADDLE_RIGHT = 55.0, 191.0  # reach of the paddle's left edge
CONTACT_Y = 178.5
GONE = 30  # frames without sight of the ball after which it is out, and not just hidden by bricks
EVERYTHING = 864.0  # points in the two walls of a game
PRESS = 5.8  # pixels that one frame of a pressed button moves the paddle

STATE = [
    ("unseen", "i8"),  # frames without sight of the ball
    ("paddle", "f8"),  # left edge of the paddle one frame ago
    ("width", "i8"),
    ("still", "i8"),  # frames since the paddle moved
    ("pressed", "f8"),  # effect of our last action on the control
    ("settling", "f8"),  # column that the paddle will settle at
    ("x", "i8"),  # ball one frame ago
    ("y", "i8"),
    ("dx", "f8"),  # last steps of the ball that were not zero
    ("dy", "f8"),
    ("way_x", "f8"),  # way of the ball since it last changed its speed, and the frames this took
    ("way_y", "f8"),
    ("frames", "f8"),
    ("playing", "i8"),
    ("score", "f8"),
    ("dry", "i8"),  # frames since the last brick
    ("side", "f8"),  # half of the paddle to meet the ball with: -1 left, 1 right
]

PARAMS = {
    "margin": Param(1.5, 0.0, 4.0),  # pixels of paddle beside the ball that we want on both sides
    "near": Param(0.7, 0.0, 4.0),  # least distance from the paddle's middle, for the ball to leave on the wished side
    "patience": Param(3000, 500, 100000),  # frames without a brick after which we give up the ball
    "late": Param(16.0, 0.0, 40.0),  # frames before contact in which the paddle should be at rest
    "calm": Param(4.0, 0.0, 20.0),  # what a press costs then: a repeated action can carry the paddle too far
}


def fold(x):
    """Reflect a column at the side walls until it lies between them."""
    for _ in range(8):
        if x < LEFT:
            x = 2.0 * LEFT - x
        elif x > RIGHT:
            x = 2.0 * RIGHT - x
    return x


def aim(state, params, landing, settling, half, frames):
    """Return how many presses (negative: to the left) bring the paddle to meet the ball on the wished side.

    The paddle can settle only on a grid of PRESS pixels. Of its points we take the one that is safe, not too near the
    paddle's ends, then on the wished side, then near the middle; late corrections cost, as they may go wrong.
    """
    best, presses = 1e9, 0
    guess = int(round((landing - half - settling) / PRESS))
    for k in range(guess - 2, guess + 3):
        column = min(PADDLE_RIGHT, max(PADDLE_LEFT, settling + PRESS * k))
        offset = landing - half - column
        cost = 10.0 * max(0.0, abs(offset) - (half - params.margin)) + 0.1 * abs(offset)
        if offset * state.side < params.near:
            cost += 3.0
        if frames < params.late:
            cost += params.calm * abs(k)
        if cost < best:
            best, presses = cost, k
    return presses


def restart(state):
    """Forget the speed measured so far."""
    state.way_x, state.way_y, state.frames = 0.0, 0.0, 0.0


def lone_pair(obs, y, x):
    """Say whether exactly two lit pixels begin at this place of a row: bricks are wider."""
    return obs[0, y, x - 1] == 0 and obs[0, y, x] > 0 and obs[0, y, x + 1] > 0 and obs[0, y, x + 2] == 0


def find_ball(obs):
    """Return column and row of the ball, or a row of 0 if it is not to be seen."""
    count, top, bottom, left, _ = bounding_box(obs, 200, 72, 72, BELOW, PADDLE_TOP, 0, 160)
    if count > 0:
        return left + 49, (top if top > BELOW else bottom - BALL_HEIGHT) - 9
    count, top, bottom, left, _ = bounding_box(obs, 142, 142, 142, SKY, BRICKS, 8, 152)
    if count > 0:
        return left + 49, (bottom - BALL_HEIGHT if bottom < BRICKS else top) - 9
    for y in range(BRICKS, BELOW - BALL_HEIGHT + 1):
        for x in range(9, 150):
            if lone_pair(obs, y, x) and lone_pair(obs, y + 3, x) and not lone_pair(obs, y + 4, x):
                return x + 49, y - 9
    return 0, 0


def track(obs, state):
    """Update the paddle's place and where it will settle: every frame halves its distance to that column."""
    state.settling += state.pressed
    # The wall's foot, from column 152 on, is red as well and hides the paddle's right end there.
    count, _, _, left, right = bounding_box(obs, 200, 72, 72, PADDLE_TOP, PADDLE_BOTTOM, 8, 152)
    if count > 0:
        column = left + 47.0
        if right < 152:
            state.width = right - left
        if column != state.paddle:
            state.still = 0
            seen = 2.0 * column - 0.5 - state.paddle + state.pressed
            if abs(seen - state.settling) > 3.0:
                state.settling = seen
        else:
            state.still += 1
            if state.still > 3 and state.pressed == 0.0:
                state.settling = column
        state.paddle = column
    state.settling = min(PADDLE_RIGHT, max(PADDLE_LEFT, state.settling))
    state.pressed = 0.0


def act(obs, info, state, params):
    track(obs, state)
    x, y = find_ball(obs)
    hidden = state.unseen > 0
    state.unseen = state.unseen + 1 if y == 0 else 0
    state.score += float(info.reward)
    state.dry = 0 if info.reward > 0 else state.dry + 1
    if y == 0 and state.playing == 1 and state.unseen < GONE:
        return 0
    if y == 0:  # serve; every second frame, since the button has to be released in between
        state.playing = 0
        state.dry = 0
        state.side = 1.0 if uniform(state) < 0.5 else -1.0
        return 1 if int(info.elapsed) % 2 == 0 else 0
    if state.playing == 0:  # first sight of a ball: no step to measure yet
        state.playing = 1
        state.x, state.y = x, y
        restart(state)
        state.dx, state.dy = 0.0, 0.0
        return 0

    dx, dy = float(x - state.x), float(y - state.y)
    state.x, state.y = x, y
    if hidden:  # the step spans several frames
        dx, dy = 0.0, 0.0
    if dy < 0.0 and state.dy > 0.0 and y > 160:  # we hit it
        restart(state)
        state.side = 1.0 if uniform(state) < 0.5 else -1.0
    elif info.reward != 0:  # bricks of the upper rows speed the ball up
        restart(state)
    elif dy * state.dy > 0.0 and dx * state.dx >= 0.0:  # not a frame in which it turned
        state.frames += 1.0
        state.way_x += abs(dx)
        state.way_y += abs(dy)
    state.dx = dx if dx != 0.0 else state.dx
    state.dy = dy if dy != 0.0 else state.dy

    half = 0.5 + 0.5 * state.width  # of the paddle, as seen from the ball's column
    settling = state.settling
    landing = 128.0
    if state.dy > 0.0:
        speed_x, speed_y = abs(state.dx), max(0.5, abs(state.dy))
        if state.frames > 0.0:  # positions are whole numbers: only a mean over frames is exact enough
            speed_x, speed_y = state.way_x / state.frames, max(0.5, state.way_y / state.frames)
        if state.dx < 0.0:
            speed_x = -speed_x
        frames = (CONTACT_Y - y) / speed_y
        landing = fold(x + speed_x * frames)
        presses = aim(state, params, landing, settling, half, frames)
    else:  # it can come down anywhere: stay between it and the middle
        want = 0.5 * 123.0 + 0.5 * (x - half)
        presses = int(round((min(PADDLE_RIGHT, max(PADDLE_LEFT, want)) - settling) / PRESS))
    # A fast ball leaves at one angle only and may never reach the last bricks: then a new, slow ball is worth a life.
    # And once nothing is left to hit, we let the balls fall, so that the episode ends.
    if state.score >= EVERYTHING or (state.dry > params.patience and int(info.lives) > 1):
        presses = 0 if state.dy < 0.0 else (1 if landing < 128.0 else -1)
    if presses > 0:
        state.pressed = PRESS
        return 2
    if presses < 0:
        state.pressed = -PRESS
        return 3
    return 0
