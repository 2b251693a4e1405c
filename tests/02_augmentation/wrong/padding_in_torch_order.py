"""The four numbers go to `F.pad` as they are, which takes left, right, top, bottom.

Rejected by: Pad and crop
"""

from torch.nn import functional


def pad(images, padding, mode="constant", value=0.0):
    _check_images(images)
    return functional.pad(images, padding, mode, value if mode == "constant" else None)
