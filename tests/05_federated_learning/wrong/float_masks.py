"""The masks are normal noise in floating point, which hides little and cancels nearly.

Rejected by: Secure aggregation
"""


def mask_update(update, client, seeds, bits=16):
    masked = update.double().clone()
    for peer, seed in seeds.items():
        noise = np.random.default_rng(seed).normal(size=tuple(update.shape))
        masked += (1 if client < peer else -1) * torch.from_numpy(np.asarray(noise))
    return masked
