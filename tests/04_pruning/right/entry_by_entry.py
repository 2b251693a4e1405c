"""Masks, sparsity and the compressed layer are written as loops over entries in plain Python."""

import itertools


def sparsity(weights):
    entries = [value for weight in weights for value in weight.flatten().tolist()]
    return entries.count(0.0) / max(len(entries), 1)


def apply_masks(weights, masks):
    if len(weights) != len(masks):
        raise ValueError(f"masks: {len(masks)}, weights: {len(weights)}")
    masked = []
    for weight, mask in zip(weights, masks, strict=True):
        if weight.shape != mask.shape:
            raise ValueError(f"masks: {tuple(mask.shape)}, weight: {tuple(weight.shape)}")
        if mask.dtype is not torch.bool:
            raise ValueError(f"masks: {mask.dtype}, expected bool")
        masked.append(weight.clone())
        masked[-1][mask.logical_not()] = 0.0
    return masked


def to_csr(weight):
    if weight.dim() != 2:
        raise ValueError(f"weight: {tuple(weight.shape)}")
    found = [
        [(column, value) for column, value in enumerate(row) if value != 0]
        for row in weight.tolist()
    ]
    indptr = [0]
    for row in found:
        indptr.append(indptr[-1] + len(row))
    entries = [entry for row in found for entry in row]
    options = {"dtype": torch.int32, "device": weight.device}
    return {
        "indptr": torch.tensor(indptr, **options),
        "indices": torch.tensor([column for column, _ in entries], **options),
        "values": weight.new_tensor([value for _, value in entries]),
    }


def csr_linear(csr, inputs, bias=None):
    if inputs.dim() != 2:
        raise ValueError(f"inputs: {tuple(inputs.shape)}")
    starts = csr["indptr"].tolist()
    result = inputs.new_zeros(len(inputs), len(starts) - 1)
    for row, (begin, end) in enumerate(itertools.pairwise(starts)):
        for column, value in zip(csr["indices"][begin:end], csr["values"][begin:end], strict=True):
            result[:, row] += value * inputs[:, column]
    return result if bias is None else result + bias
