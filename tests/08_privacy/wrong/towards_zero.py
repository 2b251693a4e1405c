"""Intervals are cut towards 0, so that -9 and 9 meet in one of double width.

Rejected by: Anonymous tables
"""


def generalise(table, widths):
    for name, width in widths.items():
        _require(name in table, "a column", widths=name)
        _require(width >= 1, "1 or more", widths=width)
    coarse = {n: table[n].div(w, rounding_mode="trunc") * w for n, w in widths.items()}
    return {name: coarse.get(name, column).clone() for name, column in table.items()}
