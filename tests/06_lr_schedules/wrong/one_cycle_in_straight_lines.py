"""Both phases are straight lines, as in the first description, not half cosines.

Rejected by: One-cycle
"""


def _half_cosine(start, end, progress):
    return start + (end - start) * progress
