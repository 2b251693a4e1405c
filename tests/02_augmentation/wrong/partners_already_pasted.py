"""Boxes are pasted one after the other into the images, so that later ones copy earlier pastes.

Rejected by: Mixup and CutMix
"""

_right = cutmix


def cutmix(images, targets, partners, boxes):
    _, mixed = _right(images, targets, partners, boxes)
    for i, j in enumerate(partners.tolist()):
        top, left, bottom, right = boxes[i].clamp(min=0).tolist()
        images[i, :, top:bottom, left:right] = images[j, :, top:bottom, left:right].clone()
    return images, mixed
