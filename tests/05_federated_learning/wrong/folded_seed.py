"""The words of the seed are folded into one of 32 bits by exclusive or.

Rejected by: Secure aggregation
"""

_whole = _add_mask


def _add_mask(total, client, peer, seed):
    words = [seed >> shift & 0xFFFFFFFF for shift in (0, 32, 64, 96)]
    _whole(total, client, peer, words[0] ^ words[1] ^ words[2] ^ words[3])
