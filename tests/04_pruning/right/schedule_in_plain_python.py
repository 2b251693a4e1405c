"""The cubic is computed step by step in Python, with a case for each phase."""


def cubic_schedule(steps, initial, final, begin, end):
    if steps < 1:
        raise ValueError(f"steps: {steps}")
    if not 0 <= initial <= 1:
        raise ValueError(f"initial: {initial}")
    if not initial <= final <= 1:
        raise ValueError(f"final: {final}")
    if begin < 0:
        raise ValueError(f"begin: {begin}")
    if end <= begin:
        raise ValueError(f"end: {end}")

    def sparsity(step):
        if step <= begin:
            return initial
        if step >= end:
            return final
        return final - (final - initial) * ((end - step) / (end - begin)) ** 3

    return torch.tensor([sparsity(step) for step in range(steps)], dtype=torch.float64)
