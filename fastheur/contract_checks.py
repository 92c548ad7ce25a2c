"""Checks what a policy declares, value by value: data from a process in which any code may have run.

Every function takes plain JSON values and the policy's name for messages, returns what the contract makes of them, and raises
PolicyError with what was found and what was expected. Nothing here costs more than the data's own length.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any, NoReturn

from fastheur.errors import PolicyError, abridged, nearest
from fastheur.policy import Frame, Number, Param, Shade, state_dtype

MODES = ("ram", "native", "state", "screen")
FORMATS = ("rgb", "grey", "palette", "masks", "components")
STATE_TYPES = ("bool", *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)), "float32", "float64")

MAX_ENTRIES = 256
"""Of PARAMS, and of STATE."""
MAX_CHOICES = 64
MAX_NAME = 64
MAX_TASK = 200
MAX_STATE_BYTES = 65_536
"""Of one slot's record, with the harness's own fields."""
MAX_EDGE = 65_536
"""Pixels of an edge, a block or an area in FRAME."""
MAX_COLOURS = 64
MAX_PER_COLOUR = 1_024
MAX_COMPONENTS = 4_096
"""Over all colours of a slot."""
MAX_MARKS = 16
MAX_LABEL = 24

EXPECTED_MODES = f'one of {", ".join(MODES)}, a tuple of them, or "any".'
EXPECTED_PARAM = "Param(default, low, high)"
EXPECTED_MARK = (
    '(x, y) or (x, y, width, height), each a number, a field of STATE as in "ball_x" or "ball_x - 48", or None for a whole '
    "row or column"
)
EXPECTED_SHADES = "a Shade(red=(low, high), ...) from fastheur.policy per plane, or a tuple of them that make one plane"
EXPECTED_STATE = 'a list like [("last_y", "f8"), ("history", "i4", (8,))]'

Place = Number | tuple[str, Number] | None
"""Where a mark is, or how large: a number, a field of STATE and what is added to it, or None."""

_MAX_INT = 2**63 - 1


def record(data: Any, keys: Sequence[str], what: str, name: str) -> dict[str, Any]:
    """Return ``data`` after checking that it is a dict with exactly these keys."""
    if type(data) is not dict:
        _refuse(name, f"{what} is {abridged(data)}, expected {', '.join(keys)}.")
    if len(data) != len(keys) or any(key not in data for key in keys):
        found = ", ".join(abridged(key) for key in itertools.islice(data, 2 * len(keys))) or "nothing"
        _refuse(name, f"{what} has the entries {found}, expected {', '.join(keys)}.")
    return data


def modes(data: Any, name: str) -> tuple[str, ...]:
    """Return the observation modes; none stands for any."""
    found = _items(data, len(MODES), "OBS", name)
    if any(type(mode) is not str or mode not in MODES for mode in found) or len(set(found)) < len(found):
        _refuse(name, f"OBS is {abridged(found[0] if len(found) == 1 else tuple(found))}, expected {EXPECTED_MODES}")
    return tuple(found)


def params(data: Any, name: str) -> dict[str, Param]:
    """Return the parameters by name, in the order in which they were declared."""
    found = dict[str, Param]()
    for one in _items(data, MAX_ENTRIES, "PARAMS", name):
        entry = record(one, ("name", "default", "low", "high", "choices"), "an entry of PARAMS", name)
        key = _identifier(entry["name"], "PARAMS", name)
        where = f"PARAMS[{key!r}]"
        if key in found:
            _refuse(name, f"{where} is declared twice.")
        choices = _items(entry["choices"], MAX_CHOICES, f"the choices of {where}", name)
        param = Param(
            _number(entry["default"], f"the default of {where}", name),
            _bound(entry["low"], f"the bound low of {where}", name),
            _bound(entry["high"], f"the bound high of {where}", name),
            tuple(_number(choice, f"a choice of {where}", name) for choice in choices),
        )
        problem = param.problem(param.default)
        if problem:
            _refuse(name, f"the default of {where} {problem}.")
        found[key] = param
    return found


def state(data: Any, name: str) -> tuple[tuple, ...]:
    """Return the fields as (name, type) or (name, type, shape); all of them fit into a record of ``MAX_STATE_BYTES``."""
    found = dict[str, tuple]()
    for one in _items(data, MAX_ENTRIES, "STATE", name):
        entry = record(one, ("name", "type", "shape"), "a field of STATE", name)
        key, kind = _identifier(entry["name"], "STATE", name), entry["type"]
        if type(kind) is not str or kind not in STATE_TYPES:
            _refuse(
                name,
                f"STATE field {key!r} has the type {abridged(kind)}, expected one of {', '.join(STATE_TYPES)}, as in "
                f"{EXPECTED_STATE}.",
            )
        if key in found:
            _refuse(name, f"STATE field {key!r} is declared twice.")
        where = f"the shape of STATE field {key!r}"
        shape = tuple(_whole(edge, 1, MAX_STATE_BYTES, where, name) for edge in _items(entry["shape"], 8, where, name))
        if math.prod(shape) > MAX_STATE_BYTES:
            _too_much_state(name, math.prod(shape))
        found[key] = (key, kind, shape) if shape else (key, kind)
    size = state_dtype(tuple(found.values())).itemsize
    if size > MAX_STATE_BYTES:
        _too_much_state(name, size)
    return tuple(found.values())


def frame(data: Any, name: str) -> Frame | None:
    """Return the preprocessing, or None; whether it fits the task's frames is seen later, where the task is known."""
    if data is None:
        return None
    keys = ("format", "crop", "maximum", "downsample", "difference", "colours", "most", "min_area", "shades", "every")
    entry = record(data, keys, "FRAME", name)
    kind, crop = entry["format"], entry["crop"]
    if type(kind) is not str or kind not in FORMATS:
        _refuse(name, f"FRAME format is {abridged(kind)}, expected one of {', '.join(FORMATS)}.")
    for switch in ("maximum", "difference"):
        if type(entry[switch]) is not bool:
            _refuse(name, f"FRAME {switch} is {abridged(entry[switch])}, expected True or False.")
    result = Frame(
        kind,
        None
        if crop is None
        else _numbers(crop, 4, (0, MAX_EDGE), "crop", "(top, bottom, left, right) in pixels", name),
        entry["maximum"],
        _numbers(entry["downsample"], 2, (1, MAX_EDGE), "downsample", "a block (height, width) in pixels", name),
        entry["difference"],
        tuple(
            _numbers(colour, 3, (0, 255), "colours", "RGB triples of 0..255", name)
            for colour in _items(entry["colours"], MAX_COLOURS, "FRAME colours", name)
        ),
        _whole(entry["most"], 1, MAX_PER_COLOUR, "FRAME most", name),
        _whole(entry["min_area"], 0, MAX_EDGE**2, "FRAME min_area", name),
        tuple(_shades(plane, name) for plane in _items(entry["shades"], MAX_COLOURS, "FRAME shades", name)),
        _numbers(entry["every"], 2, (1, MAX_EDGE), "every", "a step (rows, columns) in pixels", name),
    )
    _check_together(result, name)
    return result


