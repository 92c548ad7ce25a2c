"""What went wrong with a request to a model's endpoint, and what follows: another try, a shorter history, or the end."""

import email.utils
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

_TOO_LONG = re.compile(
    r"context.?(length|window|size)|maximum context|too many (input )?tokens|(prompt|input|request) (is )?too (long|large)",
    re.IGNORECASE,
)
_FOR_GOOD = re.compile(r"^insufficient_quota$|^invalid_|policy|^data_residency", re.IGNORECASE)
"""Codes that a second try cannot mend (``ResponseError.code`` of the openai package, and the quota's)."""


class HistoryTooLong(Exception):
    """The endpoint says that the history does not fit the model's context."""


class PictureRefused(Exception):
    """The endpoint does not take a picture that the history holds."""


@dataclass(eq=False)
class Failure(Exception):
    """One failed request.

    Attributes:
        message: in the server's words, or ours. status: of HTTP, None where the stream or the connection broke.
        code: the API's word for it, or "". retry_after: seconds that the server asks to wait, or None.
    """

    message: str
    status: int | None = None
    code: str = ""
    retry_after: float | None = None

    def __str__(self) -> str:
        words = " ".join(self.message.split())
        return f"{f'HTTP {self.status}, ' if self.status else ''}{words[:500]}"

    @property
    def too_long(self) -> bool:
        """Whether the history does not fit."""
        if self.status == 429:  # too much for a minute's allowance at once, however long one waits
            return "request too large" in self.message.lower()
        return self.code == "context_length_exceeded" or self.status == 413 or bool(_TOO_LONG.search(self.message))

    @property
    def blames_a_picture(self) -> bool:
        """Whether a picture may be the cause: it is named, or the request was refused without a better word."""
        named = "image" in self.code or "image" in self.message.lower()
        return self.status in (400, 404, 415, 422) or (named and self.status != 429)

    @property
    def passing(self) -> bool:
        """Whether another try may help."""
        if self.code and _FOR_GOOD.search(self.code):
            return False
        return self.status is None or self.status in (408, 409, 425, 429) or self.status >= 500


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a server asks to wait (``Retry-After-Ms``, or ``Retry-After`` as seconds or a date)."""
    for header, scale in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            seconds = float(headers[header]) * scale
        except (KeyError, ValueError):
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    try:
        date = email.utils.parsedate_to_datetime(headers["retry-after"])
    except (KeyError, ValueError):
        return None
    return max(0.0, date.timestamp() - time.time())
