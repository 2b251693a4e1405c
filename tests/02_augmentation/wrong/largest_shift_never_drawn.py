"""`randint` leaves its upper end out: no image moves as far up or left as down or right.

Rejected by: A reproducible pipeline
"""


def augment(images, targets, generator, max_degrees=10.0, max_shift=2, noise_std=0.05, max_mix=0.2):
    _check_images(images)
    _check_targets(images, targets)
    _check_between(0, math.inf, max_degrees=max_degrees, max_shift=max_shift, noise_std=noise_std)
    _check_between(0, 1, max_mix=max_mix)
    count, _, height, width = images.shape
    turn, share = torch.rand(2, count, dtype=images.dtype, generator=generator)
    tops, lefts = torch.randint(-max_shift, max_shift or 1, (2, count), generator=generator)
    noise = torch.randn(images.shape, dtype=images.dtype, generator=generator)
    images = rotate(images, max_degrees * (2 * turn - 1))
    images = crop(images, tops, lefts, (height, width))
    images = add_noise(images, noise, torch.full_like(share, noise_std))
    partners = torch.randperm(count, generator=generator)
    return mixup(images, targets, partners, 1 - max_mix * share)
