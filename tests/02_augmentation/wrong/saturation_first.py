"""Saturation is changed before contrast.

Rejected by: Colour jitter
"""


def jitter(images, brightness, contrast, saturation):
    _check_images(images, channels=3)
    _check_each(images, low=0, brightness=brightness, contrast=contrast, saturation=saturation)
    b, c, s = map(_per_image, (brightness, contrast, saturation))
    images = (b * images).clamp(0, 1)
    images = torch.lerp(_grey(images), images, s).clamp(0, 1)
    return torch.lerp(_grey(images).mean((2, 3), keepdim=True), images, c).clamp(0, 1)
