"""The system calls that a locked-down worker may make, as one table; whatever is not in it ends the process.

A row gives the call's number on each machine (None where it does not exist), the tests its arguments must pass, and
what happens when they do not: an error number, or the end of the process. ``NEVER`` marks calls that always fail, with
an error that libraries (or an honest but careless policy) can read and live with.

Files are Landlock's business: calls that only read names and content are free here. Numbers are those of
``asm/unistd_64.h`` and ``asm-generic/unistd.h``; constants those of ``asm-generic``, the same on both machines
unless a comment says otherwise.
"""

from dataclasses import dataclass
from errno import EACCES, EINVAL, ENOSYS, ENOTTY, EPERM

BELL_READ = 3
BELL_WRITE = 4
KILL = 0


@dataclass(frozen=True)
class Test:
    """Passed where the 64-bit ``argument`` (0 to 5), without the bits in ``ignoring``, is one of ``values``.

    Values and ignored bits have 32 bits: an argument with any of its upper half set never passes.
    """

    argument: int
    values: tuple[int, ...]
    ignoring: int = 0


@dataclass(frozen=True)
class Call:
    """One system call: allowed where every test in ``when`` passes, else ``otherwise`` (an error number, or ``KILL``)."""

    name: str
    x86_64: int | None
    aarch64: int | None
    when: tuple[Test, ...] = ()
    otherwise: int = KILL
    why: str = ""


def among(argument: int, *values: int) -> tuple[Test, ...]:
    """The argument is one of ``values``."""
    return (Test(argument, values),)


def only(argument: int, *bits: int) -> tuple[Test, ...]:
    """The argument has no bit besides ``bits``."""
    return (Test(argument, (0,), ignoring=sum(bits)),)


NEVER = (Test(0, ()),)

# O_DIRECTORY, O_NOFOLLOW, O_DIRECT and O_LARGEFILE are these four on both machines, in different orders.
_FOLDER_AND_SIZE = 0o740000
_READING = (_FOLDER_AND_SIZE, 0o2000000, 0o4000, 0o400)  # O_CLOEXEC, O_NONBLOCK, O_NOCTTY; not O_PATH
_OUTPUTS = (1, 2, BELL_WRITE)
_PROTECTION = (1, 2, 4, 0x10)  # PROT_READ, PROT_WRITE, PROT_EXEC, PROT_BTI
# MAP_PRIVATE, FIXED, ANONYMOUS, DENYWRITE, NORESERVE, POPULATE, STACK, FIXED_NOREPLACE; neither SHARED nor LOCKED
_MAPPING = (0x2, 0x10, 0x20, 0x800, 0x4000, 0x8000, 0x20000, 0x100000)
_FUTEX = (0, 1, 3, 4, 5, 9, 10)  # WAIT, WAKE, REQUEUE, CMP_REQUEUE, WAKE_OP, WAIT_BITSET, WAKE_BITSET
_FUTEX_FLAGS = 0x180  # FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME
# NORMAL, RANDOM, SEQUENTIAL, WILLNEED, DONTNEED, FREE, DONTFORK, HUGEPAGE, NOHUGEPAGE, DONTDUMP
_ADVICE = (0, 1, 2, 3, 4, 8, 10, 14, 15, 16)
_MEMBARRIER = (0, 8, 16, 32, 64)  # QUERY and what concerns the calling process alone

_TALKING = "The two bells and the log; a write to any other descriptor would reach somebody else."
_READS = "Reads what is open; Landlock decided when it was opened."
_NAMES = "Looks for modules and source lines. Landlock cannot hide whether a path exists."
_ITSELF = "Asks about this process alone."
_CLOCK = "Reads a clock."
_WAITS = "Waits."
_MEMORY = "The process's own memory, bounded by RLIMIT_AS."
_SIGNALS = "Handlers of this process; SIGKILL cannot be handled, so a deadline always holds."
_CHANGES = "Changes files: an honest mistake gets an error with a line number instead of a sudden end."
_THREAD = "A thread that was being started when the filter came makes it in its first moments."

