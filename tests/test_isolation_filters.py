"""The system call filter does what its table says: run in an interpreter for both machines, and live on this one."""

import errno
import hashlib
import platform
import signal

import pytest
from walls import USERS, facts, process

from fastheur.isolation import IsolationError, filters, system
from fastheur.isolation.calls import CALLS, KILL, NEVER, among, only

MACHINES = ("x86_64", "aarch64")
ALLOW, ERRNO, KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
PROGRAMS = {machine: filters.program(machine) for machine in MACHINES}
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
STRANGERS = {
    "clone": (56, 220),
    "clone3": (435, 435),
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "kill": (62, 129),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "connect": (42, 203),
    "sendto": (44, 206),
    "socketpair": (53, 199),
    "bind": (49, 200),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "mount": (165, 40),
    "open_tree": (428, 428),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "shmget": (29, 194),
    "mq_open": (240, 180),
    "msgget": (68, 186),
    "semget": (64, 190),
    "unshare": (272, 97),
    "setns": (308, 268),
    "seccomp": (317, 277),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "setrlimit": (160, 164),
    "sendfile": (40, 71),
    "splice": (275, 76),
    "vmsplice": (278, 75),
    "copy_file_range": (326, 285),
    "pwrite64": (18, 68),
    "pwritev": (296, 70),
    "fallocate": (285, 47),
    "dup2": (33, None),
    "dup3": (292, 24),
    "remap_file_pages": (216, 234),
    "process_madvise": (440, 440),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "reboot": (169, 142),
    "personality": (135, 92),
    "setuid": (105, 146),
    "chroot": (161, 51),
    "setpriority": (141, 140),
    "timer_create": (222, 107),
    "inotify_init1": (294, 26),
    "setxattr": (188, 5),
    "utimensat": (280, 88),
    "landlock_restrict_self": (446, 446),
}
EXAMPLES = [
    ("openat", (0, 0, 0o2000000), ALLOW),
    ("openat", (0, 0, 1), ERRNO | errno.EACCES),
    ("openat", (0, 0, 2), ERRNO | errno.EACCES),
    ("openat", (0, 0, 0o100), ERRNO | errno.EACCES),  # O_CREAT
    ("openat", (0, 0, 0o1000), ERRNO | errno.EACCES),  # O_TRUNC
    ("openat", (0, 0, 0o2000), ERRNO | errno.EACCES),  # O_APPEND
    ("openat", (0, 0, 0o10000000), ERRNO | errno.EACCES),  # O_PATH
    ("openat", (0, 0, 0o20000000), ERRNO | errno.EACCES),  # O_TMPFILE
    ("openat2", (0, 0, 0), ERRNO | errno.ENOSYS),
    ("write", (1,), ALLOW),
    ("write", (2,), ALLOW),
    ("write", (4,), ALLOW),
    ("write", (0,), ERRNO | errno.EPERM),
    ("write", (3,), ERRNO | errno.EPERM),
    ("write", (5,), ERRNO | errno.EPERM),
    ("writev", (5,), ERRNO | errno.EPERM),
    ("mmap", (0, 4096, 3, 0x22), ALLOW),
    ("mmap", (0, 4096, 3, 0x21), ERRNO | errno.EACCES),  # MAP_SHARED
    ("madvise", (0, 0, 4), ALLOW),
    ("madvise", (0, 0, 100), ERRNO | errno.EINVAL),  # MADV_HWPOISON
    ("ioctl", (0, 0x5401), ALLOW),
    ("ioctl", (0, 0x5412), ERRNO | errno.ENOTTY),  # TIOCSTI
    ("fcntl", (3, 3), ALLOW),
    ("fcntl", (3, 4), ERRNO | errno.EPERM),  # F_SETFL
    ("fcntl", (3, 8), ERRNO | errno.EPERM),  # F_SETOWN
    ("prlimit64", (0, 7, 0), ALLOW),
    ("prlimit64", (0, 7, 1 << 32), ERRNO | errno.EPERM),
    ("prlimit64", (0, 7, 0xFFFFFFFF), ERRNO | errno.EPERM),
    ("prlimit64", (1, 7, 0), ERRNO | errno.EPERM),
    ("futex", (0, 128), ALLOW),
    ("futex", (0, 6), ERRNO | errno.ENOSYS),  # FUTEX_LOCK_PI
    ("tgkill", (1, 1, 0), ERRNO | errno.EPERM),
    ("socket", (1, 1, 0), ERRNO | errno.EACCES),
]


