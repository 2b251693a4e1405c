"""The whole batch is turned by the angle of the first image.

Rejected by: Rotate and zoom
"""

_right = rotate


def rotate(images, degrees):
    return _right(images, degrees[:1].expand_as(degrees))
