"""Draws balls, capsules and cylinders over a chequered floor, in software: one ray per pixel, no OpenGL.

Conventions: metres, z up. The eye keeps its height and its direction and moves along with the robot over the floor, so all
rays are made once, and everything is drawn relative to the followed place. Arrays of pixels are float32: it is a picture.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from fastheur.batch import Array

WIDTH, HEIGHT = 480, 360
"""Pixels of the picture."""

_FIELD = math.radians(45.0)
"""Angle of view from the upper to the lower edge, as in MuJoCo's own camera."""

_SKY, _HORIZON = np.float32((0.36, 0.49, 0.64)), np.float32((0.80, 0.85, 0.90))
_TILES = np.float32((0.34, 0.38, 0.44)), np.float32((0.55, 0.60, 0.66))
_AMBIENT, _DIFFUSE, _GLOSS, _SHADOW = 0.38, 0.72, 0.22, 0.55


@dataclass(frozen=True)
class View:
    """How a robot is looked at.

    Attributes:
        target: the point in the middle of the picture, seen from the followed place.
        distance: from the eye to it. azimuth, elevation: of the eye, in degrees; azimuth -90 looks along +y, with x to the
            right. tile: edge of a floor tile.
    """

    target: tuple[float, float, float]
    distance: float
    azimuth: float
    elevation: float
    tile: float


@dataclass(frozen=True)
class Solid:
    """A ball (``half`` 0), a capsule, or a cylinder (``flat``).

    Attributes:
        centre, axis: (3,), the axis of length 1. radius, half: half the length without the caps. colour: (3,), 0 to 1.
    """

    centre: Array
    axis: Array
    radius: float
    half: float
    colour: Array
    flat: bool = False