def verdict(program, number, arguments=(), architecture=None):
    """Run a classic BPF program over one system call, as the kernel does."""
    words = {0: number, 4: architecture}
    for index in range(6):
        value = arguments[index] if index < len(arguments) else 0
        words[16 + 8 * index], words[20 + 8 * index] = value & 0xFFFFFFFF, value >> 32
    at, accumulator = 0, 0
    while True:
        code, true, false, operand = program[at]
        at += 1
        if code == 0x20:
            accumulator = words[operand]
        elif code == 0x54:
            accumulator &= operand
        elif code == 0x05:
            at += operand
        elif code == 0x15:
            at += true if accumulator == operand else false
        elif code == 0x35:
            at += true if accumulator >= operand else false
        else:
            assert code == 0x06
            return operand


def judged(machine, number, arguments=()):
    return verdict(PROGRAMS[machine], number, arguments, ARCHITECTURE[machine])


def rows(machine):
    return [call for call in CALLS if getattr(call, machine) is not None]


def passes(test, value):
    return value & ~test.ignoring in test.values


def cases(call):
    """Arguments at the edges of a call's tests: each value, each bit of 64 turned, each ignored bit set."""
    base = [0] * 6
    for test in call.when:
        base[test.argument] = test.values[0] if test.values else 0
    yield tuple(base)
    for test in call.when:
        around = {value ^ 1 << bit for value in test.values for bit in range(64)}
        around |= {value | test.ignoring for value in test.values} | set(test.values)
        around |= {value + step for value in test.values for step in (-1, 1) if value + step >= 0}
        around |= {(value | test.ignoring) + (1 << 32) for value in test.values} | {(1 << 64) - 1}
        for value in around:
            yield (*base[: test.argument], value, *base[test.argument + 1 :])


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_every_row_allows_what_it_says_and_nothing_beside(call, machine):
    number = getattr(call, machine)
    refused = KILL_PROCESS if call.otherwise == KILL else ERRNO | call.otherwise
    outcomes = set()
    for arguments in cases(call) if number is not None else ():
        expected = ALLOW if all(passes(test, arguments[test.argument]) for test in call.when) else refused
        assert judged(machine, number, arguments) == expected, arguments
        outcomes.add(expected)
    if number is not None:
        assert outcomes == ({ALLOW} if not call.when else {refused} if call.when == NEVER else {ALLOW, refused})


@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_not_in_the_table_ends_the_process(machine):
    known = {getattr(call, machine) for call in rows(machine)}
    for number in {*range(1024), 0x3FFFFFFF, 0x80000000, 0xFFFFFFFF} - known:
        assert judged(machine, number) == KILL_PROCESS


@pytest.mark.parametrize("name", STRANGERS)
def test_dangerous_calls_are_not_in_the_table(name):
    assert name not in {call.name for call in CALLS}
    for machine, number in zip(MACHINES, STRANGERS[name], strict=True):
        assert number is None or judged(machine, number) == KILL_PROCESS


@pytest.mark.parametrize(("name", "arguments", "expected"), EXAMPLES)
def test_known_arguments_get_the_known_answer(name, arguments, expected):
    (call,) = (call for call in CALLS if call.name == name)
    for machine in MACHINES:
        assert judged(machine, getattr(call, machine), arguments) == expected


@pytest.mark.parametrize("machine", MACHINES)
def test_another_architecture_ends_the_process(machine):
    for architecture in {*ARCHITECTURE.values(), 0x40000003, 0x40000028, 0} - {ARCHITECTURE[machine]}:
        for call in rows(machine):
            assert verdict(PROGRAMS[machine], getattr(call, machine), (), architecture) == KILL_PROCESS


