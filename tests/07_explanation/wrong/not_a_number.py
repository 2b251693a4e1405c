"""A sequence that is all padding becomes NaN.

Rejected by: Attention
"""

_checked = attention_pool


def attention_pool(hidden, scores, mask):
    _checked(hidden, scores, mask)
    weights = scores.masked_fill(~mask, -math.inf).softmax(1)
    return (weights[:, None] @ hidden.masked_fill(~mask[..., None], 0)).squeeze(1), weights
