"""The logarithm is taken after the softmax, of numbers that may be 0.

Rejected by: Distillation
"""


def distillation_loss(student, teacher, targets, temperature=4.0, alpha=0.9):
    _above(0, temperature=temperature)
    _between(0, 1, alpha=alpha)
    log_p = (teacher.detach() / temperature).softmax(1).log()
    log_q = (student / temperature).softmax(1).log()
    soft = functional.kl_div(log_q, log_p, reduction="batchmean", log_target=True)
    hard = functional.cross_entropy(student, targets)
    return alpha * temperature**2 * soft + (1 - alpha) * hard
