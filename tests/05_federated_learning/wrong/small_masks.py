"""Masks of 24 bits leave the upper bits of an update in the clear.

Rejected by: Secure aggregation
"""


def _add_mask(total, client, peer, seed):
    words = np.random.default_rng(seed).integers(0, 2**24, tuple(total.shape), dtype=np.int32)
    mask = torch.from_numpy(np.asarray(words)).to(total.device)
    total.add_(mask, alpha=1 if client < peer else -1)
