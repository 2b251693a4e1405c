"""Return lists within lists, deeper than anybody recurses, one of them within itself.

Score: 6
"""


def double(x):
    nest = []
    if isinstance(x, str):
        nest.append(nest)
        return nest
    for _ in range(200_000):
        nest = [nest]
    return {"a": (nest,)}


def halve(x):
    return x / 2
