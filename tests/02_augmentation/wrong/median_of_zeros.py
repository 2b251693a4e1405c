"""Beyond the border the median sees zeros, which darkens the corners.

Rejected by: Noise
"""

_right = pad


def pad(images, padding, mode="constant", value=0.0):
    return _right(images, padding, "constant" if mode == "replicate" else mode, value)
