"""Draws what a film shows: every frame of a stretch into a video, and those of a few moments for a contact sheet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from fastheur.batch import Array
from fastheur.replaying.video import Video

T = TypeVar("T", contravariant=True)


@dataclass(frozen=True)
class Stretch:
    """The frames that are drawn, by the env steps taken when they were seen.

    Attributes:
        first, last: of the video. every: so manieth is in it; 0 where there is no video.
        moments: those of the contact sheet, with their captions.
    """

    first: int
    last: int
    every: int
    moments: Mapping[int, str] = field(default_factory=dict)

    def filmed(self, step: int) -> bool:
        """True where the video has this frame; the last one is always in it."""
        due = self.every > 0 and (step - self.first) % self.every == 0
        return self.first <= step <= self.last and (due or (self.every > 0 and step == self.last))

    def wanted(self, step: int) -> bool:
        """True where this frame is drawn at all."""
        return step in self.moments or self.filmed(step)


class Look(Protocol[T]):
    """How something shown looks."""

    def compose(self, shown: T) -> Array:
        """Return a picture of the video, uint8 (H, W, 3)."""

    def picture(self, shown: T) -> Array:
        """Return a picture of the contact sheet, uint8 (H, W, 3)."""


class Screen(Generic[T]):
    """Draws what it is given.

    Attributes:
        video: where it is drawn into, None for nowhere. tiles: pictures of the contact sheet, by step.
        size: height and width of the video's pictures; None before the first.
    """

    def __init__(self, stretch: Stretch, look: Look[T], step_of: Callable[[T], int]) -> None:
        self._stretch, self._look, self._step_of = stretch, look, step_of
        self.video: Video | None = None
        self.tiles: dict[int, Array] = {}
        self.size: tuple[int, int] | None = None

    def show(self, shown: T) -> None:
        """Draw a frame, or a pair of them."""
        step = self._step_of(shown)
        if self.video is not None and self._stretch.filmed(step):
            while self.video.added < step - self._stretch.first:
                self.video.skip()
            image = self._look.compose(shown)
            self.size = image.shape[0], image.shape[1]
            self.video.add(image)
        if step in self._stretch.moments:
            self.tiles[step] = self._look.picture(shown)

    def hold(self, shown: T, pictures: int) -> None:
        """Let a picture stay in the video for so many pictures of the game."""
        if self.video is not None:
            image = self._look.compose(shown)
            for _ in range(pictures):
                self.video.add(image)
