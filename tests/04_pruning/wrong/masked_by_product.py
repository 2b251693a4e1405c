"""Weights are multiplied by their masks, and 0 times infinity is NaN.

Rejected by: Sparsity and masked weights
"""


def apply_masks(weights, masks):
    if len(masks) != len(weights):
        raise ValueError(f"masks: {len(masks)}")
    for weight, mask in zip(weights, masks, strict=True):
        if mask.shape != weight.shape or mask.dtype != torch.bool:
            raise ValueError(f"masks: {tuple(mask.shape)} {mask.dtype}")
    return [weight * mask for weight, mask in zip(weights, masks, strict=True)]
