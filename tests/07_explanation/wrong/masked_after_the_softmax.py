"""Padding is masked after the softmax, when it has taken its share.

Rejected by: Attention
"""

_checked = attention_pool


def attention_pool(hidden, scores, mask):
    _checked(hidden, scores, mask)
    weights = scores.softmax(1).masked_fill(~mask, 0)
    return (weights[:, None] @ hidden.masked_fill(~mask[..., None], 0)).squeeze(1), weights
