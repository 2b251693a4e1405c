"""The path is walked node by node, and sequences are pooled one by one, without padding."""


def integrated_gradients(model, inputs, baseline, steps=50):
    if steps < 1:
        raise ValueError(f"steps: {steps}")
    if baseline.shape != inputs.shape[1:]:
        raise ValueError(f"baseline: {tuple(baseline.shape)}")
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    attributions = torch.zeros_like(inputs)
    for node, weight in zip(nodes / 2 + 0.5, weights / 2, strict=True):
        with torch.inference_mode(False), torch.enable_grad():
            point = torch.lerp(baseline.expand_as(inputs), inputs, float(node))
            point = point.detach().requires_grad_()
            outputs = model(point)
            slopes = torch.autograd.grad(outputs, point, torch.ones_like(outputs))[0]
        attributions += float(weight) * slopes
    return attributions * (inputs - baseline)


def attention_pool(hidden, scores, mask):
    for name, tensor in (("scores", scores), ("mask", mask)):
        if tensor.shape != hidden.shape[:2]:
            raise ValueError(f"{name}: {tuple(tensor.shape)}")
    if not len(hidden):
        return hidden.sum(1), scores.clone()
    pooled, weights = [], []
    for tokens, row, present in zip(hidden, scores, mask, strict=True):
        own = torch.softmax(row[present], dim=0)
        weights.append(torch.zeros_like(row).masked_scatter(present, own))
        pooled.append((own[:, None] * tokens[present]).sum(0))
    return torch.stack(pooled), torch.stack(weights)


def attention_rollout(attentions):
    if not len(attentions):
        raise ValueError("attentions: 0 layers")
    *before, last = attentions
    mixed = (last.mean(1) + torch.eye(last.shape[-1], dtype=last.dtype, device=last.device)) / 2
    mixed = mixed / mixed.sum(2, keepdim=True)
    return mixed @ attention_rollout(before) if before else mixed