def _shades(data: Any, name: str) -> tuple[Shade, ...]:
    """Return the shades of one plane from ten bounds each."""
    found = list[Shade]()
    for one in _items(data, MAX_COLOURS, "an entry of FRAME shades", name):
        low_high = _numbers(one, 10, (-255, 255), "shades", EXPECTED_SHADES, name)
        found.append(Shade(*(low_high[at : at + 2] for at in range(0, 10, 2))))
    return tuple(found)


def task(data: Any, name: str) -> str | None:
    """Return the task's name, or None."""
    if data is None:
        return None
    if type(data) is not str or not data.isprintable() or not 0 < len(data) <= MAX_TASK:
        _refuse(
            name,
            f'TASK is {abridged(data)}, expected a task\'s name like "atari/breakout" of at most {MAX_TASK} characters.',
        )
    return data


def marks(data: Any, fields: Sequence[tuple], name: str) -> dict[str, tuple[Place, ...]]:
    """Return (x, y) or (x, y, width, height) of each mark by its label; ``fields`` as :func:`state` returns them."""
    found = dict[str, tuple[Place, ...]]()
    for one in _items(data, MAX_MARKS, "MARKS", name):
        entry = record(one, ("label", "places"), "an entry of MARKS", name)
        label = entry["label"]
        if type(label) is not str or not label.isprintable() or not 0 < len(label.strip()) <= len(label) <= MAX_LABEL:
            _refuse(name, f"MARKS has the label {abridged(label)}, expected a text of at most {MAX_LABEL} characters.")
        if label in found:
            _refuse(name, f"MARKS[{label!r}] is declared twice.")
        where = f"MARKS[{label!r}]"
        places = _items(entry["places"], 4, where, name)
        hidden = [place is None for place in places]
        if len(places) not in (2, 4) or sum(hidden) > (1 if len(places) == 2 else 0):
            _refuse(name, f"{where} is {abridged(tuple(places))}, expected {EXPECTED_MARK}; a box has no None.")
        found[label] = tuple(_place(place, where, fields, name) for place in places)
    return found


