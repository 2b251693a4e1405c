"""Images and targets are mixed with partners drawn apart.

Rejected by: A reproducible pipeline
"""

_right = augment


def augment(images, targets, generator, max_degrees=10.0, max_shift=2, noise_std=0.05, max_mix=0.2):
    numbers = max_degrees, max_shift, noise_std, max_mix
    _check_images(images)
    mixed, _ = _right(images, targets, generator, *numbers)
    _, told = _right(images, targets, generator, *numbers)
    return mixed, told
