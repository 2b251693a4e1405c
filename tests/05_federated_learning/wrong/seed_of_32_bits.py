"""The mask comes from torch's generator, which uses 32 bits of the seed.

Rejected by: Secure aggregation
"""


def _add_mask(total, client, peer, seed):
    generator = torch.Generator().manual_seed(seed % 2**63)
    mask = torch.randint(-(2**31), 2**31, total.shape, generator=generator).to(torch.int32)
    total.add_(mask.to(total.device), alpha=1 if client < peer else -1)
