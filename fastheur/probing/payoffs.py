"""Probe ``rewards``: when rewards come, how large they are, and which numbers change with them."""

from collections import Counter
from typing import Any

import numpy as np

from fastheur.engine import Engine
from fastheur.probing.entries import Entries
from fastheur.probing.walking import Choose, walk
from fastheur.record import short

MOST_EVENTS = 100
"""Events kept; counts and sums are of all."""

RARE = 0.1
"""A number that changes in fewer of the ordinary steps than this part is worth naming when it changes with a reward."""


def probe_rewards(engine: Engine, seed: int, steps: int, choose: Choose) -> tuple[list[str], dict[str, Any]]:
    """Return the lines and the data of the probe."""
    entries = Entries(engine.spec)
    names, width = entries.names, len(entries.names)
    ordinary, with_reward, last = np.zeros(width), np.zeros(width), np.zeros(width)
    events: list[dict[str, Any]] = []
    amounts: Counter[float] = Counter()
    episode, quiet = -1, 0
    for batch in walk(engine, seed, steps, choose):
        row, reward = entries.read(batch)[0], float(batch.reward[0])
        changed = row != last
        if batch.first is not None:
            episode += 1
        elif reward != 0.0:
            with_reward += changed
            amounts[float(short(reward))] += 1
            if len(events) < MOST_EVENTS:
                changes = {names[at]: (short(last[at]), short(row[at])) for at in np.flatnonzero(changed).tolist()}
                events.append(
                    {
                        "episode": episode,
                        "step": int(batch.info["elapsed"][0]),
                        "reward": short(reward),
                        "lives": int(batch.lives[0]),
                        "changes": changes,
                    }
                )
        else:
            quiet += 1
            ordinary += changed
        last = row
    count = amounts.total()
    rare = {name for name, share in zip(names, ordinary / max(1, quiet), strict=True) if share < RARE}
    for event in events:
        event["changes"] = {name: change for name, change in list(event["changes"].items()) if name in rare}
    total = sum(amount * many for amount, many in amounts.items())
    data = {"rewards": count, "sum": short(total), "amounts": dict(sorted(amounts.items())[:32]), "events": events}
    if not count:
        return [f"No reward in {steps} steps ({episode + 1} episodes)."], data
    sizes = ", ".join(f"{amount:g} x {many}" for amount, many in amounts.most_common(8))
    lines = [f"{count} rewards in {steps} steps ({episode + 1} episodes), in all {total:g}: {sizes}."]
    if 2 * count > steps:
        values = list(amounts.elements())
        lines.append(
            f"Most steps give one: lowest {min(values):g}, mean {total / count:.4g}, highest {max(values):g}. Single ones "
            "say little."
        )
        data["events"] = events[:8]
        return lines, data
    telling = [name for at, name in enumerate(names) if name in rare and with_reward[at] >= 0.8 * count]
    if telling:
        lines.append(f"Changed with (nearly) every reward and rarely else: {', '.join(telling[:16])}.")
    for event in events:
        few = list(event["changes"].items())[:6]
        words = ", ".join(f"{name} {before:g}->{after:g}" for name, (before, after) in few)
        when = f"- step {event['step']} of episode {event['episode']}: {event['reward']:+g}, lives {event['lives']}"
        lines.append(f"{when}; {words}" if words else when)
    return lines, data
