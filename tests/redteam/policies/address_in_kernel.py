"""Makes an array over a raw address in compiled code and writes there.

attack: memory
when: act
static: refused
behind: killed, error
"""

import numba
from numba.core import types
from numba.extending import intrinsic

OBS = "state"


@intrinsic
def pointer(context, address):
    def make(builder_context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], builder_context.get_value_type(signature.return_type))

    return types.CPointer(types.uint8)(types.intp), make


def act(obs, info, state, params):
    window = numba.carray(pointer(4096), (8,))
    window[0] = 1
    if window[0] == 1:
        raise RuntimeError("BREACHED: wrote at address 4096")
    return 1
