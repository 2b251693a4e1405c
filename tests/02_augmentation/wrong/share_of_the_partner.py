"""The share is given to the partner, and the image keeps the rest.

Rejected by: Mixup and CutMix
"""

_right = mixup


def mixup(images, targets, partners, shares):
    _check_each(images, low=0, high=1, shares=shares)
    return _right(images, targets, partners, 1 - shares)
