"""Tables against scikit-learn, images against kornia and torchvision: same work, same results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from grader.bench import Case, each, load_peer
from grader.compare import assert_close

ROWS, COLUMNS = 100_000, 20
COUNT, SIDE = 256, 64  # images of three channels


def cases(solution: Any) -> Iterator[Case]:
    """Each peer in turn; all results are compared first."""
    return each(
        solution,
        _against_scikit_learn,
        _flips_and_crops,
        _rotation_and_zoom,
        _colour_and_median,
        _mixtures,
        _against_torchvision,
    )


# -- scikit-learn -----------------------------------------------------------------------------


def _against_scikit_learn(s: Any) -> Iterator[Case]:
    scalers, imputers = (load_peer(f"sklearn.{name}") for name in ("preprocessing", "impute"))
    draw = torch.Generator().manual_seed(0)
    full = 3 * torch.randn(ROWS, COLUMNS, dtype=torch.float64, generator=draw) + 5
    gaps = torch.where(torch.rand(ROWS, COLUMNS, generator=draw) < 0.1, torch.nan, full)

    def fit_and_scale(x: Tensor, kind: str) -> Tensor:
        return s.scale(x, s.fit_scaler(x, kind))

    def fit_and_impute(x: Tensor, strategy: str) -> Tensor:
        return s.impute(x, s.fit_imputer(x, strategy))

    def fit_transform(make: Callable, x: Tensor) -> Tensor:
        return torch.from_numpy(make().fit_transform(x.numpy()))

    def case(work: str, x: Tensor, ours: Callable, choice: str, peer: Callable) -> Case:
        missing = "10 % missing" if x is gaps else "full"
        return Case(
            f"fit and {work}, {choice}, {ROWS:,} x {COLUMNS}, {missing}",
            "scikit-learn",
            partial(ours, x, choice),
            partial(fit_transform, peer, x),
            assert_close,
        )

    for x in (full, gaps):
        yield case("scale", x, fit_and_scale, "standard", scalers.StandardScaler)
        yield case("scale", x, fit_and_scale, "minmax", scalers.MinMaxScaler)
    for strategy in ("mean", "median"):
        peer = partial(imputers.SimpleImputer, strategy=strategy)
        yield case("impute", gaps, fit_and_impute, strategy, peer)


# -- kornia -----------------------------------------------------------------------------------


def _kornia_case(
    work: str,
    name: str,
    ours: Callable[[], Any],
    theirs: Callable[[], Any],
    agree: Callable[[Any, Any], None] = assert_close,
) -> Case:
    return Case(f"{work}, {_size()}", f"kornia's {name}", ours, theirs, agree)


def _flips_and_crops(s: Any) -> Iterator[Case]:
    peer = load_peer("kornia.augmentation")
    images, draw = _images()
    chosen = torch.rand(2, COUNT, generator=draw) < 0.5
    flips = peer.RandomHorizontalFlip(p=0.5), peer.RandomVerticalFlip(p=0.5)

    def flip_both() -> Tensor:
        result = images
        for flip, choice in zip(flips, chosen, strict=True):
            parameters = {"batch_prob": choice, "forward_input_shape": torch.tensor(images.shape)}
            result = flip(result, params=parameters)
        return result

    yield _kornia_case("flip both ways", "flips", partial(s.flip, images, *chosen), flip_both)
    shift = peer.RandomCrop((SIDE, SIDE), padding=4)
    shift(images)  # draws the places
    left, top = (shift._params["src"][:, 0].long() - 4).T
    yield _kornia_case(
        "crop with a margin of 4",
        "RandomCrop",
        partial(s.crop, images, top, left, (SIDE, SIDE)),
        partial(shift, images, params=shift._params),
    )


def _rotation_and_zoom(s: Any) -> Iterator[Case]:
    geometry = load_peer("kornia.geometry")
    images, draw = _images()
    degrees = 90 * torch.rand(COUNT, generator=draw) - 45
    factors = 0.5 + torch.rand(COUNT, generator=draw)
    for work, name, values in (("rotate", "rotate", degrees), ("zoom", "scale", factors)):
        ours, theirs = getattr(s, work), getattr(geometry, name)
        yield _kornia_case(
            work,
            name,
            partial(ours, images, values),
            partial(theirs, images, values),
            _close_places,
        )


def _colour_and_median(s: Any) -> Iterator[Case]:
    enhance, filters = load_peer("kornia.enhance"), load_peer("kornia.filters")
    images, draw = _images()
    changes = 0.6 + 0.8 * torch.rand(3, COUNT, generator=draw)

    def change_all() -> Tensor:
        brighter = enhance.adjust_brightness_accumulative(images, changes[0])
        stronger = enhance.adjust_contrast_with_mean_subtraction(brighter, changes[1])
        return enhance.adjust_saturation_with_gray_subtraction(stronger, changes[2])

    yield _kornia_case("jitter", "adjust_...", partial(s.jitter, images, *changes), change_all)
    for size in (3, 5):
        yield _kornia_case(
            f"median of {size} x {size}",
            "median_blur",
            partial(s.median_denoise, images, size),
            partial(filters.median_blur, images, (size, size)),
            partial(_close_inside, size // 2),
        )


def _mixtures(s: Any) -> Iterator[Case]:
    peer = load_peer("kornia.augmentation")
    images, _ = _images()
    labels = torch.arange(COUNT) % 10
    onehot = torch.eye(10)[labels]
    mix, cut = (
        make(p=1.0, data_keys=["input", "class"])
        for make in (peer.RandomMixUpV2, peer.RandomCutMixV2)
    )
    mix(images, labels)  # draws partners and shares
    cut(images, labels)
    partners, given = mix._params["mixup_pairs"], mix._params["mixup_lambdas"]
    yield _kornia_case(
        "mixup",
        "RandomMixUpV2",
        partial(s.mixup, images, onehot, partners, 1 - given),
        partial(mix, images, labels, params=mix._params),
        _same_images,
    )
    partners = cut._params["mix_pairs"][0]
    corners = cut._params["crop_src"][0].long()  # (N, 4, 2), x before y, ends included
    boxes = torch.cat([corners[:, 0].flip(1), corners[:, 2].flip(1) + 1], 1)
    yield _kornia_case(
        "cutmix",
        "RandomCutMixV2",
        partial(s.cutmix, images, onehot, partners, boxes),
        partial(cut, images, labels, params=cut._params),
        _same_images,
    )


# -- torchvision ------------------------------------------------------------------------------


def _against_torchvision(s: Any) -> Iterator[Case]:
    transforms = load_peer("torchvision.transforms.v2")
    peer, bilinear = transforms.functional, transforms.InterpolationMode.BILINEAR
    images, draw = _images()
    degrees = 90 * torch.rand(COUNT, generator=draw) - 45
    changes = 0.6 + 0.8 * torch.rand(3, COUNT, generator=draw)

    def rotate_each() -> Tensor:
        pairs = zip(images, degrees.tolist(), strict=True)
        return torch.stack([peer.rotate(i, d, bilinear) for i, d in pairs])

    def change_each() -> Tensor:
        results = []
        for image, brightness, contrast, saturation in zip(images, *changes.tolist(), strict=True):
            image = peer.adjust_brightness(image, brightness)
            image = peer.adjust_contrast(image, contrast)
            results.append(peer.adjust_saturation(image, saturation))
        return torch.stack(results)

    name = "torchvision's {}, image by image"
    yield Case(
        f"rotate, {_size()}",
        name.format("rotate"),
        partial(s.rotate, images, degrees),
        rotate_each,
        _close_places,
    )
    yield Case(
        f"jitter, {_size()}",
        name.format("adjust_..."),
        partial(s.jitter, images, *changes),
        change_each,
        partial(assert_close, rtol=0, atol=3e-4),  # torchvision weighs red by 0.2989
    )


def _images() -> tuple[Tensor, torch.Generator]:
    draw = torch.Generator().manual_seed(1)
    return torch.rand(COUNT, 3, SIDE, SIDE, generator=draw), draw


def _size() -> str:
    return f"{COUNT} x 3 x {SIDE} x {SIDE}"


def _close_places(ours: Tensor, theirs: Tensor) -> None:
    """Places are rounded to a millionth of the side, and neighbours may differ by 1."""
    assert_close(ours, theirs, rtol=0, atol=1e-4)


def _close_inside(margin: int, ours: Tensor, theirs: Tensor) -> None:
    """Without the border, where kornia's median sees zeros."""
    inside = (..., slice(margin, -margin), slice(margin, -margin))
    assert_close(ours[inside], theirs[inside])


def _same_images(ours: tuple, theirs: tuple) -> None:
    """Kornia returns pairs of labels instead of mixed targets."""
    assert_close(ours[0], theirs[0])
