"""The strongest head stands for all of them.

Rejected by: Attention
"""


def attention_rollout(attentions):
    _require(len(attentions) > 0, "one layer or more", attentions=attentions)
    identity = torch.eye(attentions[0].shape[-1]).to(attentions[0])
    rollout = identity
    for attention in attentions:
        mixed = attention.amax(1) + identity
        rollout = mixed / mixed.sum(-1, keepdim=True) @ rollout
    return rollout
