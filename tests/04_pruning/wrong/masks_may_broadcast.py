"""A mask of another shape is spread over the weight without a word.

Rejected by: Sparsity and masked weights
"""


def apply_masks(weights, masks):
    if len(masks) != len(weights):
        raise ValueError(f"masks: {len(masks)}")
    return [
        torch.where(mask.bool(), weight, 0) for weight, mask in zip(weights, masks, strict=True)
    ]
