"""Images are blended but targets stay as they were.

Rejected by: Mixup and CutMix
"""

_right = mixup


def mixup(images, targets, partners, shares):
    return _right(images, targets, partners, shares)[0], targets.clone()
