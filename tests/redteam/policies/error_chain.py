"""Raises an error behind a hundred thousand others.

attack: exception
when: batch
static: passes
behind: error, killed, hung
target: error
"""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        last = ValueError("first")
        for number in range(100_000):
            try:
                raise ValueError(number) from last
            except ValueError as error:
                last = error
        raise last
