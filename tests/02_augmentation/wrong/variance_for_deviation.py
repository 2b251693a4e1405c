"""The noise is multiplied by the root of `std`, as if it were a variance.

Rejected by: Noise
"""

_right = add_noise


def add_noise(images, noise, std):
    return _right(images, noise, std.sqrt())
