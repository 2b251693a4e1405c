"""If any image is to be flipped, all are.

Rejected by: Flip
"""


def flip(images, horizontal, vertical):
    axes = [3] * bool(horizontal.any()) + [2] * bool(vertical.any())
    return images.flip(axes)
