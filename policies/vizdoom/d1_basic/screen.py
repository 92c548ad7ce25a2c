"""VizDoom D1 from the screen: walk from medkit to medkit, and take the last one after the last damage.

The floor takes 8 health every 32 tics whatever one does, and a medkit gives up to 25, so what counts is to live, and the
health at the end. Medkits are the only bright grey things: everything else is green, brown or blue.
"""

from fastheur.policy import Frame, Param, Shade

TASK = "vizdoom/d1_basic"
OBS = "screen"
TOP = 110  # rows above it show sky and walls only; medkits lie on the floor
FRAME = Frame(
    "components",
    crop=(TOP, 240, 0, 320),
    shades=(Shade(red=(91, 255), red_green=(-3, 3), green_blue=(-3, 3)),),
    most=24,
    min_area=2,
)

CENTRE = 160
LAST_DAMAGE, END = 2080, 2100  # tics of the last damage and of the end

STATE = [
    ("x", "f8"),  # the medkit we walk to: its column, and the row of its foot
    ("foot", "f8"),
    ("turning", "i8"),  # side of the last turn: -1 left, 1 right
    ("blind", "i8"),  # tics without a medkit in sight
]
MARKS = {"medkit": ("x", "foot")}

PARAMS = {
    "side_cost": Param(0.5, 0.0, 2.0),  # rows of nearness that a medkit loses per column off the centre
    "aim": Param(12.0, 2.0, 40.0),  # columns off the centre that need no turn
    "walk": Param(80.0, 10.0, 160.0),  # columns off the centre up to which we walk while turning
    "enough": Param(88.0, 50.0, 100.0),  # health above which a medkit is left alone for now
    "hold": Param(70.0, 10.0, 110.0),  # row of a medkit's foot at which we wait before it
    "hold_from": Param(2040.0, 1900.0, 2080.0),  # tic from which we wait for the last damage
}


def act(obs, info, state, params, action):
    best = -1e9
    for item in obs[0]:
        if item.area == 0:
            break
        rank = item.bottom - params.side_cost * abs(item.x - CENTRE)
        if rank > best:
            best = rank
            state.x, state.foot = item.x, item.bottom + TOP
    left, right, forward = 0, 1, 2
    if best == -1e9:
        state.x, state.foot = -1.0, -1.0
        state.blind += 1
        action[right if state.turning >= 0 else left] = 1
        return
    state.blind = 0
    off = state.x - CENTRE
    if abs(off) > params.aim:
        state.turning = 1 if off > 0 else -1
        action[right if off > 0 else left] = 1
    wasted = params.enough < info.HEALTH or params.hold_from < info.elapsed <= LAST_DAMAGE
    waiting = wasted and state.foot - TOP > params.hold
    if abs(off) < params.walk and not waiting:
        action[forward] = 1
