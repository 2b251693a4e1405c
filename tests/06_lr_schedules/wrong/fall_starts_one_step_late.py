"""The line starts at the first step of the fall, which therefore still has the full rate.

Rejected by: Warm-up
"""


def warmup_stable_decay(base_lr, total_steps, warmup_steps, decay_steps, min_lr=0.0):
    stable = torch.full((total_steps - warmup_steps - decay_steps,), base_lr, dtype=torch.float64)
    fall = torch.linspace(base_lr, min_lr, decay_steps, dtype=torch.float64)
    return warmup(torch.cat([stable, fall]), warmup_steps)
