"""Rates are multiplied, not their logarithms added: a thousand of them make 0.

Rejected by: Crowd labels
"""


def dawid_skene(annotations, num_classes, iterations=100):
    _check_annotations(annotations, num_classes)
    _between(1, math.inf, iterations=iterations)
    task, annotator, label = annotations.T
    tasks, people = int(task.max()) + 1, int(annotator.max()) + 1
    cell = annotator * num_classes + label
    same = torch.eye(num_classes, dtype=torch.float64, device=task.device)
    votes = torch.zeros(tasks, num_classes, dtype=torch.float64, device=task.device)
    votes.index_add_(0, task, same[label])
    posteriors = votes / votes.sum(1, keepdim=True)
    history = []
    for _ in range(iterations):
        prior = posteriors.mean(0)
        said = votes.new_zeros(people * num_classes, num_classes)
        said.index_add_(0, cell, posteriors[task])
        said = said.unflatten(0, (people, num_classes))
        rates = (said / said.sum(1, keepdim=True)).nan_to_num_()
        joint = prior.expand(tasks, -1).clone()
        for t, rate in zip(task.tolist(), rates.flatten(0, 1)[cell], strict=True):
            joint[t] *= rate
        posteriors = joint / joint.sum(1, keepdim=True)
        history.append(joint.sum(1).log().sum())
    return {
        "posteriors": posteriors,
        "prior": prior,
        "errors": rates.transpose(1, 2).contiguous(),
        "log_likelihoods": torch.stack(history),
    }
