"""A loop over images and changes, each a blend of the image with its grey or its mean."""


def jitter(images, brightness, contrast, saturation):
    _check_images(images, channels=3)
    _check_each(images, low=0, brightness=brightness, contrast=contrast, saturation=saturation)
    weights = torch.tensor([0.299, 0.587, 0.114], dtype=images.dtype, device=images.device)
    result = images.clone()
    for image, *factors in zip(result, brightness, contrast, saturation, strict=True):
        for step, factor in enumerate(factors):
            grey = torch.tensordot(weights, image, 1)
            other = (torch.zeros_like(grey), grey.mean(), grey)[step]
            image.copy_(torch.clamp(other + factor * (image - other), 0, 1))
    return result
