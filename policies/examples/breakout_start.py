"""Breakout from RAM, a plain start to improve on: predict where the ball lands and meet it with the paddle's middle.

The ball flies straight between walls and bricks, so where it lands follows from its last step and the side walls. With the
default parameters nothing else is done, and the ball soon repeats one loop without bricks. Ideas against that are switched
off by default: meeting the ball beside the middle, elsewhere at every hit, and letting a ball go that finds nothing.
"""

from fastheur.policy import Param

TASK = "atari/breakout"
OBS = "ram"

# RAM bytes
BALL_X, BALL_Y = 99, 101  # y is 0 while no ball is in play
STICK = 70  # the paddle's left edge comes to rest at 234 - STICK
WIDTH = 108  # 8: the paddle has 16 pixels, 6: it has 12

LEFT, RIGHT = 55.5, 200.5  # where the ball turns
FLOOR = 178.5  # where it meets the paddle
EVERYTHING = 864.0  # points in the two walls of a game
GOLDEN = 0.6180339887498949  # its products with 1, 4, 9 ... modulo 1 lie all over 0 .. 1, and never repeat
NOOP, FIRE, GO_RIGHT, GO_LEFT = 0, 1, 2, 3

STATE = [
    ("x", "i8"),  # ball one frame ago
    ("y", "i8"),
    ("dx", "f8"),  # last steps of the ball that were not zero
    ("dy", "f8"),
    ("way_x", "f8"),  # way of the ball since it last turned, and the frames this took
    ("way_y", "f8"),
    ("frames", "f8"),
    ("hits", "i8"),  # how often the paddle met a ball
    ("dry", "i8"),  # frames since the last brick
    ("score", "f8"),
]

MARKS = {"ball": ("x - 48.5", "y + 10.5")}  # from RAM to the screen, for replays; at the top while no ball is in play

PARAMS = {
    "dead_band": Param(3.0, 3.0, 5.0),  # pixels off the aim that are not worth a move; a press moves the paddle by 5.8
    "calm": Param(0, 0, 30),  # frames before contact in which a paddle that will meet the ball stays where it is
    "offset": Param(0.0, -1.0, 1.0),  # pixels from the paddle's middle at which to meet the ball
    "swing": Param(0.0, choices=(0.0, 1.5, 2.5, 3.5)),  # pixels by which this varies from hit to hit
    "mean_speed": Param(0, choices=(0, 1)),  # 1: predict from the mean speed since the last turn, not the last step
    "centre": Param(1.0, 0.0, 1.0),  # while the ball rises: 1 wait in the middle, 0 stay below the ball
    # frames without a brick after which a ball is let go for a new one, at the price of a life; 0: never
    "patience": Param(0, choices=(0, 1000, 1250, 1500, 1750, 2000)),
}


def fold(x):
    """Reflect a column at the side walls until it lies between them."""
    for _ in range(8):
        if x < LEFT:
            x = 2.0 * LEFT - x
        elif x > RIGHT:
            x = 2.0 * RIGHT - x
    return x


def watch(state, params, x, y, reward):
    """Keep the ball's speed, the hits of the paddle and the frames without a brick."""
    dx, dy = float(x - state.x), float(y - state.y)
    state.dry = 0 if reward > 0.0 else state.dry + 1
    state.score += reward
    hit = dy < 0.0 and state.dy > 0.0 and y > 160
    if hit:
        state.hits += 1
    if hit or reward != 0.0 or state.y == 0:
        state.way_x, state.way_y, state.frames = 0.0, 0.0, 0.0
    elif dy * state.dy > 0.0 and dx * state.dx >= 0.0:
        state.way_x, state.way_y, state.frames = state.way_x + abs(dx), state.way_y + abs(dy), state.frames + 1.0
    state.dx = dx if dx != 0.0 else state.dx
    state.dy = dy if dy != 0.0 else state.dy
    state.x, state.y = x, y


def landing(state, params):
    """Return the column at which a falling ball meets the paddle."""
    speed_x, speed_y = abs(state.dx), abs(state.dy)
    if params.mean_speed == 1 and state.frames > 0.0:
        speed_x, speed_y = state.way_x / state.frames, state.way_y / state.frames
    way = speed_x / max(0.5, speed_y) * (FLOOR - state.y)
    return fold(state.x + (way if state.dx > 0.0 else -way))


def will_meet(state, params, offset, half):
    """True shortly before contact, if the ball lands well on the paddle, ``offset`` pixels from its middle."""
    frames = (FLOOR - state.y) / max(0.5, state.dy)
    return frames < params.calm and abs(offset) < half - 2.0


def aim(state, params):
    """Return how far from the paddle's middle to meet the ball."""
    return params.offset + params.swing * (2.0 * (state.hits * state.hits * GOLDEN % 1.0) - 1.0)


def act(obs, info, state, params):
    x, y = int(obs[BALL_X]), int(obs[BALL_Y])
    if y == 0:  # serve; every second frame, since the button has to be released in between
        state.y, state.dx, state.dy, state.dry = 0, 0.0, 0.0, 0
        return FIRE if int(info.elapsed) % 2 == 0 else NOOP
    watch(state, params, x, y, float(info.reward))
    half = 8.5 if int(obs[WIDTH]) == 8 else 6.5
    middle = 234.0 - int(obs[STICK]) + half
    want = x + params.centre * (128.0 - x)
    if state.dy > 0.0:
        place = landing(state, params)
        tired = 0 < params.patience < state.dry and int(info.lives) > 1
        if tired or state.score >= EVERYTHING:
            want = 60.0 if place > 128.0 else 190.0
        elif will_meet(state, params, place - middle, half):
            return NOOP
        else:
            want = place - aim(state, params)
    if want > middle + params.dead_band:
        return GO_RIGHT
    if want < middle - params.dead_band:
        return GO_LEFT
    return NOOP
