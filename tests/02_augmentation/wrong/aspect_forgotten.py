"""The rotation is applied to coordinates from -1 to 1, which shears images that are not square.

Rejected by: Rotate and zoom
"""


def rotate(images, degrees):
    _check_images(images)
    _check_each(images, degrees=degrees)
    cos, sin, zero = degrees.deg2rad().cos(), degrees.deg2rad().sin(), torch.zeros_like(degrees)
    theta = torch.stack([cos, -sin, zero, sin, cos, zero], 1).view(-1, 2, 3)
    grid = F.affine_grid(theta, images.shape, align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)
