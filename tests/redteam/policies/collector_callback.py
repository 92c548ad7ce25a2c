"""Is called at every garbage collection and by weak references, in the middle of the worker's own code.

attack: finalizer
when: load
static: refused
behind: error, killed, hung, harmless
target: next trial
"""

import gc
import weakref

OBS = "state"


class Thing:
    pass


def bomb(*given):
    raise MemoryError("from the collector")


gc.callbacks.append(bomb)
thing = Thing()
thing.self = thing
keeper = weakref.ref(thing, bomb)
del thing
gc.set_threshold(1, 1, 1)


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
