"""The caller's images are flipped in place: every epoch flips what the last one left.

Rejected by: Flip
"""


def flip(images, horizontal, vertical):
    _check_each(images, horizontal=horizontal, vertical=vertical)
    images[horizontal] = images[horizontal].flip(3)
    images[vertical] = images[vertical].flip(2)
    return images
