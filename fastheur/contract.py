"""What a policy declares, as data that another process may have read."""

import hashlib
import inspect
import itertools
import re
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np

from fastheur import contract_checks as checks
from fastheur.declarations import plans_in
from fastheur.errors import PolicyError, abridged, nearest
from fastheur.policy import Frame, Number, Param, Shade, params_dtype, state_dtype

_MOST = 2 * checks.MAX_ENTRIES  # longer lists need not be read to be refused
_SHIFTED = re.compile(r"\s*([^\W\d]\w*)\s*(?:([+-])\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*)?")
"""A field of STATE, and a number to add to it."""

_ENTRIES = ("style", "modes", "params", "state", "frame", "task", "marks")


@dataclass(frozen=True)
class Declaration:
    """What a policy says of itself, and its text: all that is known of one that runs in another process.

    Attributes:
        name: for messages, the file's path as given. source: its text. sha256: of the source.
        style: ``kernel`` or ``batch``. modes: observation modes it plays; empty for any.
        params, state, frame: what it declares; state as tuples (name, type) or (name, type, shape), types named as in
            ``contract_checks.STATE_TYPES``. task: the task it was written for, or None.
        marks: what replays draw where the policy believes it to be: by label (x, y) or (x, y, width, height), each as in
            ``contract_checks.Place``.
        plans: it plans with a model of the simulator; read from its text, which imports ``fastheur.planner``.
    """

    name: str
    source: str
    sha256: str
    style: Literal["kernel", "batch"]
    modes: tuple[str, ...]
    params: Mapping[str, Param]
    state: tuple[tuple, ...]
    frame: Frame | None
    task: str | None
    marks: Mapping[str, tuple[checks.Place, ...]]
    plans: bool

    def values(self, changes: Mapping[str, Number] | None = None) -> dict[str, Number]:
        """Return a value for every parameter: the defaults with ``changes`` on top, checked.

        Raises:
            PolicyError: an unknown name, or a value outside its declaration.
        """
        values: dict[str, Number] = {name: param.default for name, param in self.params.items()}
        for name, value in (changes or {}).items():
            if name not in self.params:
                declared = ", ".join(self.params) or "none"
                raise PolicyError(
                    f"{self.name} has no parameter {name!r}; it declares {declared}.{nearest(name, self.params)}"
                )
            problem = self.params[name].problem(value)
            if problem:
                raise PolicyError(f"params.{name} {problem} (declared in {self.name})")
            values[name] = int(value) if self.params[name].dtype.kind == "i" else float(value)
        return values

    def rows(self, values: Sequence[Mapping[str, Number]]) -> np.ndarray:
        """Return one record per mapping of ``values``, laid out as kernels see it."""
        records = np.zeros(len(values), params_dtype(self.params))
        for row, mapping in zip(records, values, strict=True):
            for name, value in mapping.items():
                row[name] = value
        return records

    def to_dict(self) -> dict[str, Any]:
        """Return what the policy declares as plain JSON values; its name and text are not among them."""
        return {
            "style": self.style,
            "modes": list(self.modes),
            "params": [{"name": name, **_plain_fields(param)} for name, param in self.params.items()],
            "state": [
                {"name": name, "type": kind, "shape": _plain(shape)} for name, kind, shape in map(_full, self.state)
            ],
            "frame": _frame(self.frame, self.name),
            "task": self.task,
            "marks": [{"label": label, "places": _plain(places)} for label, places in self.marks.items()],
        }

    @classmethod
    def from_dict(cls, source: str, name: str, data: Any) -> "Declaration":
        """Return the declaration that :meth:`to_dict` wrote, from data that nobody vouches for.

        Args:
            source: the policy's text. name: for messages. data: what came out of the JSON; may be anything.

        Raises:
            PolicyError: the data break the contract or one of the limits in ``contract_checks``.
        """
        entries = checks.record(data, _ENTRIES, "the declaration", name)
        style = entries["style"]
        if type(style) is not str or style not in ("kernel", "batch"):
            raise PolicyError(f"{name}: the style is {abridged(style)}, expected kernel or batch.")
        state = checks.state(entries["state"], name)
        return Declaration(
            name,
            source,
            _hash(source, name),
            "kernel" if style == "kernel" else "batch",
            checks.modes(entries["modes"], name),
            checks.params(entries["params"], name),
            state,
            checks.frame(entries["frame"], name),
            checks.task(entries["task"], name),
            checks.marks(entries["marks"], state, name),
            plans_in(source, name),
        )


def declared(source: str, name: str, namespace: Mapping[str, Any]) -> Declaration:
    """Return what an executed policy declares.

    Args:
        source: the policy's text. name: for messages. namespace: what its top level left.

    Raises:
        PolicyError: it breaks the contract; what was found, and what was expected.
    """
    data = {
        "style": _style(namespace.get("act"), namespace.get("Policy"), name),
        "modes": _modes(namespace.get("OBS"), name),
        "params": _params(namespace.get("PARAMS", {}), name),
        "state": _state(namespace.get("STATE", []), name),
        "frame": _frame(namespace.get("FRAME"), name),
        "task": namespace.get("TASK"),
        "marks": _marks(namespace.get("MARKS", {}), name),
    }
    return Declaration.from_dict(source, name, data)


def _hash(source: str, name: str) -> str:
    try:
        return hashlib.sha256(source.encode()).hexdigest()
    except UnicodeEncodeError as error:
        raise PolicyError(f"{name} is not a text in UTF-8 ({error.reason} at character {error.start}).") from error


