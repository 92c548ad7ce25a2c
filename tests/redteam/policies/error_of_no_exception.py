"""Raises an exception of its own kind that no `except Exception` catches.

attack: exception
when: batch
static: refused
behind: error, killed
"""

import numpy as np

OBS = "state"


class Above(BaseException):
    pass


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        raise Above("past the handlers")
