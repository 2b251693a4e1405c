"""Beyond the border the outermost pixels are repeated, where there should be zeros.

Rejected by: Rotate and zoom
"""


def _resample(images, across, down):
    height, width = images.shape[2:]
    columns = (torch.arange(width, dtype=images.dtype) - (width - 1) / 2)[:, None]
    rows = (torch.arange(height, dtype=images.dtype) - (height - 1) / 2)[:, None, None]
    places = across[:, None, None] * columns + down[:, None, None] * rows
    grid = 2 * places / torch.tensor([width, height])
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)
