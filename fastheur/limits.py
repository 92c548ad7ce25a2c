"""What a policy may take that runs in a process of its own."""

from dataclasses import dataclass, replace

from fastheur.errors import ConfigError, whole

LEAST_MB = 1024
"""The libraries alone take most of this address space."""

PLANNING = 10
"""So many times as long a policy that plans may think, about a batch and in an episode: each batch simulates whole futures."""


@dataclass(frozen=True)
class Limits:
    """What an isolated policy may take.

    Attributes:
        call_s, load_s, episode_s: wall seconds for one batch, for loading or compiling, and in all batches of one episode;
            for a policy that plans, :data:`PLANNING` times ``call_s`` and ``episode_s``.
        memory_mb: address space of its process, in MiB.

    Raises:
        ConfigError: one of them is no number above 0, or so little memory that no library could be loaded.
    """

    call_s: float = 10.0
    load_s: float = 60.0
    episode_s: float = 300.0
    memory_mb: int = 3072

    def __post_init__(self) -> None:
        for name in ("call_s", "load_s", "episode_s"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e6:
                raise ConfigError(f"limits.{name} is {value!r}, expected seconds above 0.")
        whole("limits.memory_mb", self.memory_mb, LEAST_MB)

    def of(self, plans: bool) -> "Limits":
        """Return the limits of one policy."""
        return replace(self, call_s=PLANNING * self.call_s, episode_s=PLANNING * self.episode_s) if plans else self
