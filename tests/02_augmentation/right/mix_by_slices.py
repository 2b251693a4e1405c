"""Images are mixed one by one; a box is cut to the image first, and pasted as a slice."""


def mixup(images, targets, partners, shares):
    _check_pairs(images, targets, partners)
    _check_each(images, low=0, high=1, shares=shares)
    mixed, told = images.clone(), targets.clone()
    for i, (j, share) in enumerate(zip(partners.tolist(), shares.tolist(), strict=True)):
        mixed[i] = share * images[i] + (1 - share) * images[j]
        told[i] = share * targets[i] + (1 - share) * targets[j]
    return mixed, told


def cutmix(images, targets, partners, boxes):
    _check_pairs(images, targets, partners)
    _require(boxes.shape == (len(images), 4) and boxes.dtype == torch.int64, "", boxes=boxes)
    _, _, height, width = images.shape
    mixed, told = images.clone(), targets.clone()
    for i, j in enumerate(partners.tolist()):
        top, left, bottom, right = boxes[i].tolist()
        top, left, bottom, right = max(top, 0), max(left, 0), min(bottom, height), min(right, width)
        if top < bottom and left < right:
            mixed[i, :, top:bottom, left:right] = images[j, :, top:bottom, left:right]
            area = (bottom - top) * (right - left) / (height * width)
            told[i] = (1 - area) * targets[i] + area * targets[j]
    return mixed, told
