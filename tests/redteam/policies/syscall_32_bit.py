"""Calls the kernel by its 32-bit door from machine code of its own: other numbers, which a filter must not mistake.

attack: kernel-surface
when: load
static: refused
behind: denied, killed
uses: libc
"""

OBS = "state"
found = native(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # mov eax, 20 (getpid there); int 0x80; ret
raise RuntimeError(f"BREACHED: the 32-bit door answered {found}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
