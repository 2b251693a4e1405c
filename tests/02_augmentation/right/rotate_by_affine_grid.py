"""Torch makes the grid out of a matrix that knows the aspect of the image."""


def rotate(images, degrees):
    _check_images(images)
    _check_each(images, degrees=degrees)
    height, width = images.shape[2:]
    cos, sin = torch.cos(degrees * math.pi / 180), torch.sin(degrees * math.pi / 180)
    none = torch.zeros_like(cos)
    theta = [cos, -sin * height / width, none, sin * width / height, cos, none]
    grid = F.affine_grid(torch.stack(theta, 1).view(-1, 2, 3), images.shape, align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)
