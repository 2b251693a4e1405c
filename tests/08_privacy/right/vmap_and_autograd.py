"""Per-sample gradients by vmap; clipping is vmap too."""

from torch.func import grad, vmap


def per_sample_gradients(layers, inputs, targets):
    flat = tuple(parameter for layer in layers for parameter in layer)
    if not len(inputs):
        return [p.new_zeros(0, *p.shape) for p in flat]

    def loss(parameters, x, target):
        for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            x = torch.relu(weight @ x + bias)
        return functional.cross_entropy(parameters[-2] @ x + parameters[-1], target)

    return list(vmap(grad(loss), in_dims=(None, 0, 0))(flat, inputs, targets))


def clip_gradients(gradients, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm={max_norm}")

    def clip(*one):
        norm = torch.stack([g.norm() for g in one]).norm()
        return tuple(g / (norm / max_norm).clamp(min=1) for g in one)

    empty = not len(gradients[0])
    return [g.clone() for g in gradients] if empty else list(vmap(clip)(*gradients))


def dp_sgd_step(
    layers, inputs, targets, noise, max_norm, noise_multiplier, expected_batch_size, lr
):
    if not noise_multiplier >= 0:
        raise ValueError(f"noise_multiplier={noise_multiplier}")
    if not expected_batch_size > 0:
        raise ValueError(f"expected_batch_size={expected_batch_size}")
    gradients = clip_gradients(per_sample_gradients(layers, inputs, targets), max_norm)
    flat = [p for layer in layers for p in layer]
    draws = [z for layer in noise for z in layer]
    moved = [
        p - lr / expected_batch_size * (g.sum(0) + noise_multiplier * max_norm * z)
        for p, g, z in zip(flat, gradients, draws, strict=True)
    ]
    return list(zip(moved[::2], moved[1::2], strict=True))


def poisson_batch(count, sampling_rate, generator):
    if count < 0:
        raise ValueError(f"count={count}")
    if not 0 <= sampling_rate <= 1:
        raise ValueError(f"sampling_rate={sampling_rate}")
    chances = torch.full((count,), float(sampling_rate), device=generator.device)
    return torch.arange(count, device=generator.device)[
        torch.bernoulli(chances, generator=generator).bool()
    ]
