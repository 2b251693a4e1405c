"""A horizontal flip reverses the order of the rows, not of the columns.

Rejected by: Flip
"""

_right = flip


def flip(images, horizontal, vertical):
    return _right(images, horizontal=vertical, vertical=horizontal)
