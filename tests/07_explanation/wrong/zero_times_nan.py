"""What stands at padding is multiplied by 0 instead of being left out.

Rejected by: Attention
"""

_checked = attention_pool


def attention_pool(hidden, scores, mask):
    _checked(hidden, scores, mask)
    weights = (
        scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(1).masked_fill(~mask, 0)
    )
    return (weights[:, None] @ hidden).squeeze(1), weights
