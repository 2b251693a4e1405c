"""The rates do not depend on the width of the model.

Rejected by: Inverse square root
"""


def inverse_sqrt(d_model, total_steps, warmup_steps=4000):
    count = _steps(total_steps) + 1
    return torch.minimum(count**-0.5, count * warmup_steps**-1.5)
