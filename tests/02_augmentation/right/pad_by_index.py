"""The margin's pixels are looked up by clamped or folded indices."""


def pad(images, padding, mode="constant", value=0.0):
    _check_images(images)
    _check_choice(("constant", "reflect", "replicate"), mode=mode)
    places = []
    for size, before, after in zip(images.shape[2:], padding[::2], padding[1::2], strict=True):
        most = size - 1 if mode == "reflect" else math.inf
        _check_between(0, most, padding=min(before, after))
        _check_between(0, most, padding=max(before, after))
        place = torch.arange(-before, size + after, device=images.device)
        if mode == "reflect":
            place = (size - 1 - (size - 1 - place.abs()).abs()).abs()
        places.append(place)
    inside = [(p >= 0) & (p < size) for p, size in zip(places, images.shape[2:], strict=True)]
    rows, columns = (p.clamp(0, n - 1) for p, n in zip(places, images.shape[2:], strict=True))
    padded = images[:, :, rows][..., columns]
    if mode == "constant":
        padded[:, :, ~inside[0]] = value
        padded[..., ~inside[1]] = value
    return padded
