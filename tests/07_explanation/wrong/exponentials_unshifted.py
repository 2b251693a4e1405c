"""Exponentials of the scores are taken as they are, and overflow.

Rejected by: Attention
"""

_checked = attention_pool


def attention_pool(hidden, scores, mask):
    _checked(hidden, scores, mask)
    weights = scores.masked_fill(~mask, -math.inf).exp() / scores.masked_fill(
        ~mask, -math.inf
    ).exp().sum(1, keepdim=True).clamp(min=1e-30)
    return (weights[:, None] @ hidden.masked_fill(~mask[..., None], 0)).squeeze(1), weights
