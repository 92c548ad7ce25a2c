"""Settings of the ``openai`` agent, checked once, and the key that its endpoint needs."""

import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self
from urllib.parse import urlsplit

import yaml

from fastheur.errors import ConfigError, nearest, whole
from fastheur.resources import CONF

_Check = Callable[[str, Any], Any]


@dataclass(frozen=True)
class Settings:
    """What ``conf/agent/openai.yaml`` sets, under the same names; that file says what each one means."""

    model: str
    effort: str | None
    reasoning_summary: str | None
    temperature: float | None
    base_url: str | None
    api_key_env: str
    images: bool
    timeout_s: float
    retries: int
    backoff_s: float
    most_wait_s: float
    most_turns: int
    most_nudges: int
    most_context_tokens: int
    most_output_tokens: int | None
    price_input: float | None
    price_cached: float | None
    price_output: float | None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Return ``given`` on top of the configuration file, checked.

        Raises:
            ConfigError: an unknown name, or a value that does not fit.
        """
        values = {**yaml.safe_load((CONF / "agent" / "openai.yaml").read_text()), **given}
        values.pop("name")
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                raise ConfigError(f"agent=openai has no setting {name!r}.{nearest(str(name), known)}")
        return cls(**{name: _CHECKS[name](f"agent.{name}", values[name]) for name in known})

    def key(self) -> str:
        """Return the API key; a placeholder for an endpoint on this machine or network, which needs none.

        Raises:
            ConfigError: no key, and the endpoint is not local.
        """
        key = os.environ.get(self.api_key_env, "").strip()
        url = self.base_url or os.environ.get("OPENAI_BASE_URL")
        if key or (url and _is_local(url)):
            return key or "none"
        raise ConfigError(
            f"agent=openai needs an API key for {url or 'OpenAI'}, and the environment variable {self.api_key_env} is "
            f"not set: `export {self.api_key_env}=...`, or set agent.base_url to a server of your own. "
            "agent=tuner needs no key and no network."
        )

    def money(self, fresh: int, cached: int, output: int) -> float | None:
        """Return US dollars for so many tokens of input that was not cached, cached input, and output; None if unknown."""
        if self.price_input is None or self.price_output is None:
            return None
        price_cached = self.price_input if self.price_cached is None else self.price_cached
        return (fresh * self.price_input + cached * price_cached + output * self.price_output) / 1e6


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local"))
    return address.is_loopback or address.is_private


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{name} is {value!r}, expected a text.")
    return value.strip()


def _url(name: str, value: Any) -> str:
    text = _text(name, value)
    if not text.startswith(("http://", "https://")):
        raise ConfigError(f"{name} is {value!r}, expected an address like http://localhost:8000/v1.")
    return text


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ConfigError(f"{name} is {value!r}, expected a number from 0.")
    return float(value)


def _positive(name: str, value: Any) -> float:
    if _number(name, value) == 0:
        raise ConfigError(f"{name} is {value!r}, expected more than 0.")
    return float(value)


def _count(name: str, value: Any) -> int:
    return whole(name, value, least=0)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{name} is {value!r}, expected true or false.")
    return value


def _or_null(check: _Check) -> _Check:
    return lambda name, value: None if value is None else check(name, value)


_CHECKS: dict[str, _Check] = {
    "model": _text,
    "effort": _or_null(_text),
    "reasoning_summary": _or_null(_text),
    "temperature": _or_null(_number),
    "base_url": _or_null(_url),
    "api_key_env": _text,
    "images": _flag,
    "timeout_s": _positive,
    "retries": _count,
    "backoff_s": _number,
    "most_wait_s": _number,
    "most_turns": whole,
    "most_nudges": _count,
    "most_context_tokens": whole,
    "most_output_tokens": _or_null(whole),
    "price_input": _or_null(_number),
    "price_cached": _or_null(_number),
    "price_output": _or_null(_number),
}
