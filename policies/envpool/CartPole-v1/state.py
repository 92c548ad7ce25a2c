"""CartPole-v1: drive under the pole, and keep it leaning a little towards the middle of the track."""

from fastheur.policy import Param

TASK = "CartPole-v1"
OBS = "state"
PARAMS = {
    "lead": Param(0.5, 0.0, 2.0),  # seconds to look ahead at the pole's angle
    "centre": Param(0.1, 0.0, 1.0),  # radians to lean per metre off the middle
    "brake": Param(0.2, 0.0, 1.0),  # radians to lean per metre per second of drift
}


def act(obs, info, state, params):
    x, speed, angle, turn = obs[0], obs[1], obs[2], obs[3]
    # The cart can only follow the pole. So to get home it keeps the pole leaning home: right of the middle (x > 0) the
    # wanted angle is negative, which pushes the cart further out for a moment and brings it back afterwards.
    wanted = -params.centre * x - params.brake * speed
    return 1 if angle + params.lead * turn > wanted else 0
