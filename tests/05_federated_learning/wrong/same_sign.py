"""Both partners of a pair add their mask.

Rejected by: Secure aggregation
"""

_signed = _add_mask


def _add_mask(total, client, peer, seed):
    _signed(total, min(client, peer), max(client, peer), seed)
