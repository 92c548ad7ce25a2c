"""What the Lab takes and gives as plain values: requests as the records keep them, readable texts, numbers that JSON has."""

import json
import math
from base64 import b64decode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from fastheur.errors import ConfigError
from fastheur.operations import Answer, Picture

MOST_TEXT = 20_000
"""Characters of a text that is no source: a memory is for what was learnt, not for logs."""


def recorded(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the ledger keeps of a request: a source by its hash."""
    source = arguments.get("source")
    kept = {} if source is None else {"source": sha256(source.encode("utf-8", "surrogatepass")).hexdigest()}
    plain: dict[str, Any] = json.loads(json.dumps({**arguments, **kept}))
    return plain


def readable(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments after checking that their texts can be kept; what is wrong with a source its trial says."""
    for name, text in arguments.items():
        if name == "source" or not isinstance(text, str):
            continue
        if len(text) > MOST_TEXT:
            raise ConfigError(f"{name} has {len(text):,} characters, expected at most {MOST_TEXT:,}: say it shorter.")
        if not text.isascii() and any("\ud800" <= one <= "\udfff" for one in text):
            raise ConfigError(f"{name} holds bytes that are no text in UTF-8.")
    return arguments


def finite(value: Any) -> Any:
    """Return JSON values with None for every number that is not finite, which JSON lacks."""
    if isinstance(value, Mapping):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def shown(done: Mapping[str, Any]) -> Answer:
    """Return what the player has sent of a probe or a trace as an answer."""
    pictures = tuple(Picture(caption, b64decode(png)) for caption, png in done["pictures"])
    return Answer(done["text"], done["data"], pictures)