class Drawing:
    """An eye over a floor; see :meth:`draw`."""

    def __init__(self, view: View, floor: float | None) -> None:
        """Make the rays. ``floor`` is the floor's height, None for no floor."""
        azimuth, elevation = math.radians(view.azimuth), math.radians(view.elevation)
        back = np.array(
            [math.cos(azimuth) * math.cos(elevation), math.sin(azimuth) * math.cos(elevation), math.sin(elevation)]
        )
        right = np.array([-math.sin(azimuth), math.cos(azimuth), 0.0])
        up = np.cross(back, right)
        self._turn = np.stack([right, -up, -back])  # world to camera: x to the right, y down, z ahead
        self._eye = np.asarray(view.target) + view.distance * back
        self._focus = 0.5 * HEIGHT / math.tan(0.5 * _FIELD)
        light = 0.45 * back - 0.35 * right + np.array([0.0, 0.0, 1.0])
        self._light = light / np.linalg.norm(light)
        columns, rows = np.meshgrid(np.arange(WIDTH) - 0.5 * (WIDTH - 1), np.arange(HEIGHT) - 0.5 * (HEIGHT - 1))
        ahead = np.stack([columns, rows, np.full_like(rows, self._focus)], axis=-1) @ self._turn
        self._rays = (ahead / np.linalg.norm(ahead, axis=-1, keepdims=True)).astype(np.float32)
        self._ground = self._sky()
        self._floor, self._tile = floor, view.tile
        if floor is not None:
            self._lay(floor)

    def draw(self, place: tuple[float, float], solids: Sequence[Solid]) -> Array:
        """Return the picture of the solids as seen by an eye that has gone along to ``place``.

        Returns:
            uint8 (HEIGHT, WIDTH, 3) RGB.
        """
        image = self._ground.copy()
        offset = np.array([*place, 0.0])
        near = [Solid(one.centre - offset, one.axis, one.radius, one.half, one.colour, one.flat) for one in solids]
        if self._floor is not None:
            self._pave(image, place)
            self._shade(image, near, self._floor)
        depth = np.full((HEIGHT, WIDTH), np.inf, np.float32)
        owner = np.zeros((HEIGHT, WIDTH), np.uint8)
        for number, solid in enumerate(near, 1):
            self._cast(image, depth, owner, solid, number)
        return _smooth((np.clip(image, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8), owner)

    def _sky(self) -> Array:
        height = np.clip(self._rays[..., 2:3] * 1.6, 0.0, 1.0)
        return _HORIZON + height * (_SKY - _HORIZON)

    def _lay(self, floor: float) -> None:
        """Note where each ray of the lower rows meets the floor, and how far a pixel reaches there, in tiles."""
        down = self._rays[..., 2] < -1e-3
        self._top = top = int(np.argmax(down.all(axis=1))) if down.all(axis=1).any() else HEIGHT
        rays = self._rays[top:]
        far = np.float32(floor - self._eye[2]) / rays[..., 2]
        self._across = ((self._eye[0] + far * rays[..., 0]) / self._tile).astype(np.float32)
        self._along = ((self._eye[1] + far * rays[..., 1]) / self._tile).astype(np.float32)
        reach = far / np.float32(self._focus * self._tile)
        self._sharp = 1.0 / (reach * np.sqrt(1.0 / np.maximum(-rays[..., 2], 0.05)))
        self._haze = np.exp(-far / np.float32(28.0 * self._tile))[..., None]

    def _pave(self, image: Array, place: tuple[float, float]) -> None:
        """Draw the tiles, each edge as soft as a pixel is wide, so that far ones turn grey instead of flickering."""
        odd = _square(self._across + np.float32(place[0] / self._tile % 2.0), self._sharp)
        even = _square(self._along + np.float32(place[1] / self._tile % 2.0), self._sharp)
        light = (odd + even - 2.0 * odd * even)[..., None]
        tiles = _TILES[0] + light * (_TILES[1] - _TILES[0])
        image[self._top :] = _HORIZON + self._haze * (tiles - _HORIZON)

    def _shade(self, image: Array, solids: Sequence[Solid], floor: float) -> None:
        """Darken the floor where a solid stands between it and the light."""
        side = np.cross(self._light, [1.0, 0.0, 0.0])
        side /= np.linalg.norm(side)
        turns = np.linspace(0.0, 2.0 * math.pi, 16, endpoint=False)[:, None]
        ring = np.cos(turns) * side + np.sin(turns) * np.cross(self._light, side)
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        for solid in solids:
            ends = [solid.centre + sign * solid.half * solid.axis + solid.radius * ring for sign in (-1.0, 1.0)]
            points = np.concatenate(ends)
            points = points[points[:, 2] > floor]
            if len(points) < 3:
                continue
            fallen = points - self._light * ((points[:, 2:] - floor) / self._light[2])
            seen = (fallen - self._eye) @ self._turn.T
            if seen[:, 2].min() > 0.05:
                hull = cv2.convexHull((self._pixels(seen) * 16.0).astype(np.int32))
                cv2.fillConvexPoly(mask, hull, 255, cv2.LINE_AA, 4)
        mask = cv2.GaussianBlur(mask, (7, 7), 0)[self._top :, :, None]
        image[self._top :] *= 1.0 - mask * np.float32(_SHADOW / 255.0) * self._haze

    def _pixels(self, seen: Array) -> Array:
        """Project (N, 3) points in the eye's own axes to (N, 2) pixels, column first."""
        return seen[:, :2] * (self._focus / seen[:, 2:]) + (0.5 * (WIDTH - 1), 0.5 * (HEIGHT - 1))

    def _box(self, solid: Solid) -> tuple[slice, slice] | None:
        """Return the rows and columns that the solid may cover; None where it is not in the picture."""
        ends = np.stack([solid.centre - solid.half * solid.axis, solid.centre + solid.half * solid.axis])
        seen = (ends - self._eye) @ self._turn.T
        if seen[:, 2].min() < 1.5 * solid.radius:
            return None  # at the very eye
        reach = 1.25 * self._focus * solid.radius / (seen[:, 2:] - solid.radius) + 1.0
        middle = self._pixels(seen)
        low = np.maximum((middle - reach).min(axis=0), 0).astype(int)
        high = np.minimum((middle + reach).max(axis=0) + 1, (WIDTH, HEIGHT)).astype(int)
        return (slice(low[1], high[1]), slice(low[0], high[0])) if (low < high).all() else None

    def _cast(self, image: Array, depth: Array, owner: Array, solid: Solid, number: int) -> None:
        """Draw one solid where it is nearer than all before it."""
        box = self._box(solid)
        if box is None:
            return
        rays = self._rays[box].reshape(-1, 3)
        far = _meet(rays, (self._eye - solid.centre).astype(np.float32), solid)
        hit = np.flatnonzero(far < depth[box].ravel())
        rays, far = rays[hit], far[hit]
        point = far[:, None] * rays + (self._eye - solid.centre).astype(np.float32)
        axis = solid.axis.astype(np.float32)
        height = point @ axis
        normal = point - np.clip(height, -solid.half, solid.half)[:, None] * axis
        if solid.flat:
            cap = np.abs(height) > 0.999 * solid.half
            normal[cap] = np.sign(height[cap])[:, None] * axis
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        light = self._light.astype(np.float32)
        facing = normal @ light
        mirror = (2.0 * facing)[:, None] * normal - light
        gloss = _GLOSS * np.maximum(-(mirror * rays).sum(axis=1), 0.0) ** 24
        bright = _AMBIENT + _DIFFUSE * np.maximum(0.25 + 0.75 * facing, 0.0)
        rows, columns = np.divmod(hit, box[1].stop - box[1].start)
        rows, columns = rows + box[0].start, columns + box[1].start
        image[rows, columns] = bright[:, None] * solid.colour.astype(np.float32) + gloss[:, None]
        depth[rows, columns] = far
        owner[rows, columns] = number


def _square(place: Array, sharp: Array) -> Array:
    """Return a square wave of period 2 with edges ``1 / sharp`` wide."""
    wave = np.abs(place - 2.0 * np.floor(0.5 * place) - 1.0)
    return np.clip((wave - 0.5) * sharp + 0.5, 0.0, 1.0)


def _meet(rays: Array, eye: Array, solid: Solid) -> Array:
    """Return how far along each ray (N, 3) from ``eye``, seen from the solid's centre, it meets the solid; inf: never.

    Ray against an endless cylinder, then against its two ends: balls, or discs where it is flat.
    """
    axis, radius = solid.axis.astype(np.float32), np.float32(solid.radius)
    far = np.full(len(rays), np.inf, np.float32)
    if solid.half > 0:
        lean, start = rays @ axis, float(eye @ axis)
        a = np.maximum(1.0 - lean * lean, 1e-9)
        b = rays @ eye - lean * start
        root = b * b - a * (float(eye @ eye) - start * start - radius * radius)
        side = np.where(root >= 0, (-b - np.sqrt(np.maximum(root, 0.0))) / a, np.inf)
        with np.errstate(invalid="ignore"):
            on = np.abs(start + side * lean) <= solid.half
        far[on] = side[on]
    for sign in (-1.0, 1.0) if solid.half > 0 else (0.0,):
        end = _disc if solid.flat else _ball
        far = np.minimum(far, end(rays, eye - np.float32(sign * solid.half) * axis, axis, radius))
    return far


def _ball(rays: Array, eye: Array, axis: Array, radius: np.float32) -> Array:
    del axis
    b = rays @ eye
    root = b * b - (float(eye @ eye) - radius * radius)
    return np.where(root >= 0, -b - np.sqrt(np.maximum(root, 0.0)), np.float32(np.inf))


def _disc(rays: Array, eye: Array, axis: Array, radius: np.float32) -> Array:
    lean = rays @ axis
    far = -float(eye @ axis) / np.where(np.abs(lean) < 1e-6, 1e-6, lean)
    point = eye + far[:, None] * rays
    return np.where((point * point).sum(axis=1) <= radius * radius, far, np.inf).astype(np.float32)


def _smooth(image: Array, owner: Array) -> Array:
    """Soften the outlines, where one solid, or the ground, meets another."""
    edge = cv2.dilate(owner, None) != cv2.erode(owner, None)
    soft = cv2.GaussianBlur(image, (3, 3), 0.7)
    image[edge] = soft[edge]
    return image
