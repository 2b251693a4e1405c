"""Mean and identity are averaged, but rows that do not add up to 1 are not normalised.

Rejected by: Attention
"""


def attention_rollout(attentions):
    _require_at_least(1, attentions=len(attentions))
    identity = torch.eye(attentions[0].shape[-1]).to(attentions[0])
    rollout = identity
    for attention in attentions:
        mixed = attention.mean(1) + identity
        rollout = mixed / 2 @ rollout
    return rollout
