"""Low-rank updates by einsum, the factors drawn by `torch.randn`."""


def lora_init(weight, rank, generator):
    smaller = min(weight.shape)
    if rank < 1 or rank > smaller:
        raise ValueError(f"rank {rank} is not from 1 to {smaller}")
    like = {"dtype": weight.dtype, "device": weight.device}
    a = torch.randn((rank, weight.shape[1]), generator=generator, **like)
    return a / weight.shape[1] ** 0.5, torch.zeros((weight.shape[0], rank), **like)


def lora_forward(x, weight, a, b, alpha, bias=None):
    with torch.no_grad():
        frozen = weight.clone()
    output = torch.einsum("...i,oi->...o", x, frozen)
    output = output + torch.einsum("...i,ri,or->...o", x, a, b) * (alpha / a.shape[0])
    return output if bias is None else output + bias.data


def lora_merge(weight, a, b, alpha):
    return weight + (b * (alpha / b.shape[1])) @ a
