"""A factor above 1 makes things smaller: it multiplies the place that is looked up.

Rejected by: Rotate and zoom
"""

_right = zoom


def zoom(images, factors):
    _check_all(factors > 0, "above 0", factors=factors)
    return _right(images, 1 / factors)
