"""Images turn about pixel (0, 0) instead of their centre.

Rejected by: Rotate and zoom
"""


def _resample(images, across, down):
    height, width = images.shape[2:]
    columns = torch.arange(width, dtype=images.dtype)[:, None]
    rows = torch.arange(height, dtype=images.dtype)[:, None, None]
    places = across[:, None, None] * columns + down[:, None, None] * rows
    grid = (2 * places + 1) / torch.tensor([width, height]) - 1
    return F.grid_sample(images, grid, align_corners=False)