def _place(data: Any, where: str, fields: Sequence[tuple], name: str) -> Place:
    if data is None:
        return None
    if type(data) is not list:
        return _number(data, f"a number of {where}", name)
    key, offset = data if len(data) == 2 else (None, None)
    single = [field[0] for field in fields if len(field) == 2]
    if type(key) is not str or key not in single:
        among = ", ".join(single[:20]) or "none"
        _refuse(
            name,
            f"{where} names {abridged(key)}, which is no field of STATE with a single number; those are {among}."
            f"{nearest(key[:MAX_NAME], single) if type(key) is str else ''}",
        )
    return key, _number(offset, f"what {where} adds to {key}", name)


def _check_together(found: Frame, name: str) -> None:
    planes = found.colours or found.shades
    if (found.format in ("masks", "components")) != bool(planes) or (found.colours and found.shades):
        _refuse(
            name, "FRAME colours or shades belong to the formats masks and components, and those need one of the two."
        )
    if found.every != (1, 1) and not found.shades:
        _refuse(name, "FRAME every thins what shades are looked for in; it needs shades.")
    if (found.difference or found.downsample != (1, 1)) and found.format not in ("rgb", "grey"):
        _refuse(name, f"FRAME downsample and difference work on rgb and grey, not on {found.format}.")
    if found.format == "components" and found.most * len(planes) > MAX_COMPONENTS:
        _refuse(
            name,
            f"FRAME asks for {found.most} components of each of {len(planes)} colours, expected at most "
            f"{MAX_COMPONENTS:,} in all.",
        )


def _refuse(name: str, text: str) -> NoReturn:
    raise PolicyError(f"{name}: {text}")


def _too_much_state(name: str, size: int) -> NoReturn:
    _refuse(name, f"STATE takes {size:,} bytes or more per slot, expected at most {MAX_STATE_BYTES:,}.")


def _items(data: Any, most: int, what: str, name: str) -> list[Any]:
    if type(data) is not list:
        _refuse(name, f"{what} is {abridged(data)}, expected a list or a tuple.")
    if len(data) > most:
        _refuse(name, f"{what} has more than {most} entries, expected at most {most}.")
    return data


def _identifier(data: Any, what: str, name: str) -> str:
    if type(data) is not str or len(data) > MAX_NAME or not data.isidentifier() or data.startswith("_"):
        _refuse(
            name,
            f"{what} has the name {abridged(data)}, expected a Python identifier of at most {MAX_NAME} characters that "
            "does not start with _.",
        )
    return data


def _bound(data: Any, what: str, name: str) -> Number | None:
    return None if data is None else _number(data, what, name)


def _number(data: Any, what: str, name: str) -> Number:
    if type(data) is int and abs(data) <= _MAX_INT:
        return data
    if type(data) is float and math.isfinite(data):
        return data
    _refuse(
        name,
        f"{what} is {abridged(data)}, expected a finite number of at most 64 bits (leave out a bound of infinity).",
    )


def _whole(data: Any, least: int, most: int, what: str, name: str) -> int:
    if type(data) is not int or not least <= data <= most:
        _refuse(name, f"{what} is {abridged(data)}, expected a whole number from {least} to {most:,}.")
    return data


def _numbers(data: Any, count: int, limits: tuple[int, int], what: str, expected: str, name: str) -> Any:
    """Return a tuple of ``count`` whole numbers within the inclusive limits."""
    fits = type(data) is list and len(data) == count
    if not fits or any(type(one) is not int or not limits[0] <= one <= limits[1] for one in data):
        _refuse(name, f"FRAME {what} are {abridged(data)}, expected {expected}.")
    return tuple(data)
