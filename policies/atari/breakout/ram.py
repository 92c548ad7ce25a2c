"""Breakout from RAM: predict where the ball comes down, be there early, and send it left or right by a fresh choice.

The ball flies straight, so the landing column follows from its speed and the side walls. Which way it leaves the
paddle depends on the half of the paddle that it meets. Once the ball is fast that is all there is to choose, and always
meeting it in the same place soon repeats one loop for ever, so the half is drawn anew for every hit. Lives are worth
nothing in themselves: a ball that has found no brick for long is given up for a new, slow one.
"""

from fastheur.policy import Param, uniform

TASK = "atari/breakout"
OBS = "ram"

# RAM bytes, found by probing.
BALL_X, BALL_Y = 99, 101  # y is 0 while no ball is in play
PADDLE_X = 72
STICK = 70  # position of the paddle control; the paddle settles at column 234 - STICK
WIDTH = 108  # 8: paddle of 16 pixels, 6: of 12 pixels (after the ball has met the upper wall)

LEFT, RIGHT = 55.5, 200.5  # the ball's turning columns
PADDLE_LEFT, PADDLE_RIGHT = 55.0, 191.0  # reach of the paddle's left edge
CONTACT_Y = 178.5
EVERYTHING = 864.0  # points in the two walls of a game
PRESS = 5.8  # pixels that one frame of a pressed button moves the paddle

STATE = [
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


def act(obs, info, state, params):
    x, y = int(obs[BALL_X]), int(obs[BALL_Y])
    dx, dy = float(x - state.x), float(y - state.y)
    state.x, state.y = x, y

    state.score += float(info.reward)
    state.dry = 0 if info.reward > 0 else state.dry + 1
    if y == 0:  # serve; every second frame, since the button has to be released in between
        state.playing = 0
        state.dry = 0
        state.side = 1.0 if uniform(state) < 0.5 else -1.0
        return 1 if int(info.elapsed) % 2 == 0 else 0
    if state.playing == 0:  # first sight of a ball: no step to measure yet
        state.playing = 1
        restart(state)
        state.dx, state.dy = 0.0, 0.0
        return 0

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

    half = 8.5 if int(obs[WIDTH]) == 8 else 6.5  # of the paddle, as seen from the ball's column
    settling = 234.0 - int(obs[STICK])
    if abs(settling - int(obs[PADDLE_X])) <= 1.0:
        settling = float(int(obs[PADDLE_X]))  # rounding stops it there
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
        return 2
    if presses < 0:
        return 3
    return 0
