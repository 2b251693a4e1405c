"""Noise drives pixels below 0 and above 1.

Rejected by: Noise
"""


def add_noise(images, noise, std):
    _check_images(images)
    _require(noise.shape == images.shape, "the shape of images", noise=noise)
    _check_each(images, low=0, std=std)
    return images + noise * _per_image(std)