def test_x32_numbers_end_the_process():
    for call in rows("x86_64"):
        assert judged("x86_64", 0x40000000 | call.x86_64) == KILL_PROCESS


@pytest.mark.parametrize("machine", MACHINES)
def test_jumps_stay_inside_the_program(machine):
    program = PROGRAMS[machine]
    assert len(program) <= 4096
    for at, one in enumerate(program):
        assert max(one.true, one.false) <= 255
        far = one.operand if one.code == filters.JUMP else max(one.true, one.false)
        assert at + 1 + far < len(program) or one.code == filters.RETURN
    assert len(filters.packed(program)) == 8 * len(program)


def test_every_row_has_a_reason_and_a_number_of_its_own():
    assert all(call.why for call in CALLS)
    assert len({call.name for call in CALLS}) == len(CALLS)
    for machine in MACHINES:
        numbers = [getattr(call, machine) for call in rows(machine)]
        assert len(set(numbers)) == len(numbers)
    for test in (test for call in CALLS for test in call.when):
        assert max((0, test.ignoring, *test.values)) < 1 << 32


def test_conditions_read_as_they_are_written():
    assert [passes(test, 5) for test in among(0, 4, 5) + only(0, 1, 4) + only(0, 1, 2) + NEVER] == [
        True,
        True,
        False,
        False,
    ]


def test_the_digest_is_of_the_program_and_differs_by_machine():
    assert len({filters.digest(machine) for machine in MACHINES}) == 2
    for machine in MACHINES:
        assert filters.digest(machine) == hashlib.sha256(filters.packed(PROGRAMS[machine])).hexdigest()


def test_another_machine_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(IsolationError, match=r"riscv64.*expected x86_64 or aarch64"):
        filters.install()


def refuse(*_):
    raise OSError(errno.EINVAL, "Invalid argument")


@pytest.mark.parametrize(("answer", "message"), [(refuse, "EINVAL.*CONFIG_SECCOMP_FILTER"), (lambda *_: 7, "thread 7")])
def test_a_kernel_that_refuses_is_named(monkeypatch, answer, message):
    monkeypatch.setattr(system, "call", answer)
    monkeypatch.setattr(system, "no_new_privileges", lambda: None)
    with pytest.raises(IsolationError, match=message):
        filters.install()


@pytest.mark.parametrize("user", USERS)
def test_the_kernel_gives_each_refused_call_its_error(user):
    code = """
digest = filters.install()
answers = {}
for call in calls.CALLS:
    number = getattr(call, system.machine())
    if number is not None and call.otherwise != calls.KILL:
        wrong = [0] * 6
        wrong[call.when[-1].argument] = -1
        answers[call.name] = outcome(system.call, number, *wrong)
tell(digest=digest, answers=answers)
"""
    told = facts(code, user)
    machine = system.machine()
    assert told["digest"] == filters.digest(machine)
    assert told["answers"] == {call.name: call.otherwise for call in rows(machine) if call.otherwise != KILL}


def test_threads_that_already_run_are_behind_the_filter_too():
    code = """
go, answers = threading.Event(), []
def work():
    go.wait()
    answers.append(outcome(os.open, "/dev/null", os.O_WRONLY))
thread = threading.Thread(target=work)
thread.start()
filters.install()
go.set()
thread.join()
tell(answers=answers)
"""
    assert facts(code)["answers"] == [errno.EACCES]


def test_a_stranger_among_the_calls_ends_the_process():
    done = process("filters.install(); tell(); os.fork(); tell(alive=True)")
    assert done.returncode == -signal.SIGSYS
    assert done.stdout == "{}\n"


def test_abort_reads_as_a_crash():
    crashes = {-signal.SIGSEGV, -signal.SIGILL, -signal.SIGTRAP, -signal.SIGBUS}
    assert process("filters.install(); os.abort()").returncode in crashes
