"""The integer product is made of half bytes in float64, and steps are multiplied."""


def quantise(weight):
    rows = weight.reshape(len(weight), math.prod(weight.shape[1:]))
    low, high = rows.aminmax(dim=1)
    peak = torch.maximum(-low, high)
    scale = torch.where(peak == 0, torch.ones_like(peak), peak / 127)
    steps = torch.round(rows * scale.reciprocal().unsqueeze(1)).clamp(-127, 127)
    return steps.to(torch.int8).reshape(weight.shape), scale


def int8_matmul(a, b):
    for name, factor in (("a", a), ("b", b)):
        if factor.dtype is not torch.int8:
            raise ValueError(f"{name} must be int8, not {factor.dtype}")
    high, low = (a >> 4).double(), (a & 15).double()
    b = b.double().T
    return (16 * (high @ b) + low @ b).to(torch.int32)


def int8_linear(inputs, weight, scale, bias=None):
    steps, row_scale = quantise(inputs)
    outputs = int8_matmul(steps, weight).to(inputs.dtype) * torch.outer(row_scale, scale)
    return outputs + (0 if bias is None else bias)


def distillation_loss(student, teacher, targets, temperature=4.0, alpha=0.9):
    if not temperature > 0:
        raise ValueError(f"temperature: {temperature}")
    if not (alpha >= 0 and alpha <= 1):
        raise ValueError(f"alpha: {alpha}")
    with torch.no_grad():
        log_p = teacher / temperature - torch.logsumexp(teacher / temperature, 1, keepdim=True)
    softened = student / temperature
    log_q = softened - torch.logsumexp(softened, 1, keepdim=True)
    divergence = (log_p.exp() * (log_p - log_q)).sum() / len(student)
    rows = torch.arange(len(student), device=student.device)
    entropy = (torch.logsumexp(student, 1) - student[rows, targets]).mean()
    return (temperature * temperature * alpha) * divergence + (1 - alpha) * entropy