CALLS: tuple[Call, ...] = (
    # The path of every step: first, because the filter is read from the top.
    Call("read", 0, 63, why=_READS),
    Call("write", 1, 64, among(0, *_OUTPUTS), EPERM, _TALKING),
    Call("futex", 202, 98, (Test(1, _FUTEX, ignoring=_FUTEX_FLAGS),), ENOSYS, "Locks; not the priority-inheriting ones."),
    Call("sched_yield", 24, 124, why=_WAITS),
    Call("ppoll", 271, 73, why=_WAITS),
    Call("poll", 7, None, why=_WAITS),
    Call("clock_gettime", 228, 113, why=_CLOCK),
    # Reading files
    Call("openat", 257, 56, only(2, *_READING), EACCES, "Opens for reading; O_PATH is out, since Landlock does not check it."),
    Call("open", 2, None, only(1, *_READING), EACCES, "As openat."),
    Call("openat2", 437, 437, NEVER, ENOSYS, "Its flags lie in memory, where a filter cannot look; glibc falls back to openat."),
    Call("close", 3, 57, why="Ends what was read; a worker that closes its bells is only lost to itself."),
    Call("readv", 19, 65, why=_READS),
    Call("pread64", 17, 67, why=_READS),
    Call("preadv", 295, 69, why=_READS),
    Call("lseek", 8, 62, why=_READS),
    Call("getdents64", 217, 61, why=_READS),
    Call("newfstatat", 262, 79, why=_NAMES),
    Call("statx", 332, 291, why=_NAMES),
    Call("stat", 4, None, why=_NAMES),
    Call("lstat", 6, None, why=_NAMES),
    Call("fstat", 5, 80, why=_NAMES),
    Call("access", 21, None, why=_NAMES),
    Call("faccessat", 269, 48, why=_NAMES),
    Call("faccessat2", 439, 439, why=_NAMES),
    Call("getcwd", 79, 17, why=_NAMES),
    Call("readlink", 89, None, why=_NAMES + " Links of other processes in /proc are closed by Landlock's own check."),
    Call("readlinkat", 267, 78, why="As readlink."),
    Call("statfs", 137, 43, NEVER, EACCES, "libffi asks whether SELinux is mounted; mounts are nobody's business here."),
    Call("fstatfs", 138, 44, NEVER, EACCES, "As statfs."),
    # Descriptors
    Call("writev", 20, 66, among(0, *_OUTPUTS), EPERM, _TALKING),
    Call("fcntl", 72, 25, among(1, 1, 2, 3, 1030), EPERM,
         "F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC; F_SETFL and F_SETOWN would reach the other end of a bell."),
    Call("ioctl", 16, 29, among(1, 0x5401, 0x802C542A, 0x5450, 0x5451), ENOTTY,
         "TCGETS and TCGETS2 (is it a terminal?), FIONCLEX, FIOCLEX; TIOCSTI would type into somebody's terminal."),
    # Memory
    Call("mmap", 9, 222, only(2, *_PROTECTION) + only(3, *_MAPPING), EACCES,
         _MEMORY + " Private only: shared memory was mapped before."),
    Call("munmap", 11, 215, why=_MEMORY),
    Call("mremap", 25, 216, why=_MEMORY),
    Call("mprotect", 10, 226, only(2, *_PROTECTION), EACCES, _MEMORY + " Compiled code becomes executable so."),
    Call("brk", 12, 214, why=_MEMORY),
    Call("madvise", 28, 233, among(2, *_ADVICE), EINVAL,
         _MEMORY + " MADV_HWPOISON would take pages from the machine, MADV_MERGEABLE tells what others hold."),
    Call("membarrier", 324, 283, among(0, *_MEMBARRIER), EINVAL, "Orders memory between its own threads."),
    Call("mbind", 237, 235, NEVER, EPERM, "OpenBLAS asks to place its buffers, and goes on without."),
    # Signals
    Call("rt_sigaction", 13, 134, why=_SIGNALS),
    Call("rt_sigprocmask", 14, 135, why=_SIGNALS),
    Call("rt_sigreturn", 15, 139, why=_SIGNALS),
    Call("sigaltstack", 131, 132, why=_SIGNALS),
    Call("tgkill", 234, 131, NEVER, EPERM,
         "abort() signals itself so. A filter cannot name this process's own number without differing in each of them; "
         "refused, abort() ends on the processor's trap, which reads as the crash that it is."),
    # The process itself
    Call("exit", 60, 93, why="Ends a thread."),
    Call("exit_group", 231, 94, why="Ends the process."),
    Call("restart_syscall", 219, 128, why="The kernel's own, after a stop."),
    Call("rseq", 334, 293, why=_THREAD),
    Call("set_robust_list", 273, 99, why=_THREAD),
    Call("getpid", 39, 172, why=_ITSELF),
    Call("getppid", 110, 173, why=_ITSELF),
    Call("gettid", 186, 178, why=_ITSELF),
    Call("getuid", 102, 174, why=_ITSELF),
    Call("geteuid", 107, 175, why=_ITSELF),
    Call("getgid", 104, 176, why=_ITSELF),
    Call("getegid", 108, 177, why=_ITSELF),
    Call("getrusage", 98, 165, why=_ITSELF),
    Call("times", 100, 153, why=_ITSELF),
    Call("getrlimit", 97, 163, why=_ITSELF),
    Call("prlimit64", 302, 261, among(0, 0) + among(2, 0), EPERM,
         "Reads its own limits: process 0, and no new limit (a pointer, so both halves count)."),
    Call("sched_getaffinity", 204, 123, among(0, 0), EPERM, _ITSELF),
    Call("sched_setaffinity", 203, 122, NEVER, EPERM, "Threads stay where they were put."),
    Call("getcpu", 309, 168, why=_ITSELF),
    Call("uname", 63, 160, why="The system's name and version, which libraries ask for."),
    Call("sysinfo", 99, 179, why="Size of memory, which libraries ask for."),
    Call("getrandom", 318, 278, why="Random bytes; honest policies get theirs from the harness."),
    Call("prctl", 157, 167, NEVER, EPERM, "Libraries name threads and memory with it, and go on when they cannot."),
    Call("arch_prctl", 158, None, NEVER, EINVAL, "glibc asks for shadow stacks, and goes on without."),
    # Clocks and waiting
    Call("clock_getres", 229, 114, why=_CLOCK),
    Call("gettimeofday", 96, 169, why=_CLOCK),
    Call("time", 201, None, why=_CLOCK),
    Call("nanosleep", 35, 101, why=_WAITS),
    Call("clock_nanosleep", 230, 115, why=_WAITS),
    Call("select", 23, None, why=_WAITS),
    Call("pselect6", 270, 72, why=_WAITS),
    # What libraries and careless policies try
    Call("socket", 41, 198, NEVER, EACCES, "glibc asks the name service for a home folder, and goes on without."),
    Call("epoll_create1", 291, 20, NEVER, ENOSYS, "Python's selectors module tries whether it is there."),
    Call("creat", 85, None, NEVER, EACCES, _CHANGES),
    Call("mkdir", 83, None, NEVER, EACCES, _CHANGES),
    Call("mkdirat", 258, 34, NEVER, EACCES, _CHANGES),
    Call("rmdir", 84, None, NEVER, EACCES, _CHANGES),
    Call("unlink", 87, None, NEVER, EACCES, _CHANGES),
    Call("unlinkat", 263, 35, NEVER, EACCES, _CHANGES),
    Call("rename", 82, None, NEVER, EACCES, _CHANGES),
    Call("renameat", 264, 38, NEVER, EACCES, _CHANGES),
    Call("renameat2", 316, 276, NEVER, EACCES, _CHANGES),
    Call("link", 86, None, NEVER, EACCES, _CHANGES + " Semaphores are made so, too."),
    Call("linkat", 265, 37, NEVER, EACCES, _CHANGES),
    Call("symlink", 88, None, NEVER, EACCES, _CHANGES),
    Call("symlinkat", 266, 36, NEVER, EACCES, _CHANGES),
    Call("chmod", 90, None, NEVER, EACCES, _CHANGES),
    Call("fchmod", 91, 52, NEVER, EACCES, _CHANGES),
    Call("fchmodat", 268, 53, NEVER, EACCES, _CHANGES),
    Call("truncate", 76, 45, NEVER, EACCES, _CHANGES),
    Call("ftruncate", 77, 46, NEVER, EACCES, _CHANGES),
)  # fmt: skip
"""Not in the table, and so the end of the process: clone, clone3, fork, vfork and execve (threads and processes);
kill, tkill, rt_sigqueueinfo, pidfd_* and timers (signals); every call on sockets; ptrace, process_vm_* and kcmp;
io_uring_*, splice and their like, which do calls that no filter sees; memfd_create, shm*, msg*, sem* and mq_*;
unshare, setns, mount and their like; seccomp, bpf, perf_event_open, userfaultfd and keyctl; dup2, and so on."""
