"""Masks from SHAKE-128, arithmetic in int64 with an explicit modulus."""

import hashlib


def _mask(seed, shape, device):
    size = int(np.prod(shape))
    text = hashlib.shake_128(seed.to_bytes(16, "big")).digest(4 * size)
    words = np.frombuffer(text, dtype=np.uint32).astype(np.int64)
    return torch.from_numpy(words).reshape(shape).to(device)


def _as_int32(numbers):
    numbers = numbers % 2**32
    return torch.where(numbers >= 2**31, numbers - 2**32, numbers).to(torch.int32)


def mask_update(update, client, seeds, bits=16):
    if not seeds:
        raise ValueError("seeds is {}: nobody to hide among")
    if client in seeds:
        raise ValueError(f"client {client} shares a seed with itself")
    limit = (2**31 - 1) // (1 + len(seeds))
    for value in update.flatten().tolist():
        if not -limit <= (round(value * 2**bits) if math.isfinite(value) else value) <= limit:
            raise ValueError(f"update holds {value}")
    total = torch.round(update.double() * 2**bits).long()
    for peer in sorted(seeds):
        mask = _mask(seeds[peer], update.shape, update.device)
        total = total + mask if peer > client else total - mask
    return _as_int32(total)


def unmask_sum(masked, revealed, bits=16):
    if len(masked) < 2:
        raise ValueError(f"masked has {len(masked)}")
    total = sum(tensor.long() for tensor in masked.values())
    for dropped, seeds in revealed.items():
        if dropped in masked or set(masked) - set(seeds):
            raise ValueError(f"revealed: {dropped}")
        for survivor in masked:
            mask = _mask(seeds[survivor], total.shape, total.device)
            total = total - mask if survivor < dropped else total + mask
    return _as_int32(total).double() / 2**bits
