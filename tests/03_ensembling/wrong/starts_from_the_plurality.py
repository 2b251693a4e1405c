"""EM starts from each task's most frequent label, and ends in a worse optimum.

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
    posteriors = same[votes.argmax(1)]
    history = []
    for _ in range(iterations):
        prior = posteriors.mean(0)
        said = votes.new_zeros(people * num_classes, num_classes)
        said.index_add_(0, cell, posteriors[task])
        said = said.unflatten(0, (people, num_classes))
        rates = (said / said.sum(1, keepdim=True)).nan_to_num_()
        joint = prior.log().expand(tasks, -1).clone()
        joint.index_add_(0, task, rates.flatten(0, 1).log()[cell])
        evidence = joint.logsumexp(1, keepdim=True)
        posteriors = (joint - evidence).exp()
        history.append(evidence.sum())
    return {
        "posteriors": posteriors,
        "prior": prior,
        "errors": rates.transpose(1, 2).contiguous(),
        "log_likelihoods": torch.stack(history),
    }
