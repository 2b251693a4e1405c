"""Negative offsets count from the end, as indices do in Python: the window wraps around.

Rejected by: Pad and crop
"""


def crop(images, tops, lefts, size):
    (height, width), (rows, columns) = images.shape[2:], size
    windows = []
    for image, top, left in zip(images, tops.tolist(), lefts.tolist(), strict=True):
        y = (torch.arange(rows) + top) % height
        x = (torch.arange(columns) + left) % width
        windows.append(image[:, y][:, :, x])
    return torch.stack(windows)
