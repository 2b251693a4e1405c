"""The softmax runs over a last dimension of 1, and every weight is 1.

Rejected by: Attention
"""

_checked = attention_pool


def attention_pool(hidden, scores, mask):
    _checked(hidden, scores, mask)
    weights = scores[..., None].softmax(-1).squeeze(-1).masked_fill(~mask, 0)
    return (weights[:, None] @ hidden.masked_fill(~mask[..., None], 0)).squeeze(1), weights
