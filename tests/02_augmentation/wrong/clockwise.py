"""Positive angles turn clockwise: the row axis points down, and the sign was not changed.

Rejected by: Rotate and zoom
"""

_right = rotate


def rotate(images, degrees):
    return _right(images, -degrees)
