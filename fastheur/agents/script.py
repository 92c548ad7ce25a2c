"""An agent that tries a list of policy files, one after another: for tests and demonstrations."""

from pathlib import Path
from typing import ClassVar

from fastheur.agents.base import Assignment, Door
from fastheur.errors import ConfigError


class Script:
    """Tries the files of ``agent.files`` in order; its name is its hypothesis."""

    replays: ClassVar[bool] = True
    waits: ClassVar[bool] = False

    def run(self, door: Door, assignment: Assignment) -> None:
        """See :class:`fastheur.agents.base.Agent`.

        Raises:
            ConfigError: no files were given, or one of them cannot be read.
        """
        files = assignment.settings["files"]
        if not files:
            raise ConfigError("agent=script needs policy files: agent.files=[first.py,second.py].")
        for file in [files] if isinstance(files, str) else files:
            path = Path(file)
            try:
                source = path.read_text(encoding="utf-8", errors="surrogateescape")
            except OSError as error:
                raise ConfigError(f"Cannot read the policy file {file}: {error.strerror}.") from error
            door.call("trial", {"source": source, "hypothesis": path.name})
