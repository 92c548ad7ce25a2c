"""Walks what a policy can reach in its process: the frames above it, every loaded module, the collector's list.

Gives SYS, GC and ``reachable()``, which yields pairs of a name and an object, at most ``MOST`` of them, in
its first call alone.
"""

SYS = next(c for c in object.__subclasses__() if c.__name__ == "_wrap_close").__init__.__globals__["sys"]
GC = SYS.modules.get("gc") or __import__("gc")
MOST = 200_000
WALKS = []


def reachable():
    if WALKS:
        return
    WALKS.append(True)
    seen, waiting = set(), []
    frame = SYS._getframe(1)
    while frame is not None:
        waiting += [("frame " + name, value) for name, value in frame.f_locals.items()]
        frame = frame.f_back
    for module in list(SYS.modules.values()):
        if (getattr(module, "__name__", None) or "").startswith(("fastheur", "__main__")):
            waiting += [("module " + name, value) for name, value in vars(module).items()]
    waiting += [("collector", value) for value in GC.get_objects()]
    while waiting and len(seen) < MOST:
        name, value = waiting.pop()
        if id(value) in seen or SYS.getrefcount(value) > 100_000:
            continue
        seen.add(id(value))
        yield name, value
        if str(type(value).__module__).startswith("fastheur"):
            names = [*getattr(value, "__dict__", {}), *getattr(type(value), "__slots__", ())]
            waiting += [(name + "." + part, getattr(value, part, None)) for part in names]
        elif isinstance(value, (list, tuple)) and len(value) < 1000:
            waiting += [(name + "[]", part) for part in value]
