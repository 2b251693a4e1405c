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

from torch import Generator, Tensor

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
    raise NotImplementedError("Part 1, Scale and impute")


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
    raise NotImplementedError("Part 1, Scale and impute")


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
    raise NotImplementedError("Part 1, Scale and impute")


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
    raise NotImplementedError("Part 1, Scale and impute")


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
    raise NotImplementedError("Part 2, Flip")


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
    raise NotImplementedError("Part 3, Pad and crop")


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
    raise NotImplementedError("Part 3, Pad and crop")


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
    raise NotImplementedError("Part 4, Rotate and zoom")


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
    raise NotImplementedError("Part 4, Rotate and zoom")


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
    raise NotImplementedError("Part 5, Colour jitter")


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
    raise NotImplementedError("Part 6, Noise")


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
    raise NotImplementedError("Part 6, Noise")


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
    raise NotImplementedError("Part 7, Mixup and CutMix")


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
    raise NotImplementedError("Part 7, Mixup and CutMix")


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
    raise NotImplementedError("Part 8, A reproducible pipeline")
