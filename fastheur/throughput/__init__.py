"""``fastheur bench``: workloads times contenders, measured in one run.

``workloads`` says what is played, ``contenders`` by whom and how, ``ours``, ``raw`` and ``peers`` do it, ``arena`` gives
every contender a process of its own and takes turns, ``report`` shows the result.
"""
