"""Tables against scikit-learn, images against kornia and torchvision: same work, same results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from grader.bench import Case
from grader.compare import assert_close

ROWS, COLUMNS = 100_000, 20
COUNT, SIDE = 256, 64  # images of three channels


def cases(solution: Any) -> Iterator[Case]:
    """One group of cases for each peer."""
    yield from _against_scikit_learn(solution)
    yield from _against_kornia(solution)
    yield from _against_torchvision(solution)


def _against_scikit_learn(s: Any) -> Iterator[Case]:
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    draw = torch.Generator().manual_seed(0)
    x = 3 * torch.randn(ROWS, COLUMNS, dtype=torch.float64, generator=draw) + 5
    gaps = torch.where(torch.rand(ROWS, COLUMNS, generator=draw) < 0.1, torch.nan, x)
    for table, name in ((x, "full"), (gaps, "10 % missing")):
        for kind, peer in (("standard", StandardScaler), ("minmax", MinMaxScaler)):
            yield Case(
                f"fit and scale, {kind}, {ROWS:,} x {COLUMNS}, {name}",
                f"scikit-learn's {peer.__name__}",
                lambda table=table, kind=kind: s.scale(table, s.fit_scaler(table, kind)),
                lambda table=table, peer=peer: _tensor(peer().fit_transform(table.numpy())),
                assert_close,
            )
    for strategy in ("mean", "median"):
        yield Case(
            f"fit and impute, {strategy}, {ROWS:,} x {COLUMNS}, 10 % missing",
            "scikit-learn's SimpleImputer",
            lambda strategy=strategy: s.impute(gaps, s.fit_imputer(gaps, strategy)),
            lambda strategy=strategy: _tensor(
                SimpleImputer(strategy=strategy).fit_transform(gaps.numpy())
            ),
            assert_close,
        )


def _against_kornia(s: Any) -> Iterator[Case]:
    import kornia.augmentation as peer
    from kornia import enhance, filters, geometry

    def case(work: str, name: str, ours: Callable, theirs: Callable, **options: Any) -> Case:
        return Case(f"{work}, {_size()}", f"kornia's {name}", ours, theirs, **options)

    images, draw = _images()
    chosen = torch.rand(2, COUNT, generator=draw) < 0.5
    flips = peer.RandomHorizontalFlip(p=0.5), peer.RandomVerticalFlip(p=0.5)

    def flip_both() -> Tensor:
        result = images
        for flip, choice in zip(flips, chosen, strict=True):
            parameters = {"batch_prob": choice, "forward_input_shape": torch.tensor(images.shape)}
            result = flip(result, params=parameters)
        return result

    ours = lambda: s.flip(images, *chosen)  # noqa: E731
    yield case("flip both ways", "two flips", ours, flip_both, agree=assert_close)

    shift = peer.RandomCrop((SIDE, SIDE), padding=4)
    shift(images)  # draws the places
    place = shift._params["src"][:, 0].long() - 4
    yield case(
        "crop with a margin of 4",
        "RandomCrop",
        lambda: s.crop(images, place[:, 1], place[:, 0], (SIDE, SIDE)),
        lambda: shift(images, params=shift._params),
        agree=assert_close,
    )

    # Places are rounded to a millionth of the side, and neighbours may differ by 1.
    degrees = 90 * torch.rand(COUNT, generator=draw) - 45
    factors = 0.5 + torch.rand(COUNT, generator=draw)
    yield case(
        "rotate",
        "rotate",
        lambda: s.rotate(images, degrees),
        lambda: geometry.rotate(images, degrees),
        agree=_close_in_place,
    )
    yield case(
        "zoom",
        "scale",
        lambda: s.zoom(images, factors),
        lambda: geometry.scale(images, factors),
        agree=_close_in_place,
    )

    changes = 0.6 + 0.8 * torch.rand(3, COUNT, generator=draw)

    def change_all() -> Tensor:
        brighter = enhance.adjust_brightness_accumulative(images, changes[0])
        stronger = enhance.adjust_contrast_with_mean_subtraction(brighter, changes[1])
        return enhance.adjust_saturation_with_gray_subtraction(stronger, changes[2])

    ours = lambda: s.jitter(images, *changes)  # noqa: E731
    yield case("jitter", "adjust_...", ours, change_all, agree=assert_close)

    for size in (3, 5):
        yield case(
            f"median of {size} x {size}",
            "median_blur",
            lambda size=size: s.median_denoise(images, size),
            lambda size=size: filters.median_blur(images, (size, size)),
            agree=lambda a, b, m=size // 2: assert_close(*(_inner(i, m) for i in (a, b))),
        )

    labels = torch.arange(COUNT) % 10
    onehot = torch.eye(10)[labels]
    mix = peer.RandomMixUpV2(p=1.0, data_keys=["input", "class"])
    mix(images, labels)
    partners, given = mix._params["mixup_pairs"], mix._params["mixup_lambdas"]
    yield case(
        "mixup",
        "RandomMixUpV2",
        lambda: s.mixup(images, onehot, partners, 1 - given),
        lambda: mix(images, labels, params=mix._params),
        agree=lambda a, b: assert_close(a[0], b[0]),
    )
    cut = peer.RandomCutMixV2(p=1.0, data_keys=["input", "class"])
    cut(images, labels)
    corners = cut._params["crop_src"][0].long()  # (N, 4, 2), x before y, ends included
    boxes = torch.cat([corners[:, 0].flip(1), corners[:, 2].flip(1) + 1], 1)
    pairs = cut._params["mix_pairs"][0]
    yield case(
        "cutmix",
        "RandomCutMixV2",
        lambda: s.cutmix(images, onehot, pairs, boxes),
        lambda: cut(images, labels, params=cut._params),
        agree=lambda a, b: assert_close(a[0], b[0]),
    )


def _against_torchvision(s: Any) -> Iterator[Case]:
    from torchvision.transforms.v2 import InterpolationMode
    from torchvision.transforms.v2 import functional as peer

    images, draw = _images()
    degrees = 90 * torch.rand(COUNT, generator=draw) - 45
    changes = 0.6 + 0.8 * torch.rand(3, COUNT, generator=draw)

    def rotate_each() -> Tensor:
        pairs = zip(images, degrees.tolist(), strict=True)
        return torch.stack([peer.rotate(i, d, InterpolationMode.BILINEAR) for i, d in pairs])

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
        lambda: s.rotate(images, degrees),
        rotate_each,
        _close_in_place,
    )
    yield Case(
        f"jitter, {_size()}",
        name.format("adjust_..."),
        lambda: s.jitter(images, *changes),
        change_each,
        # torchvision weighs red by 0.2989.
        lambda a, b: assert_close(a, b, rtol=0, atol=3e-4),
    )


def _images() -> tuple[Tensor, torch.Generator]:
    draw = torch.Generator().manual_seed(1)
    return torch.rand(COUNT, 3, SIDE, SIDE, generator=draw), draw


def _size() -> str:
    return f"{COUNT} x 3 x {SIDE} x {SIDE}"


def _tensor(array: Any) -> Tensor:
    return torch.from_numpy(array)


def _inner(images: Tensor, margin: int) -> Tensor:
    """Without the border, where the peer sees zeros."""
    return images[..., margin:-margin, margin:-margin].clone()


def _close_in_place(ours: Tensor, theirs: Tensor) -> None:
    assert_close(ours, theirs, rtol=0, atol=1e-4)
