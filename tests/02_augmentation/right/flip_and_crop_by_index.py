"""Every pixel of the result computes the index of the pixel it shows."""


def _gather(images, rows, columns):
    each = torch.arange(len(images), device=images.device)[:, None, None]
    shown = images.movedim(1, -1)[each, rows[:, :, None], columns[:, None, :]]
    return shown.movedim(-1, 1).contiguous()


def flip(images, horizontal, vertical):
    _check_images(images)
    _check_each(images, dtype=torch.bool, horizontal=horizontal, vertical=vertical)
    y, x = (torch.arange(n, device=images.device) for n in images.shape[2:])
    rows = torch.where(vertical[:, None], len(y) - 1 - y, y)
    return _gather(images, rows, torch.where(horizontal[:, None], len(x) - 1 - x, x))


def crop(images, tops, lefts, size):
    _check_images(images)
    _check_each(images, dtype=torch.int64, tops=tops, lefts=lefts)
    _check_between(1, math.inf, size=min(size))
    height, width = images.shape[2:]
    rows = tops[:, None] + torch.arange(size[0], device=images.device)
    columns = lefts[:, None] + torch.arange(size[1], device=images.device)
    inside = ((rows >= 0) & (rows < height))[:, None, :, None]
    inside = inside & ((columns >= 0) & (columns < width))[:, None, None, :]
    window = _gather(images, rows.clamp(0, height - 1), columns.clamp(0, width - 1))
    return torch.where(inside, window, 0)
