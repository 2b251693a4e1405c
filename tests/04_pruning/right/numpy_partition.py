"""NumPy's partition finds the threshold, and a running count shares out the ties."""

import numpy as np


def _without_smallest(magnitudes, zeros):
    values = magnitudes.cpu().numpy()
    if not zeros:
        keep = np.ones(values.shape, dtype=bool)
    else:
        threshold = np.partition(values, zeros - 1)[zeros - 1]
        larger, tied = values > threshold, values == threshold
        places = len(values) - zeros - larger.sum()
        keep = larger | (tied & (np.cumsum(tied) <= places))
    return torch.from_numpy(keep).to(magnitudes.device)
