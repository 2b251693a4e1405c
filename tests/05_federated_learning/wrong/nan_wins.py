"""One NaN makes the median NaN.

Rejected by: Robust aggregation
"""


def _middle(ranked, cut):
    return ranked[(len(ranked) - 1) // 2] if not ranked[0].is_floating_point() else ranked[0]


def _ranked(*tensors):
    if not tensors[0].is_floating_point():
        return list(torch.stack(list(tensors)).sort(0).values)
    values = torch.stack(list(tensors)).cpu().numpy()
    return [torch.from_numpy(np.asarray(np.median(values, axis=0)))]
