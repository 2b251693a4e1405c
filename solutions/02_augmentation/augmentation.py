"""Clean tables, and batches of images changed at random without changing what they show.

Every function that changes images takes its random choices as arguments, one per image:
angles, offsets, factors, noise. What it does is then exact, and can be tested, replayed
and applied to a mask as well. `augment` alone draws, from the generator that it is given.

Images are batches `[N, C, H, W]`. Row 0 is the top and column 0 the left; pixel `(y, x)`
stands for its centre, so that an image's own centre is `((H - 1) / 2, (W - 1) / 2)`.

Sources: Chan, Golub and LeVeque 1983 (variances without cancellation), ITU-R BT.601 (grey),
Paeth 1990 (medians by forgetful selection), Simard et al. 2003 (small rotations and shifts
as training data), Zhang et al. 2018 (mixup), Yun et al. 2019 (CutMix).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn import functional as F  # noqa: N812

# So much stays in a core's cache from one operation to the next; more would travel to
# main memory and back for every one of them.
_ROWS_AT_ONCE = 4096
_IMAGES_AT_ONCE = 8

# What a message says was expected.
_TABLE = "floating point [n, d], with the columns that were fitted"
_KNOWN = "a known entry in every column"
_IMAGES = "floating point [N, C, H, W], with three channels where there are colours"
_ABOVE_0 = "above 0"
_ODD = "odd and at least 1"

# -- Part 1: Scale and impute -----------------------------------------------------------------


def fit_scaler(x: Tensor, kind: str = "standard") -> dict[str, Tensor]:
    """Learn from training data how to bring every column to a common scale.

    Parameters
    ----------
    x : Tensor of shape (n, d)
        Training data, floating point. NaN marks a missing entry, which is ignored.
    kind : {"standard", "minmax"}, default "standard"
        `standard`: to mean 0 and standard deviation 1. `minmax`: to the range 0 to 1.

    Returns
    -------
    dict
        `{"center": Tensor, "scale": Tensor}`, each of shape (d,), of the dtype and on the
        device of `x`. Standard: the mean, and the standard deviation of the population
        (division by the number of known entries). Min-max: the minimum, and maximum minus
        minimum. `scale` is 1 where all known entries of a column are equal.

    Raises
    ------
    ValueError
        If `x` is not a floating-point table, or a column of it has no known entry (the
        message names `x`), or `kind` is another one (`kind` and its value).

    References
    ----------
    Chan, Golub and LeVeque 1983, "Algorithms for Computing the Sample Variance".

    Examples
    --------
    >>> state = fit_scaler(torch.tensor([[1.0, 7.0], [5.0, 7.0]]))
    >>> state["center"], state["scale"]
    (tensor([3., 7.]), tensor([2., 1.]))
    """
    _check_choice(("standard", "minmax"), kind=kind)
    if kind == "minmax":
        center = _lowest(x)
        high = _by_blocks(x, lambda rows: rows.nan_to_num(-math.inf).amax(0)).amax(0)
        spread = high - center
    else:
        center, count = _mean_and_count(x)
        squares = _by_blocks(x, lambda rows: (rows - center).square().nansum(0)).sum(0)
        spread = (squares / count).sqrt()
    return {"center": center, "scale": torch.where(spread > 0, spread, 1)}


def scale(x: Tensor, state: dict[str, Tensor]) -> Tensor:
    """Bring data, training or not, to the scale that `fit_scaler` has learnt.

    Parameters
    ----------
    x : Tensor of shape (n, d)
        Data, floating point.
    state : dict
        What `fit_scaler` returned.

    Returns
    -------
    Tensor of shape (n, d)
        `(x - center) / scale`. Missing entries stay NaN, and values beyond those of the
        training data are not clipped.

    Raises
    ------
    ValueError
        If `x` has not as many columns as the training data; the message names `x`.
    """
    _check_table(x, len(state["center"]))
    return (x - state["center"]).div_(state["scale"])


def fit_imputer(x: Tensor, strategy: str = "mean") -> Tensor:
    """Learn from training data what to put where an entry is missing.

    Parameters
    ----------
    x : Tensor of shape (n, d)
        Training data, floating point. NaN marks a missing entry.
    strategy : {"mean", "median"}, default "mean"
        Of the known entries of a column. The median of an even number of entries is the
        mean of the two in the middle.

    Returns
    -------
    Tensor of shape (d,)
        One value for every column.

    Raises
    ------
    ValueError
        If `x` is not a floating-point table, or a column of it has no known entry (the
        message names `x`), or `strategy` is another one (`strategy` and its value).
    """
    _check_choice(("mean", "median"), strategy=strategy)
    if strategy == "mean":
        return _mean_and_count(x)[0]
    _lowest(x)  # refuses columns that are not known at all
    columns = x.T.contiguous()  # a selection runs many times over its data
    # torch's median is the lower of the two in the middle; mirrored, it is the upper.
    return (columns.nanmedian(1).values - columns.neg().nanmedian(1).values) / 2


def impute(x: Tensor, fills: Tensor) -> Tensor:
    """Replace missing entries by the value that `fit_imputer` has learnt for their column.

    Parameters
    ----------
    x : Tensor of shape (n, d)
        Data, floating point, NaN where missing.
    fills : Tensor of shape (d,)
        What `fit_imputer` returned.

    Returns
    -------
    Tensor of shape (n, d)
        `x` without NaN.

    Raises
    ------
    ValueError
        If `x` has not as many columns as the training data; the message names `x`.
    """
    _check_table(x, len(fills))
    return torch.where(x.isnan(), fills, x)


def _mean_and_count(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean, and number, of the known entries of every column."""
    low = _lowest(x)
    # Relative to its minimum a constant column is all zeros: its mean is exact, and its
    # deviation is 0 instead of a rounding error that would be divided by.
    total = _by_blocks(x, lambda rows: (rows - low).nansum(0)).sum(0)
    count = _by_blocks(x, lambda rows: (~rows.isnan()).sum(0)).sum(0)
    return low + total / count, count


