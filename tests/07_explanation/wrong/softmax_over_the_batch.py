"""The softmax runs over the batch instead of the tokens.

Rejected by: Attention
"""

_checked = attention_pool


def attention_pool(hidden, scores, mask):
    _checked(hidden, scores, mask)
    weights = (
        scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(0).masked_fill(~mask, 0)
    )
    return (weights[:, None] @ hidden.masked_fill(~mask[..., None], 0)).squeeze(1), weights
