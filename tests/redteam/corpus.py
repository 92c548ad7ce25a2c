"""Reads the hostile policies and their headers, and aims them at a machine: paths, processes and a port for placeholders."""

import ast
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

from fastheur.resources import POLICIES

HERE = Path(__file__).parent
PLAIN = HERE / "parts" / "plain.py"
"""What most of the policies play while they misbehave."""

SECRET = "the secret of the red team"
CANARY = "REDTEAM_CANARY"
"""A variable that the runner sets in its own environment: no policy may see it."""

BREACHED = "BREACHED"
"""In an error or a log: the attack succeeded."""

MISAIMED = "MISAIMED"
"""In an error: the attack could not be tried, so it shows nothing."""

CATEGORIES = {
    "action": "actions that are none",
    "chance": "chance and clocks of its own",
    "ctypes": "ways to the C library",
    "debug": "tracing others, memory of others, the ties to the parent",
    "declaration": "what the file declares",
    "exception": "errors that are hard to show",
    "exit": "ends of the process",
    "file-read": "files of the user and of the machine",
    "file-write": "new, changed and removed files",
    "finalizer": "code that runs when things are freed",
    "forged-reply": "the worker's side of the protocol",
    "hang": "never answering",
    "kernel-surface": "parts of the kernel that no policy needs",
    "memory": "arrays over raw addresses",
    "memory-flood": "too much memory",
    "native": "machine code of its own",
    "network": "sockets and names",
    "numba": "the compiler's other modes, caches and dumps",
    "observation": "writing what it should only read",
    "out-of-bounds": "indices behind arrays in compiled code",
    "output": "what it prints",
    "patching": "replaced functions of libraries and of the harness",
    "pickle": "bytes that are calls",
    "proc": "/proc and /dev",
    "process": "new processes and programs",
    "recursion": "the stack",
    "resources": "what all processes of the machine share",
    "seeds": "what would tell the episode",
    "signal": "signals to others",
    "static-evasion": "what a careless look at the syntax tree misses",
    "thread": "threads of its own",
    "time-bomb": "misbehaving late",
}

When = Literal["load", "compile", "reset", "act", "batch"]
Static = Literal["refused", "passes"]
Behind = Literal["denied", "killed", "hung", "error", "harmless"]

TARGETS = {
    "environment": f"the variable {CANARY} of the runner's environment must not be seen",
    "error": "the trial's message is an error of the policy, short, and shown without control characters",
    "log": "the worker's log stays within its bound and is shown without control characters",
    "next trial": "the trial after it gives the same returns as without it",
    "plain returns": f"where it plays to the end its returns are those of {PLAIN.name}",
    "processes": "no process is left",
}
"""What the runner checks beside the trial itself. All others are things that the policy aims at, named by placeholders."""

_FIELDS = ("attack", "when", "static", "behind", "task", "episodes", "uses", "target")
_GROWN = {
    "NESTED_MINUSES": "-" * 50_000 + "1",
    "WIDE_SUM": "+".join(["1"] * 100_000),
}
"""Names in a policy that stand for expressions too large for a file that people read."""


@dataclass(frozen=True)
class Aim:
    """What stands for the placeholders.

    Attributes:
        folder: as :func:`prepare` made it, ``{FOLDER}``. harness, engine: processes, ``{HARNESS_PID}`` and
            ``{ENGINE_PID}``. port: one on which somebody listens on 127.0.0.1, ``{PORT}``.
    """

    folder: Path
    harness: int
    engine: int
    port: int

    def places(self) -> dict[str, str]:
        """Return the text for every placeholder."""
        return {
            "FOLDER": str(self.folder),
            "HARNESS_PID": str(self.harness),
            "ENGINE_PID": str(self.engine),
            "PORT": str(self.port),
            "ROMS": str(_package("ale_py") / "roms"),
            "ENVPOOL": str(_package("envpool")),
            "SHIPPED": str(POLICIES),
            "HOME": str(Path.home()),
        }


PLACEHOLDERS = ("FOLDER", "HARNESS_PID", "ENGINE_PID", "PORT", "ROMS", "ENVPOOL", "SHIPPED", "HOME")


