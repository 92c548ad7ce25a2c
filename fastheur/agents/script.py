"""An agent that tries a list of policy files, one after another: for tests and demonstrations."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from fastheur.agents.base import Assignment, Door
from fastheur.errors import ConfigError


class Script:
    """Tries the files of ``agent.files`` in order; its name is its hypothesis."""

    replays: ClassVar[bool] = True
    waits: ClassVar[bool] = False

    def check(self, settings: Mapping[str, Any], source: str) -> None:
        """See :class:`fastheur.agents.base.Agent`."""
        for path in _paths(settings["files"]):
            _text(path)

    def run(self, door: Door, assignment: Assignment) -> None:
        """See :class:`fastheur.agents.base.Agent`.

        Raises:
            ConfigError: no files were given, or one of them cannot be read.
        """
        for path in _paths(assignment.settings["files"]):
            door.call("trial", {"source": _text(path), "hypothesis": path.name})


def _paths(files: Any) -> list[Path]:
    if not files or not isinstance(files, (str, list, tuple)):
        raise ConfigError("agent=script needs policy files: agent.files=[first.py,second.py].")
    return [Path(str(file)) for file in ([files] if isinstance(files, str) else files)]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise ConfigError(f"Cannot read the policy file {path}: {error.strerror}.") from error
