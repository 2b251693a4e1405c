"""Values are clamped only after the last of the three changes.

Rejected by: Colour jitter
"""


def jitter(images, brightness, contrast, saturation):
    _check_images(images, channels=3)
    _check_each(images, low=0, brightness=brightness, contrast=contrast, saturation=saturation)
    b, c, s = map(_per_image, (brightness, contrast, saturation))
    images = b * images
    images = torch.lerp(_grey(images).mean((2, 3), keepdim=True), images, c)
    return torch.lerp(_grey(images), images, s).clamp(0, 1)