@dataclass(frozen=True)
class Attack:
    """One hostile policy.

    Attributes:
        name: the file's, without its ending. summary: what it does, in a sentence. attack: of :data:`CATEGORIES`.
        when: while the file is loaded, while the policy is compiled or built, at an episode's start, in a kernel's or in
            a batch policy's ``act``. static: what the check of the syntax tree should do with it.
        behind: what may happen where that check is left out. task: what it plays. episodes: how many it needs.
        uses: the part that is put in front of it, or nothing. targets: see :data:`TARGETS`. text: the file's.
    """

    name: str
    summary: str
    attack: str
    when: When
    static: Static
    behind: tuple[Behind, ...]
    task: str
    episodes: int
    uses: str
    targets: tuple[str, ...]
    text: str

    def source(self, aim: Aim | None = None) -> str:
        """Return the policy as it is submitted, aimed where ``aim`` is given; without it placeholders stay."""
        text = self.text
        if self.uses:
            text = _joined(text, (HERE / "parts" / f"{self.uses}.py").read_text())
        for name, value in _GROWN.items():
            text = text.replace(name, value)
        for name, value in (aim.places() if aim else {}).items():
            text = text.replace("{" + name + "}", value)
        return text


def read(path: Path) -> Attack:
    """Read one policy.

    Raises:
        ValueError: the header is not as README.md describes it.
    """
    text = path.read_text()
    summary, _, header = (ast.get_docstring(ast.parse(text)) or "").partition("\n\n")
    fields = dict(re.findall(r"^([a-z]+): (.+)$", header, re.MULTILINE))
    if not summary or len(fields) != len(header.strip().splitlines()) or not set(fields) <= set(_FIELDS):
        raise ValueError(f"{path.name}: expected a sentence, an empty line, and lines of {', '.join(_FIELDS)}")
    return Attack(
        name=path.stem,
        summary=summary.replace("\n", " "),
        attack=_one_of(path, fields, "attack", CATEGORIES),
        when=_one_of(path, fields, "when", get_args(When)),  # type: ignore[arg-type]
        static=_one_of(path, fields, "static", get_args(Static)),  # type: ignore[arg-type]
        behind=tuple(_one_of(path, {"behind": word}, "behind", get_args(Behind)) for word in _words(fields, "behind")),  # type: ignore[misc]
        task=fields.get("task", "CartPole-v1"),
        episodes=int(fields.get("episodes", "2")),
        uses=fields.get("uses", ""),
        targets=tuple(_words(fields, "target")),
        text=text,
    )


def corpus() -> list[Attack]:
    """Return all hostile policies by name."""
    return [read(path) for path in sorted((HERE / "policies").glob("*.py"))]


def prepare(folder: Path) -> dict[str, str]:
    """Fill an empty folder with what policies aim at and return its state, see :func:`state`."""
    (folder / "secret.txt").write_text(SECRET)
    (folder / "ledger.db").write_bytes(b"SQLite format 3\0" + bytes(4080))
    return state(folder)


def state(folder: Path) -> dict[str, str]:
    """Return name, mode, times and content of everything in the folder: equal states mean that nothing was left."""
    entries = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        found = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        entries[str(path.relative_to(folder))] = f"{found.st_mode:o} {found.st_mtime_ns} {found.st_nlink} {content}"
    return entries


def _one_of(path: Path, fields: dict[str, str], name: str, allowed: Iterable[str]) -> str:
    value = fields.get(name, "")
    if value not in allowed:
        raise ValueError(f"{path.name}: {name} is {value!r}, expected one of {', '.join(allowed)}")
    return value


def _words(fields: dict[str, str], name: str) -> list[str]:
    return [word.strip() for word in fields.get(name, "").split(",") if word.strip()]


def _joined(text: str, part: str) -> str:
    """Put a part, without its docstring, behind a policy's docstring."""
    end, begin = _docstring_end(text), _docstring_end(part)
    lines = text.splitlines()
    return "\n".join([*lines[:end], *part.splitlines()[begin:], *lines[end:]]) + "\n"


def _docstring_end(text: str) -> int:
    return ast.parse(text).body[0].end_lineno or 0


def _package(name: str) -> Path:
    found = find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise ValueError(f"there is no package {name} to aim at")
    return Path(found.submodule_search_locations[0])
