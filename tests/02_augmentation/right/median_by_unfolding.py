"""All squares are cut out and sorted; noise is added by plain arithmetic."""


def median_denoise(images, size=3):
    _check_images(images)
    _require(size >= 1 and size % 2 == 1, "odd and at least 1", size=size)
    padded = F.pad(images, [size // 2] * 4, mode="replicate")
    squares = padded.unfold(2, size, 1).unfold(3, size, 1).flatten(-2)
    return squares.sort(-1).values[..., size * size // 2].clone()


def add_noise(images, noise, std):
    _check_images(images)
    _require(noise.shape == images.shape, "the shape of images", noise=noise)
    _check_each(images, low=0, std=std)
    return torch.einsum("nchw,n->nchw", noise, std).add(images).clip(0, 1)
