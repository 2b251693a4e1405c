"""Reflection repeats the outermost pixels, as NumPy's `symmetric` does.

Rejected by: Pad and crop
"""

_right = pad


def pad(images, padding, mode="constant", value=0.0):
    if mode != "reflect":
        return _right(images, padding, mode, value)
    _right(images, padding, mode)
    above, below, left, right = padding
    images = torch.cat(
        [images[:, :, :above].flip(2), images, images[:, :, images.shape[2] - below :].flip(2)], 2
    )
    return torch.cat(
        [images[..., :left].flip(3), images, images[..., images.shape[3] - right :].flip(3)], 3
    )
