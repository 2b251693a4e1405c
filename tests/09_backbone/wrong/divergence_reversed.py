"""The divergence is that of the teacher from the student.

Rejected by: Distillation
"""


def distillation_loss(student, teacher, targets, temperature=4.0, alpha=0.9):
    _above(0, temperature=temperature)
    _between(0, 1, alpha=alpha)
    log_p = functional.log_softmax(teacher.detach() / temperature, dim=1)
    log_q = functional.log_softmax(student / temperature, dim=1)
    soft = functional.kl_div(log_p, log_q, reduction="batchmean", log_target=True)
    hard = functional.cross_entropy(student, targets)
    return alpha * temperature**2 * soft + (1 - alpha) * hard
