"""Every image is cropped at the place of the first.

Rejected by: Pad and crop
"""

_right = crop


def crop(images, tops, lefts, size):
    return _right(images, tops[:1].expand_as(tops), lefts[:1].expand_as(lefts), size)
