"""Turns the table of system calls into a seccomp filter, and puts the process behind it.

The filter is a classic BPF program: it checks the architecture, then compares the call's number with each row in turn.
It is made for both machines on either, so that tests can run both.
"""

import ctypes
import errno
import hashlib
import os
import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fastheur.isolation import IsolationError, system
from fastheur.isolation.calls import CALLS, KILL, NEVER, Call, Test

ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32 = 0x40000000
KILL_PROCESS = 0x80000000
ALLOW = 0x7FFF0000
ERRNO = 0x00050000

LOAD, AND, RETURN = 0x20, 0x54, 0x06
JUMP, JUMP_EQUAL, JUMP_AT_LEAST = 0x05, 0x15, 0x35

# Offsets in struct seccomp_data; both machines keep the lower half of an argument first.
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SET_MODE_FILTER = 1
_TSYNC = 1


class Instruction(NamedTuple):
    """One ``struct sock_filter``: code, jumps if true and if false (in instructions to skip), operand."""

    code: int
    true: int
    false: int
    operand: int


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def program(machine: str, calls: Iterable[Call] = CALLS) -> tuple[Instruction, ...]:
    """Return the filter for ``machine``, ``x86_64`` or ``aarch64``."""
    kill = Instruction(RETURN, 0, 0, KILL_PROCESS)
    made = [
        Instruction(LOAD, 0, 0, _ARCHITECTURE),
        Instruction(JUMP_EQUAL, 1, 0, ARCHITECTURE[machine]),
        kill,
        Instruction(LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        made += [Instruction(JUMP_AT_LEAST, 0, 1, X32), kill]
    for call in calls:
        number = getattr(call, machine)
        if number is not None:
            body = tuple(_body(call))
            made += [Instruction(JUMP_EQUAL, 0, len(body), number), *body]
    return (*made, kill)


def packed(instructions: Iterable[Instruction]) -> bytes:
    """Return the program as the kernel reads it, 8 bytes per instruction."""
    return b"".join(struct.pack("<HBBI", *one) for one in instructions)


def digest(machine: str) -> str:
    """Return the sha256 of the filter for ``machine``, in hex: what a trial is stamped with."""
    return hashlib.sha256(packed(program(machine))).hexdigest()


def install() -> str:
    """Put this process, all of its threads, behind the filter for good and return its digest.

    Raises IsolationError where the kernel refuses.
    """
    machine = system.machine()
    instructions = program(machine)
    code = packed(instructions)
    buffer = ctypes.create_string_buffer(code, len(code))
    system.no_new_privileges()
    reference = ctypes.byref(_Program(len(instructions), ctypes.addressof(buffer)))
    try:
        stranger = system.call(_SECCOMP[machine], _SET_MODE_FILTER, _TSYNC, reference)
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, error.errno)
        raise IsolationError(
            f"the kernel refused the system call filter: {os.strerror(error.errno or 0)} ({name}); expected Linux 4.14 or "
            "later, built with CONFIG_SECCOMP_FILTER, and a container that lets its processes call seccomp(2)."
        ) from None
    if stranger:
        raise IsolationError(f"thread {stranger} has a system call filter of its own, so the process's cannot be set.")
    return hashlib.sha256(code).hexdigest()


def _body(call: Call) -> Iterator[Instruction]:
    """What follows a matching number: the tests, then allow, then the answer to those who fail."""
    refusal = Instruction(RETURN, 0, 0, KILL_PROCESS if call.otherwise == KILL else ERRNO | call.otherwise)
    if call.when == NEVER:
        yield refusal
        return
    left = sum(_length(test) for test in call.when)
    for test in call.when:
        left -= _length(test)
        yield from _tested(test, to_refusal=left + 1)
    yield Instruction(RETURN, 0, 0, ALLOW)
    if call.when:
        yield refusal


def _length(test: Test) -> int:
    return 4 + bool(test.ignoring) + len(test.values)


def _tested(test: Test, to_refusal: int) -> Iterator[Instruction]:
    """Fall through where the test passes, else go on ``to_refusal`` instructions after it."""
    low = _ARGUMENTS + 8 * test.argument
    rest = _length(test) - 2
    yield Instruction(LOAD, 0, 0, low + 4)
    yield Instruction(JUMP_EQUAL, 0, rest + to_refusal, 0)
    yield Instruction(LOAD, 0, 0, low)
    if test.ignoring:
        yield Instruction(AND, 0, 0, ~test.ignoring & 0xFFFFFFFF)
    for left in range(len(test.values), 0, -1):
        yield Instruction(JUMP_EQUAL, left, 0, test.values[-left])
    yield Instruction(JUMP, 0, 0, to_refusal)
