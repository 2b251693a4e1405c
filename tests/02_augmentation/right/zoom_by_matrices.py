"""Rows and columns are resampled one after the other, each by a matrix of hat functions."""


def _hats(size, factors):
    place = torch.arange(size, dtype=factors.dtype, device=factors.device)
    source = (place - (size - 1) / 2) / factors[:, None] + (size - 1) / 2  # (N, size)
    return (1 - (source[:, :, None] - place).abs()).clamp(min=0)


def zoom(images, factors):
    _check_images(images)
    _check_each(images, factors=factors)
    _check_all(factors > 0, "above 0", factors=factors)
    height, width = images.shape[2:]
    rows, columns = _hats(height, factors), _hats(width, factors)
    return rows[:, None] @ images @ columns[:, None].mT