def _lowest(x: Tensor) -> Tensor:
    """Smallest known entry of every column."""
    _check_table(x)
    _require(len(x) > 0, _KNOWN, x=x)
    low = _by_blocks(x, lambda rows: rows.nan_to_num(math.inf).amin(0)).amin(0)
    _require(bool((low < math.inf).all()), _KNOWN, x=x)
    return low


def _by_blocks(x: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    """What `function` makes of every block of rows, one below the other."""
    return torch.stack([function(rows) for rows in x.split(_ROWS_AT_ONCE)])


def _check_table(x: Tensor, columns: int | None = None) -> None:
    fits = x.ndim == 2 and x.is_floating_point() and columns in (None, x.shape[1])
    _require(fits, _TABLE, x=x)


# -- Part 2: Flip -----------------------------------------------------------------------------


def flip(images: Tensor, horizontal: Tensor, vertical: Tensor) -> Tensor:
    """Mirror those images that are chosen.

    Parameters
    ----------
    images : Tensor of shape (N, C, H, W)
        Floating point.
    horizontal : Tensor of shape (N,)
        Whether an image's left and right change places, bool.
    vertical : Tensor of shape (N,)
        Whether an image's top and bottom change places, bool.

    Returns
    -------
    Tensor of shape (N, C, H, W)
        A new tensor, also where no image is flipped.

    Raises
    ------
    ValueError
        If an argument is shaped otherwise, or a choice is not bool; the message names it.

    Examples
    --------
    >>> row = torch.tensor([[[[0.1, 0.2, 0.3]]]])
    >>> flip(row, torch.tensor([True]), torch.tensor([True]))
    tensor([[[[0.3000, 0.2000, 0.1000]]]])
    """
    _check_images(images)
    # Integers would choose images by their position instead.
    _check_each(images, dtype=torch.bool, horizontal=horizontal, vertical=vertical)
    flipped = images.clone()
    for axis, chosen in ((3, horizontal), (2, vertical)):
        flipped[chosen] = flipped[chosen].flip(axis)
    return flipped


# -- Part 3: Pad and crop ---------------------------------------------------------------------


def pad(
    images: Tensor,
    padding: tuple[int, int, int, int],
    mode: str = "constant",
    value: float = 0.0,
) -> Tensor:
    """Put a margin around every image.

    Parameters
    ----------
    images : Tensor of shape (N, C, H, W)
        Floating point.
    padding : tuple of int
        Rows above and below, columns to the left and to the right, in this order, each
        at least 0.
    mode : {"constant", "reflect", "replicate"}, default "constant"
        What the margin shows: `value`; the image mirrored at its outermost pixels, which
        are not repeated; or the outermost pixels, repeated.
    value : float, default 0.0
        Used if `mode` is `constant`.

    Returns
    -------
    Tensor of shape (N, C, above + H + below, left + W + right)
        A new tensor, also where the margin is empty.

    Raises
    ------
    ValueError
        If `images` is shaped otherwise (the message names it), a number in `padding` is
        negative or, for `reflect`, too large (at most `H - 1` above and below, `W - 1` left
        and right; `padding` and the number), or `mode` is another one (`mode` and its value).
    """
    _check_images(images)
    _check_choice(("constant", "reflect", "replicate"), mode=mode)
    above, below, left, right = padding
    height, width = images.shape[2:]
    # A mirror can show no more than there is beside the outermost pixel.
    tallest, widest = (height - 1, width - 1) if mode == "reflect" else (math.inf, math.inf)
    for rows, columns in ((above, left), (below, right)):
        _check_between(0, tallest, padding=rows)
        _check_between(0, widest, padding=columns)
    sides = (left, right, above, below)  # torch counts from the last axis
    return F.pad(images, sides, mode=mode, value=value if mode == "constant" else None)


def crop(images: Tensor, tops: Tensor, lefts: Tensor, size: tuple[int, int]) -> Tensor:
    """Cut a window out of every image, each at its own place.

    Parameters
    ----------
    images : Tensor of shape (N, C, H, W)
        Floating point.
    tops, lefts : Tensor of shape (N,)
        Row and column of the image that become row 0 and column 0 of its window, int64.
        A window may reach beyond the image, on any side and wholly.
    size : tuple of int
        Height and width of the windows, each at least 1.

    Returns
    -------
    Tensor of shape (N, C, *size)
        The windows, 0 where they lie outside of the image.

    Raises
    ------
    ValueError
        If a tensor is shaped otherwise, or `tops` or `lefts` is not int64 (the message
        names it), or a number in `size` is below 1 (`size` and the number).

    Notes
    -----
    With `size` the image's own, negative offsets shift an image down and to the right.
    """
    _check_images(images)
    _check_each(images, dtype=torch.int64, tops=tops, lefts=lefts)
    _check_between(1, math.inf, size=min(size))
    height, width = images.shape[2:]
    windows = images.new_zeros(*images.shape[:2], *size)
    # One copy of a slice per image moves whole rows; a gather of all would move pixels.
    for image, window, top, left in zip(
        images, windows, tops.tolist(), lefts.tolist(), strict=True
    ):
        rows, window_rows = _overlap(top, size[0], height)
        columns, window_columns = _overlap(left, size[1], width)
        window[:, window_rows, window_columns] = image[:, rows, columns]
    return windows


def _overlap(start: int, length: int, available: int) -> tuple[slice, slice]:
    """Where a window from `start` on shows the image: in the image, and in the window."""
    first = max(start, 0)
    end = max(first, min(start + length, available))
    return slice(first, end), slice(first - start, end - start)


# -- Part 4: Rotate and zoom ------------------------------------------------------------------


def rotate(images: Tensor, degrees: Tensor) -> Tensor:
    """Turn every image about its centre, each by its own angle.

    Parameters
    ----------
    images : Tensor of shape (N, C, H, W)
        Floating point.
    degrees : Tensor of shape (N,)
        Angles in degrees, of the images' dtype. A positive one turns counter-clockwise, as
        one sees it with row 0 at the top.

    Returns
    -------
    Tensor of shape (N, C, H, W)
        The turned images. What turns out of the frame is lost.

    Raises
    ------
    ValueError
        If an argument is shaped otherwise; the message names it.

    Notes
    -----
    Every pixel of the result looks up where it came from. With `y` and `x` counted from the
    centre, `((H - 1) / 2, (W - 1) / 2)`, and `a` the angle, the pixel at `(y, x)` shows the
    image at `(x * sin(a) + y * cos(a), x * cos(a) - y * sin(a))`, by bilinear interpolation
    between the four pixels around it. A pixel beyond the frame counts as 0.

    Examples
    --------
    >>> image = torch.arange(9.0).view(1, 1, 3, 3)
    >>> rotate(image, torch.tensor([90.0])).round()[0, 0]
    tensor([[2., 5., 8.],
            [1., 4., 7.],
            [0., 3., 6.]])
    """
    _check_images(images)
    _check_each(images, degrees=degrees)
    angles = degrees.deg2rad()
    cos, sin = angles.cos(), angles.sin()
    return _resample(images, torch.stack([cos, sin], 1), torch.stack([-sin, cos], 1))


def zoom(images: Tensor, factors: Tensor) -> Tensor:
    """Magnify every image about its centre, each by its own factor.

    Parameters
    ----------
    images : Tensor of shape (N, C, H, W)
        Floating point.
    factors : Tensor of shape (N,)
        How many times as large things become, above 0, of the images' dtype. Above 1 the
        outer parts leave the frame; below 1 a margin of zeros appears.

    Returns
    -------
    Tensor of shape (N, C, H, W)
        The magnified images, of unchanged size.

    Raises
    ------
    ValueError
        If an argument is shaped otherwise (the message names it), or a factor is not
        above 0 (`factors` and the value).

    Notes
    -----
    With `y` and `x` counted from the centre, the pixel at `(y, x)` shows the image at
    `(y / factor, x / factor)`, interpolated as in `rotate`.
    """
    _check_images(images)
    _check_each(images, factors=factors)
    _check_all(factors > 0, _ABOVE_0, factors=factors)
    step, none = 1 / factors, torch.zeros_like(factors)
    return _resample(images, torch.stack([step, none], 1), torch.stack([none, step], 1))


def _resample(images: Tensor, across: Tensor, down: Tensor) -> Tensor:
    """Images seen through linear maps about their centres.

    `across` and `down`, each (N, 2), say how far the place that is looked up moves, as
    (x, y) in pixels, from one pixel of the result to the next on its right, or below it.
    """
    height, width = images.shape[2:]
    like: dict[str, Any] = {"dtype": images.dtype, "device": images.device}
    columns = torch.arange(width, **like) - (width - 1) / 2
    rows = torch.arange(height, **like) - (height - 1) / 2
    # To grid_sample an image reaches from -1 to 1, outer edge to outer edge, on both axes.
    pixel = 2 / torch.tensor([width, height], **like)
    along_row = (across * pixel)[:, None, None] * columns[:, None]  # (N, 1, W, 2)
    along_column = (down * pixel)[:, None, None] * rows[:, None, None]  # (N, H, 1, 2)
    return F.grid_sample(images, along_row + along_column, align_corners=False)


# -- Part 5: Colour jitter --------------------------------------------------------------------


def jitter(images: Tensor, brightness: Tensor, contrast: Tensor, saturation: Tensor) -> Tensor:
    """Change every image's brightness, then its contrast, then its saturation.

    Parameters
    ----------
    images : Tensor of shape (N, 3, H, W)
        Red, green and blue, floating point, from 0 to 1.
    brightness, contrast, saturation : Tensor of shape (N,)
        Factors, at least 0, of the images' dtype. 1 changes nothing.

    Returns
    -------
    Tensor of shape (N, 3, H, W)
        The changed images, from 0 to 1.

    Raises
    ------
    ValueError
        If an argument is shaped otherwise (the message names it), or a factor is negative
        (its argument and the value).

    Notes
    -----
    Each change mixes the image with another, `factor * image + (1 - factor) * other`, and
    clamps the result to [0, 1] before the next one. For brightness the other image is
    black; for contrast it is the mean grey of the whole image, one number; for saturation
    it is the image in grey. Grey is `0.299 * red + 0.587 * green + 0.114 * blue`.
    Contrast and saturation take their grey from the image as it is by then.

    References
    ----------
    ITU-R Recommendation BT.601 (the weights of grey).
    """
    _check_images(images, channels=3)
    _check_each(images, low=0, brightness=brightness, contrast=contrast, saturation=saturation)
    jittered = (images * _per_image(brightness)).clamp_(0, 1)
    mean_grey = _grey(jittered.mean((2, 3), keepdim=True))
    jittered.lerp_(mean_grey, _per_image(1 - contrast)).clamp_(0, 1)
    return jittered.lerp_(_grey(jittered), _per_image(1 - saturation)).clamp_(0, 1)


def _grey(images: Tensor) -> Tensor:
    red, green, blue = images.split(1, dim=1)
    return 0.299 * red + 0.587 * green + 0.114 * blue


# -- Part 6: Noise ----------------------------------------------------------------------------


def add_noise(images: Tensor, noise: Tensor, std: Tensor) -> Tensor:
    """Add given noise to every image, each at its own strength.

    Parameters
    ----------
    images : Tensor of shape (N, C, H, W)
        Floating point, from 0 to 1.
    noise : Tensor of shape (N, C, H, W)
        Usually standard normal, of the images' dtype.
    std : Tensor of shape (N,)
        What the noise of an image is multiplied by, at least 0, of the images' dtype.

    Returns
    -------
    Tensor of shape (N, C, H, W)
        `images + std * noise`, clamped to [0, 1].

    Raises
    ------
    ValueError
        If an argument is shaped otherwise (the message names it), or a value of `std` is
        negative (`std` and the value).
    """
    _check_images(images)
    _require(noise.shape == images.shape, f"shape {tuple(images.shape)}", noise=noise)
    _check_each(images, low=0, std=std)
    return torch.addcmul(images, noise, _per_image(std)).clamp_(0, 1)


def median_denoise(images: Tensor, size: int = 3) -> Tensor:
    """Replace every pixel by the median of the square around it, channel by channel.

    Parameters
    ----------
    images : Tensor of shape (N, C, H, W)
        Floating point.
    size : int, default 3
        Side of the square in pixels, odd, at least 1.

    Returns
    -------
    Tensor of shape (N, C, H, W)
        The medians, all of them values of the image. Beyond the border the outermost pixels
        are repeated.

    Raises
    ------
    ValueError
        If `images` is shaped otherwise (the message names it), or `size` is not odd or
        below 1 (`size` and its value).

    References
    ----------
    Paeth 1990, "Median Finding on a 3x3 Grid", Graphics Gems.
    """
    _check_images(images)
    _require(size >= 1 and size % 2 == 1, _ODD, size=size)
    if size == 1:
        return images.clone()
    height, width = images.shape[2:]
    margin = size // 2
    padded = pad(images, (margin, margin, margin, margin), "replicate")
    places = [(y, x) for y in range(size) for x in range(size)]
    return torch.cat(
        [
            _median([block[..., y : y + height, x : x + width] for y, x in places])
            for block in padded.split(_IMAGES_AT_ONCE)
        ]
    )


def _median(planes: list[Tensor]) -> Tensor:
    """Entry by entry the middle one of an odd number of tensors, at least three.

    Of half of them and two more, neither the smallest nor the largest can be the middle:
    these two are dropped, and the next tensor takes their place.
    """
    enough = len(planes) // 2 + 2
    kept = planes[:enough]
    for plane in planes[enough:]:
        kept = [*_without_extremes(kept), plane]
    return _without_extremes(kept)[0]


def _without_extremes(planes: list[Tensor]) -> list[Tensor]:
    """The tensors less the smallest and the largest value at every entry."""
    last = len(planes) - 1
    half = len(planes) // 2
    # Once every pair is in order, the smallest is in the first half, the largest in the last.
    pairs = [(i, last - i) for i in range(half)]
    pairs += [(0, i) for i in range(1, last + 1 - half)]
    pairs += [(i, last) for i in range(half, last)]
    planes = planes.copy()
    for i, j in pairs:
        a, b = planes[i], planes[j]
        planes[i], planes[j] = torch.minimum(a, b), torch.maximum(a, b)
    return planes[1:-1]


# -- Part 7: Mixup and CutMix -----------------------------------------------------------------


def mixup(
    images: Tensor, targets: Tensor, partners: Tensor, shares: Tensor
) -> tuple[Tensor, Tensor]:
    """Blend every image, and its target, with those of a partner.

    Parameters
    ----------
    images : Tensor of shape (N, C, H, W)
        Floating point.
    targets : Tensor of shape (N, K)
        Class probabilities (a label is a row with a single 1), of the images' dtype.
    partners : Tensor of shape (N,)
        Which image of the batch each one is blended with, from 0 to N - 1, int64.
    shares : Tensor of shape (N,)
        How much of each image itself remains, from 0 to 1, of the images' dtype.

    Returns
    -------
    images : Tensor of shape (N, C, H, W)
        `share * image + (1 - share) * partner`.
    targets : Tensor of shape (N, K)
        `share * target + (1 - share) * target of the partner`.

    Raises
    ------
    ValueError
        If an argument is shaped otherwise, `targets` is not floating point or `partners`
        not int64 (the message names it), or an entry of `partners` or `shares` is out of
        range (its argument and the value).

    References
    ----------
    Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization", section 2.
    """
    _check_pairs(images, targets, partners)
    _check_each(images, low=0, high=1, shares=shares)
    mixed = torch.lerp(images[partners], images, _per_image(shares))
    return mixed, torch.lerp(targets[partners], targets, shares[:, None])


def cutmix(
    images: Tensor, targets: Tensor, partners: Tensor, boxes: Tensor
) -> tuple[Tensor, Tensor]:
    """Paste a box of a partner over every image, and mix the targets by the area pasted.

    Parameters
    ----------
    images, targets, partners
        As in `mixup`.
    boxes : Tensor of shape (N, 4)
        Top, left, bottom and right, int64: the rows from top to bottom - 1, the columns
        from left to right - 1. A box may reach beyond the image; one whose bottom is not
        below its top, or whose right is not right of its left, is empty.

    Returns
    -------
    images : Tensor of shape (N, C, H, W)
        The partner's pixels inside of the box, the image's own elsewhere.
    targets : Tensor of shape (N, K)
        `(1 - area) * target + area * target of the partner`, where `area` is the share of
        the image's pixels that were replaced.

    Raises
    ------
    ValueError
        As in `mixup`; or if `boxes` is shaped otherwise or not int64 (the message names it).

    References
    ----------
    Yun et al. 2019, "CutMix: Regularization Strategy to Train Strong Classifiers with
    Localizable Features", section 3.1.
    """
    _check_pairs(images, targets, partners)
    fits = boxes.shape == (len(images), 4) and boxes.dtype == torch.int64
    _require(fits, f"int64 [{len(images)}, 4]", boxes=boxes)
    height, width = images.shape[2:]
    top, left, bottom, right = boxes.split(1, dim=1)
    y = torch.arange(height, device=images.device)
    x = torch.arange(width, device=images.device)
    rows, columns = (y >= top) & (y < bottom), (x >= left) & (x < right)  # (N, H), (N, W)
    inside = rows[:, None, :, None] & columns[:, None, None, :]
    # Counted on the image's own rows and columns, so that what hangs over is left out.
    area = (rows.sum(1) * columns.sum(1)).to(targets.dtype) / (height * width)
    mixed = torch.where(inside, images[partners], images)
    return mixed, torch.lerp(targets, targets[partners], area[:, None])


def _check_pairs(images: Tensor, targets: Tensor, partners: Tensor) -> None:
    _check_images(images)
    _check_targets(images, targets)
    _check_each(images, dtype=torch.int64, low=0, high=len(images) - 1, partners=partners)


# -- Part 8: A reproducible pipeline ----------------------------------------------------------


def augment(
    images: Tensor,
    targets: Tensor,
    generator: Generator,
    max_degrees: float = 10.0,
    max_shift: int = 2,
    noise_std: float = 0.05,
    max_mix: float = 0.2,
) -> tuple[Tensor, Tensor]:
    """Turn, shift, blur with noise and blend a batch, every image in its own random way.

    Parameters
    ----------
    images : Tensor of shape (N, C, H, W)
        Floating point, from 0 to 1.
    targets : Tensor of shape (N, K)
        Class probabilities, of the images' dtype.
    generator : Generator
        Source of all randomness, on the device of `images`; it moves on with every call.
    max_degrees : float, default 10.0
        Angles are uniform from `-max_degrees` to `max_degrees`, at least 0.
    max_shift : int, default 2
        Shifts are whole pixels, down and to the right, each uniform from `-max_shift` to
        `max_shift`, both included; at least 0.
    noise_std : float, default 0.05
        Standard deviation of the normal noise, independent at every pixel, at least 0.
    max_mix : float, default 0.2
        The partner's share is uniform from 0 to `max_mix`, which is from 0 to 1.

    Returns
    -------
    images : Tensor of shape (N, C, H, W)
        Rotated, shifted with zeros moving in, with noise and clamped to [0, 1], and at last
        mixed up with a partner out of the same batch, in this order.
    targets : Tensor of shape (N, K)
        Mixed like the images; row `i` belongs to image `i`.

    Raises
    ------
    ValueError
        If `images` or `targets` is shaped otherwise (the message names it), or a number is
        out of its range (its name and its value).

    References
    ----------
    Simard et al. 2003, "Best Practices for Convolutional Neural Networks Applied to Visual
    Document Analysis", section 2.
    """
    _check_images(images)
    _check_targets(images, targets)
    _check_between(0, math.inf, max_degrees=max_degrees, max_shift=max_shift, noise_std=noise_std)
    _check_between(0, 1, max_mix=max_mix)
    count, _, height, width = images.shape
    draw: dict[str, Any] = {"generator": generator, "device": images.device}
    turn, share = torch.rand(2, count, dtype=images.dtype, **draw)
    tops, lefts = torch.randint(-max_shift, max_shift + 1, (2, count), **draw)
    noise = torch.randn(images.shape, dtype=images.dtype, **draw)
    partners = torch.randperm(count, **draw)
    images = rotate(images, max_degrees * (2 * turn - 1))
    images = crop(images, tops, lefts, (height, width))
    images = add_noise(images, noise, torch.full_like(share, noise_std))
    return mixup(images, targets, partners, 1 - max_mix * share)


# -- shared -----------------------------------------------------------------------------------


def _per_image(values: Tensor) -> Tensor:
    """(N,) to (N, 1, 1, 1)."""
    return values[:, None, None, None]


def _check_images(images: Tensor, channels: int | None = None) -> None:
    fits = images.ndim == 4 and images.is_floating_point() and channels in (None, images.shape[1])
    _require(fits, _IMAGES, images=images)


def _check_targets(images: Tensor, targets: Tensor) -> None:
    fits = targets.ndim == 2 and len(targets) == len(images) and targets.is_floating_point()
    _require(fits, f"floating point [{len(images)}, K]", targets=targets)


def _check_each(
    images: Tensor,
    dtype: torch.dtype | None = None,
    low: float = -math.inf,
    high: float = math.inf,
    **arguments: Tensor,
) -> None:
    """One value for every image, within [low, high]: one for all would only broadcast."""
    for name, values in arguments.items():
        fits = values.shape == images.shape[:1] and dtype in (None, values.dtype)
        wanted = images.dtype if dtype is None else dtype
        _require(fits, f"{wanted} [{len(images)}]", **{name: values})
        _check_all((low <= values) & (values <= high), f"from {low} to {high}", **{name: values})


def _check_all(fits: Tensor, expected: str, **argument: Tensor) -> None:
    if not fits.all():
        ((name, values),) = argument.items()
        _require(False, expected, **{name: values[~fits][0].item()})


def _check_choice(choices: tuple[str, ...], **argument: str) -> None:
    ((_, value),) = argument.items()
    _require(value in choices, f"one of {choices}", **argument)


def _check_between(low: float, high: float, **arguments: float) -> None:
    for name, value in arguments.items():
        _require(low <= value <= high, f"from {low} to {high}", **{name: value})


def _require(fits: bool, expected: str, **argument: object) -> None:
    if not fits:
        ((name, value),) = argument.items()
        if isinstance(value, Tensor):
            value = f"{value.dtype} {list(value.shape)}"
        raise ValueError(f"{name} is {value}; expected {expected}")
