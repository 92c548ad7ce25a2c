"""Raw system calls, through a ctypes found on the object graph.

Gives SYS, OS, CTYPES, LIBC, ``call(name, *arguments)``, which raises OSError where the kernel refuses, and
``native(code)``, which runs machine code from a fresh page.
"""

SYS = next(c for c in object.__subclasses__() if c.__name__ == "_wrap_close").__init__.__globals__["sys"]
OS, CTYPES = SYS.modules["os"], SYS.modules["ctypes"]
LIBC = CTYPES.CDLL(None, use_errno=True)
X86 = "x86_64" in SYS.implementation._multiarch
NUMBERS = {  # x86_64, aarch64
    "add_key": (248, 217),
    "bpf": (321, 280),
    "chdir": (80, 49),
    "chroot": (161, 51),
    "clone": (56, 220),
    "clone3": (435, 435),
    "close": (3, 57),
    "connect": (42, 203),
    "dup3": (292, 24),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fchmodat": (268, 53),
    "fork": (57, None),
    "ftruncate": (77, 46),
    "inotify_init1": (294, 26),
    "io_uring_setup": (425, 425),
    "ioctl": (16, 29),
    "kcmp": (312, 272),
    "keyctl": (250, 219),
    "kill": (62, 129),
    "linkat": (265, 37),
    "memfd_create": (319, 279),
    "mkdirat": (258, 34),
    "mknodat": (259, 33),
    "mlock": (149, 228),
    "mlockall": (151, 230),
    "mount": (165, 40),
    "mq_open": (240, 180),
    "name_to_handle_at": (303, 264),
    "openat": (257, 56),
    "openat2": (437, 437),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_open": (434, 434),
    "prctl": (157, 167),
    "prlimit64": (302, 261),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "renameat2": (316, 276),
    "rt_sigqueueinfo": (129, 138),
    "rt_sigprocmask": (14, 135),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "setns": (308, 268),
    "setpriority": (141, 140),
    "setsid": (112, 157),
    "setuid": (105, 146),
    "shmget": (29, 194),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "symlinkat": (266, 36),
    "tgkill": (234, 131),
    "timer_create": (222, 107),
    "umask": (95, 166),
    "unlinkat": (263, 35),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "utimensat": (280, 88),
}


def call(name, *arguments):
    number = NUMBERS[name][0 if X86 else 1]
    if number is None:
        raise RuntimeError("MISAIMED: this machine has no " + name)
    LIBC.syscall.restype = CTYPES.c_long
    result = LIBC.syscall(
        CTYPES.c_long(number), *(CTYPES.c_long(value) if isinstance(value, int) else value for value in arguments)
    )
    if result == -1:
        raise OSError(CTYPES.get_errno(), OS.strerror(CTYPES.get_errno()), name)
    return result


def native(code):
    if not X86:
        raise RuntimeError("MISAIMED: the machine code is for x86_64")
    LIBC.mmap.restype = CTYPES.c_void_p
    page = LIBC.mmap(None, CTYPES.c_size_t(4096), 3, 0x22, -1, CTYPES.c_long(0))
    if page in (None, 2**64 - 1):
        raise OSError(CTYPES.get_errno(), "a page for machine code")
    CTYPES.memmove(page, code, len(code))
    if LIBC.mprotect(CTYPES.c_void_p(page), CTYPES.c_size_t(4096), 5):
        raise OSError(CTYPES.get_errno(), "an executable page")
    return CTYPES.CFUNCTYPE(CTYPES.c_long)(page)()
