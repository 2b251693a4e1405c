"""Every image draws its own numbers, one at a time and in another order; partners may repeat."""


def augment(images, targets, generator, max_degrees=10.0, max_shift=2, noise_std=0.05, max_mix=0.2):
    _check_images(images)
    _check_targets(images, targets)
    _check_between(0, math.inf, max_degrees=max_degrees, max_shift=max_shift, noise_std=noise_std)
    _check_between(0, 1, max_mix=max_mix)
    own = {"generator": generator, "device": images.device, "dtype": images.dtype}
    shape = images.shape[2:]
    changed, partners, shares = torch.empty_like(images), [], []
    for i in range(len(images)):
        partners.append(int(len(images) * torch.rand((), **own)))
        shares.append(1 - max_mix * torch.rand((), **own))
        noise = torch.normal(torch.zeros_like(images[:1]), 1, generator=generator)
        left, top = (
            torch.randint(2 * max_shift + 1, (1,), generator=generator, device=images.device)
            - max_shift
            for _ in range(2)
        )
        image = rotate(
            images[i : i + 1],
            torch.empty(1).to(images).uniform_(-1, 1, generator=generator) * max_degrees,
        )
        changed[i] = (crop(image, top, left, shape) + noise * noise_std).clamp(0, 1)[0]
    return mixup(
        changed, targets, torch.tensor(partners, device=images.device), torch.stack(shares)
    )
