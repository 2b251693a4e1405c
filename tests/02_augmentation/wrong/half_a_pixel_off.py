"""The centre is taken as (H / 2, W / 2), half a pixel below and to the right of it.

Rejected by: Rotate and zoom
"""


def _resample(images, across, down):
    height, width = images.shape[2:]
    columns = (torch.arange(width, dtype=images.dtype) - width / 2)[:, None]
    rows = (torch.arange(height, dtype=images.dtype) - height / 2)[:, None, None]
    places = across[:, None, None] * columns + down[:, None, None] * rows
    grid = (2 * places + 1) / torch.tensor([width, height])
    return F.grid_sample(images, grid, align_corners=False)