def _style(act: Any, batch: Any, name: str) -> str:
    act = getattr(act, "py_func", act)  # an author's own numba.njit is replaced by the harness's
    if act is None and batch is None:
        raise PolicyError(
            f"{name} defines neither `act(obs, info, state, params)` nor a class `Policy`; one of them is the policy."
        )
    if act is not None and (not isinstance(act, types.FunctionType) or inspect.iscoroutinefunction(act)):
        raise PolicyError(f"{name}: `act` is {type(act).__name__}, expected a function.")
    if act is None and not all(callable(getattr(batch, method, None)) for method in ("reset", "act")):
        raise PolicyError(f"{name}: class `Policy` needs the methods reset(slots) and act(obs, info, slots).")
    return "kernel" if act is not None else "batch"


def _modes(found: Any, name: str) -> Any:
    if isinstance(found, str):
        return [] if found == "any" else [found]
    if not isinstance(found, tuple) or not found:
        raise PolicyError(f"{name}: OBS is {abridged(found)}, expected {checks.EXPECTED_MODES}")
    return list(found)


def _params(found: Any, name: str) -> list[Any]:
    if not isinstance(found, dict):
        raise PolicyError(
            f"{name}: PARAMS is {type(found).__name__}, expected a dict of names to {checks.EXPECTED_PARAM}."
        )
    for key, param in found.items():
        if not isinstance(param, Param):
            raise PolicyError(
                f"{name}: PARAMS[{abridged(key)}] is {abridged(param)}, expected {checks.EXPECTED_PARAM}."
            )
    return [{"name": key, **_plain_fields(param)} for key, param in found.items()]


def _state(found: Any, name: str) -> list[Any]:
    """Return the fields as NumPy understands them, so that every way to write a type is welcome."""
    try:
        layout = state_dtype(found)
        names = list(layout.names or ())[:-2]
        types_ = [layout[field] for field in names]
    except Exception as error:
        raise PolicyError(
            f"{name}: STATE does not describe a record ({error}); expected {checks.EXPECTED_STATE}."
        ) from error
    kinds = [one.base.name if one.base.isnative else one.base.str for one in types_]
    return [
        {"name": one, "type": kind, "shape": list(type_.shape)}
        for one, kind, type_ in zip(names, kinds, types_, strict=True)
    ]


def _frame(found: Any, name: str) -> dict[str, Any] | None:
    if found is not None and not isinstance(found, Frame):
        raise PolicyError(f"{name}: FRAME is {abridged(found)}, expected Frame(...) from fastheur.policy.")
    return None if found is None else {**_plain_fields(found), "shades": _shades(found.shades, name)}


def _shades(found: Any, name: str) -> list[list[list[Any]]]:
    """Return the shades of each plane in their plain form, ten bounds each."""
    planes = list(itertools.islice(found, _MOST)) if isinstance(found, tuple | list) else [found]
    groups = [list(itertools.islice(plane, _MOST)) if isinstance(plane, tuple | list) else [plane] for plane in planes]
    for shade in itertools.chain(*groups):
        if not isinstance(shade, Shade):
            raise PolicyError(f"{name}: FRAME shades have {abridged(shade)}, expected {checks.EXPECTED_SHADES}.")
    return [[list(itertools.chain(*_plain_fields(shade).values())) for shade in group] for group in groups]


def _marks(found: Any, name: str) -> list[Any]:
    if not isinstance(found, dict):
        raise PolicyError(
            f"{name}: MARKS is {type(found).__name__}, expected a dict of labels to {checks.EXPECTED_MARK}."
        )
    for label, places in found.items():
        if not isinstance(places, tuple | list):
            raise PolicyError(
                f"{name}: MARKS[{abridged(label)}] is {abridged(places)}, expected {checks.EXPECTED_MARK}."
            )
    return [
        {"label": label, "places": [_mark_place(place, label, name) for place in itertools.islice(places, _MOST)]}
        for label, places in itertools.islice(found.items(), _MOST)
    ]


def _mark_place(found: Any, label: Any, name: str) -> Any:
    """Return a place in its plain form: ``"ball_x - 48"`` as ``["ball_x", -48]``."""
    if not isinstance(found, str | tuple | list):
        return _plain(found)
    match = _SHIFTED.fullmatch(found) if isinstance(found, str) and len(found) <= 2 * checks.MAX_NAME else None
    if match is None:
        raise PolicyError(f"{name}: MARKS[{abridged(label)}] has {abridged(found)}, expected {checks.EXPECTED_MARK}.")
    field, sign, number = match.groups()
    offset = float(number or 0) if "." in (number or "") else int(number or 0)
    return [field, -offset if sign == "-" else offset]


def _full(entry: tuple) -> tuple[str, str, tuple[int, ...]]:
    return (*entry, ())[:3]  # type: ignore[return-value]


def _plain_fields(value: Param | Frame | Shade) -> dict[str, Any]:
    return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}


def _plain(value: Any, depth: int = 3) -> Any:
    """Return NumPy's numbers as Python's, and what is like a tuple as a list."""
    if isinstance(value, np.bool_ | np.integer | np.floating):
        return value.item()
    if isinstance(value, tuple | list | range) and depth:
        return [_plain(one, depth - 1) for one in itertools.islice(value, _MOST)]
    return value
