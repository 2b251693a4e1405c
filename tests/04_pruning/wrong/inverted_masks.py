"""What the mask marks is removed instead of kept.

Rejected by: Sparsity and masked weights
"""


def apply_masks(weights, masks):
    if len(masks) != len(weights):
        raise ValueError(f"masks: {len(masks)}")
    return [weight.masked_fill(mask, 0) for weight, mask in zip(weights, masks, strict=True)]
