"""scikit-learn grows the tree, and the curve is made by removing one feature after another."""


def surrogate_rules(predict, x, max_depth):
    from sklearn.tree import DecisionTreeClassifier

    if max_depth < 0:
        raise ValueError(f"max_depth: {max_depth}")
    if not len(x):
        raise ValueError(f"x: {tuple(x.shape)}")
    labels = predict(x).cpu().numpy()
    if max_depth == 0:
        counts = np.bincount(labels)
        share = float(counts.max() / len(x))
        label = int(counts.argmax())
        return [{"bounds": {}, "label": label, "support": len(x), "fidelity": share}]
    model = DecisionTreeClassifier(max_depth=max_depth, random_state=0)
    model.fit(x.cpu().numpy(), labels)
    tree, rules, left = model.tree_, [], [(0, {})]
    while left:
        node, bounds = left.pop()
        if tree.children_left[node] < 0:
            shares = tree.value[node, 0] / tree.value[node, 0].sum()
            best = int(shares.argmax())
            support = int(tree.n_node_samples[node])
            share = round(float(shares[best]) * support) / support
            label = int(model.classes_[best])
            rules.append({"fidelity": share, "support": support, "label": label, "bounds": bounds})
            continue
        feature, threshold = int(tree.feature[node]), float(tree.threshold[node])
        low, high = bounds.get(feature, (-math.inf, math.inf))
        left.append((tree.children_left[node], {**bounds, feature: (low, threshold)}))
        left.append((tree.children_right[node], {**bounds, feature: (threshold, high)}))
    return rules


def fidelity(predict, rules, x):
    if not len(x):
        raise ValueError(f"x: {tuple(x.shape)}")
    agree = 0
    for row, wanted in zip(x.tolist(), predict(x).tolist(), strict=True):
        for rule in rules:
            if all(low < row[j] <= high for j, (low, high) in rule["bounds"].items()):
                agree += rule["label"] == wanted
                break
    return agree / len(x)


def deletion_curve(predict, x, attributions, baseline):
    for name, tensor in (("attributions", attributions), ("baseline", baseline)):
        if tensor.shape != x.shape:
            raise ValueError(f"{name}: {tuple(tensor.shape)}")
    values = attributions.tolist()
    left, rows = x.clone(), [x.clone()]
    for feature in sorted(range(len(x)), key=lambda i: (-values[i], i)):
        left[feature] = baseline[feature]
        rows.append(left.clone())
    return torch.stack([predict(row[None])[0].detach() for row in rows])
