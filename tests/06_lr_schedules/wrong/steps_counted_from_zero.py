"""The paper's step number starts at 1; from 0 the first rate is 0 and the peak a step late.

Rejected by: Inverse square root
"""


def inverse_sqrt(d_model, total_steps, warmup_steps=4000):
    count = _steps(total_steps)
    return d_model**-0.5 * torch.minimum(count**-0.5, count * warmup_steps**-1.5)
