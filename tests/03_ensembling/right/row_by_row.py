"""Votes, selection and crowd labels as loops over plain Python numbers."""

from collections import defaultdict


def hard_vote(labels, num_classes, weights=None):
    if labels.dim() != 2 or not len(labels):
        raise ValueError(f"labels has the shape {tuple(labels.shape)}")
    if num_classes < 1:
        raise ValueError(f"num_classes={num_classes}")
    weights = _plain_weights(weights, len(labels))
    winners = []
    for votes in labels.T.tolist():
        counts = [0.0] * num_classes
        for label, weight in zip(votes, weights, strict=True):
            if not 0 <= label < num_classes:
                raise ValueError(f"labels holds {label}")
            counts[label] += weight
        winners.append(counts.index(max(counts)))
    return torch.tensor(winners, dtype=torch.int64, device=labels.device)


def soft_vote(probabilities, weights=None):
    if probabilities.dim() != 3 or not len(probabilities):
        raise ValueError(f"probabilities has the shape {tuple(probabilities.shape)}")
    weights = _plain_weights(weights, len(probabilities))
    result = torch.zeros_like(probabilities[0])
    for weight, member in zip(weights, probabilities, strict=True):
        result += weight / sum(weights) * member
    return result


def _plain_weights(weights, members):
    if weights is None:
        return [1.0] * members
    if weights.shape != (members,):
        raise ValueError(f"weights has the shape {tuple(weights.shape)}")
    for weight in weights.tolist():
        if not 0 <= weight < math.inf:
            raise ValueError(f"weights holds {weight}")
    if not any(weights.tolist()):
        raise ValueError("weights sum to 0.0")
    return [float(weight) for weight in weights.tolist()]


def greedy_selection(probabilities, targets, rounds):
    if targets.shape != probabilities.shape[1:2]:
        raise ValueError(f"targets has the shape {tuple(targets.shape)}")
    if rounds < 1:
        raise ValueError(f"rounds is {rounds}")
    for target in targets.tolist():
        if not 0 <= target < probabilities.shape[2]:
            raise ValueError(f"targets holds {target}")
    taken = []
    for _ in range(rounds):
        losses = []
        for member in range(len(probabilities)):
            mean = probabilities[[*taken, member]].double().mean(0)
            losses.append(functional.nll_loss(mean.log(), targets).item())
        taken.append(losses.index(min(losses)))
    return torch.tensor(taken, device=targets.device).bincount(minlength=len(probabilities))


def dawid_skene(annotations, num_classes, iterations=100):
    if annotations.dim() != 2 or annotations.shape[1] != 3 or not len(annotations):
        raise ValueError(f"annotations has the shape {tuple(annotations.shape)}")
    if num_classes < 1:
        raise ValueError(f"num_classes is {num_classes}")
    if iterations < 1:
        raise ValueError(f"iterations is {iterations}")
    by_task = defaultdict(list)
    for task, annotator, label in annotations.tolist():
        if min(task, annotator, label) < 0 or label >= num_classes:
            raise ValueError(f"annotations holds {[task, annotator, label]}")
        by_task[task].append((annotator, label))
    tasks, classes = range(len(by_task)), range(num_classes)
    people = range(int(annotations[:, 1].max()) + 1)
    posteriors = []
    for task in tasks:
        said = [label for _, label in by_task[task]]
        posteriors.append([said.count(c) / len(said) for c in classes])
    history = []
    for _ in range(iterations):
        prior = [sum(row[c] for row in posteriors) / len(tasks) for c in classes]
        errors = [[[0.0] * num_classes for _ in classes] for _ in people]
        for task in tasks:
            for annotator, label in by_task[task]:
                for c in classes:
                    errors[annotator][c][label] += posteriors[task][c]
        for matrix in errors:
            for row in matrix:
                total = sum(row)
                row[:] = [value / total if total else 0.0 for value in row]
        history.append(0.0)
        for task in tasks:
            logs = []
            for c in classes:
                rates = [prior[c], *(errors[a][c][label] for a, label in by_task[task])]
                logs.append(sum(map(math.log, rates)) if all(rates) else -math.inf)
            shares = [math.exp(value - max(logs)) for value in logs]
            posteriors[task] = [share / sum(shares) for share in shares]
            history[-1] += max(logs) + math.log(sum(shares))
    found = {"posteriors": posteriors, "prior": prior, "errors": errors}
    found["log_likelihoods"] = history
    return {
        name: torch.tensor(value, dtype=torch.float64, device=annotations.device)
        for name, value in found.items()
    }
