"""The square is averaged, which spreads specks and blurs edges.

Rejected by: Noise
"""


def median_denoise(images, size=3):
    _check_images(images)
    _require(size >= 1 and size % 2 == 1, "odd and at least 1", size=size)
    return F.avg_pool2d(pad(images, (size // 2,) * 4, "replicate"), size, stride=1)
