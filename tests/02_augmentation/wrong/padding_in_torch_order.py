"""The four numbers go to `F.pad` as they are, which takes left, right, top, bottom.

Rejected by: Pad and crop
"""


def pad(images, padding, mode="constant", value=0.0):
    _check_images(images)
    _check_choice(("constant", "reflect", "replicate"), mode=mode)
    return F.pad(images, padding, mode, value if mode == "constant" else None)
