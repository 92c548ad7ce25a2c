"""Opens the secret with system calls that a filter of open() alone forgets: openat, openat2 and a file handle.

attack: file-read
when: load
static: refused
behind: denied, killed
uses: libc
target: {FOLDER}/secret.txt
"""

OBS = "state"
PATH = b"{FOLDER}/secret.txt"


def attempts():
    yield "openat2", (-100, PATH, (CTYPES.c_uint64 * 3)(0, 0, 0), 24)
    yield "openat", (-100, PATH, 0, 0)
    yield "openat", (-100, PATH, 0o10000000, 0)  # O_PATH, which needs no right to read
    handle = CTYPES.create_string_buffer(bytes([128, 0, 0, 0, 0, 0, 0, 0]), 8 + 128)
    yield "name_to_handle_at", (-100, PATH, handle, CTYPES.byref(CTYPES.c_int()), 0)


for name, arguments in attempts():
    try:
        call(name, *arguments)
    except OSError:
        continue
    if arguments[2] == 0o10000000:
        continue  # a place, and no way to read it
    raise RuntimeError(f"BREACHED: {name} took the secret's path")
raise PermissionError("no call opens it")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
