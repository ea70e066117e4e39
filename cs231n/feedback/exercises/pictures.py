"""The exercises of Picture_Features on layers: patches, convolution, ReLU, max pooling."""

import inspect

import numpy as np

from cs231n import picture_layers
from cs231n.feedback.cases import SQUARE, Case
from cs231n.feedback.exercise import Exercise
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import private_copy

NOTEBOOK = "Picture_Features"
reference = private_copy(picture_layers)
for _name in reference.__all__:  # without the checks of arguments, which cost time
    setattr(reference, _name, inspect.unwrap(getattr(reference, _name)))


def windows_of(x, kernel, stride):
    """The windows of pictures (N, h', w', k, l, C); `stride` is that of rows and of columns."""
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(1, 2))
    return windows[:, ::stride[0], ::stride[1]].transpose(0, 1, 2, 4, 5, 3)


def padded(x, rows, columns, **how):
    """Pictures with `(before, after)` rows and columns around them."""
    return np.pad(x, ((0, 0), rows, columns, (0, 0)), **how)


def flat(windows):
    """Each window as one row: (N, h', w', k, l, C) -> (N, h', w', k * l * C)."""
    return windows.reshape(*windows.shape[:3], -1)


# ---- image_patches ------------------------------------------------------------------------------

def patches_cases():
    rng = np.random.RandomState(0)

    def case(label, N=2, h=5, w=7, C=3, kernel=(3, 2), stride=1, pad=(0, 0), dtype=np.float64):
        x = rng.randn(N, h, w, C).astype(dtype)
        return Case(label, {"x": x, "kernel": kernel, "stride": stride, "pad": pad},
                    {"N": N, "h": h, "w": w, "C": C}, dtype)

    return [
        case(""),
        case("a stride of 2", stride=2),
        case("padding", pad=(1, 2)),
        case("a stride of 3, and padding", h=8, w=7, kernel=(2, 3), stride=3, pad=(2, 1)),
        case("a kernel as large as the picture", kernel=(5, 7)),
        case("a kernel of one number", kernel=(1, 1), stride=2, pad=(0, 1)),
        case("one picture with one channel (N = C = 1)", N=1, C=1, pad=(1, 1)),
        case(SQUARE, N=3, h=3, w=3, C=3, kernel=(3, 3), pad=(1, 1)),
        case("float32 arguments", stride=2, pad=(1, 1), dtype=np.float32),
    ]


class Patches(Equations):
    PLACES = {"padded": "the padding", "steps": "the stride", "kernel": "the size of a patch",
              "windows": "which patches there are", "parts": "the order of the numbers in a patch",
              "patches": "the axes of the result"}

    def padded(q):
        (rows, columns) = q.pad
        return padded(q.x, (rows, rows), (columns, columns))

    def steps(q):  # of rows, of columns
        return q.stride, q.stride

    def windows(q):  # (N, h', w', k, l, C)
        return windows_of(q.padded, q.kernel, q.steps)

    def parts(q):  # the same, each in the order in which it is written down
        return q.windows

    def patches(q):
        return flat(q.parts)


def _not_spread(q):
    """As many patches as there have to be, but one beside the other."""
    _, rows, columns, *_ = q.usual.windows.shape
    return windows_of(q.padded, q.kernel, (1, 1))[:, :rows, :columns]


def _counted_without_padding(q):
    """The patches that there would be without padding, taken from the padded picture."""
    rows, columns = ((size - k) // q.stride + 1
                     for size, k in zip(q.x.shape[1:3], q.kernel))
    return q.usual.windows[:, :rows, :columns]


PADDED = "There is padding on all four sides: "
PATCHES_MISTAKES = [
    # Padding
    Mistake("padding-missing",
            "The padding is missing: patches are taken from the picture as it came. Zeros belong "
            "around it first, so that a patch can also have its middle at the edge.",
            padded=lambda q: q.x),
    Mistake("padding-first-only",
            f"{PADDED}here it is above and on the left only. Below and on the right it is left "
            "out.",
            padded=lambda q: padded(q.x, (q.pad[0], 0), (q.pad[1], 0))),
    Mistake("padding-last-only",
            f"{PADDED}here it is below and on the right only. Above and on the left it is left "
            "out.",
            padded=lambda q: padded(q.x, (0, q.pad[0]), (0, q.pad[1]))),
    Mistake("padding-all-above",
            f"{PADDED}here all of it is above and on the left, so that every patch lies too far "
            "up and to the left.",
            padded=lambda q: padded(q.x, (2 * q.pad[0], 0), (2 * q.pad[1], 0))),
    Mistake("padding-all-below",
            f"{PADDED}here all of it is below and on the right, so that every patch lies too far "
            "down and to the right.",
            padded=lambda q: padded(q.x, (0, 2 * q.pad[0]), (0, 2 * q.pad[1]))),
    Mistake("padding-halved",
            "`pad` is shared among two sides. It says how much there is on *each* side.",
            padded=lambda q: padded(q.x, ((q.pad[0] + 1) // 2, q.pad[0] // 2),
                                    ((q.pad[1] + 1) // 2, q.pad[1] // 2))),
    Mistake("padding-doubled",
            "There is twice as much padding on each side as `pad` says. It counts the rows (or "
            "columns) of one side already.",
            padded=lambda q: padded(q.x, (2 * q.pad[0],) * 2, (2 * q.pad[1],) * 2)),
    Mistake("padding-with-edge-values",
            "The padding repeats the numbers at the edge (`mode=\"edge\"`). It is made of zeros.",
            padded=lambda q: padded(q.x, (q.pad[0],) * 2, (q.pad[1],) * 2, mode="edge")),
    Mistake("padding-mirrored",
            "The padding is the picture once more, mirrored at its edge (`mode=\"reflect\"`). It "
            "is made of zeros.",
            padded=lambda q: padded(q.x, (q.pad[0],) * 2, (q.pad[1],) * 2, mode="reflect")),
    Mistake("padding-around",
            "The padding is what comes in on the other side (`mode=\"wrap\"`, or `np.roll`). It is "
            "made of zeros.",
            padded=lambda q: padded(q.x, (q.pad[0],) * 2, (q.pad[1],) * 2, mode="wrap")),
    Mistake("padding-of-ones",
            "The padding is made of ones. It is made of zeros, which add nothing to a product.",
            padded=lambda q: padded(q.x, (q.pad[0],) * 2, (q.pad[1],) * 2, constant_values=1)),
    Mistake("padding-of-rows-only",
            "Only rows are added, above and below. `pad[1]` columns on the left and as many on the "
            "right are left out.",
            padded=lambda q: padded(q.x, (q.pad[0],) * 2, (0, 0))),
    Mistake("padding-of-columns-only",
            "Only columns are added, left and right. `pad[0]` rows above and as many below are "
            "left out.",
            padded=lambda q: padded(q.x, (0, 0), (q.pad[1],) * 2)),
    Mistake("padding-exchanged",
            "The two numbers of `pad` are exchanged. The first counts rows (axis 1 of the "
            "pictures), the second columns (axis 2).",
            padded=lambda q: padded(q.x, (q.pad[1],) * 2, (q.pad[0],) * 2)),
    Mistake("padding-of-rows-for-both",
            "`pad[0]` is used for rows and for columns. Columns have a number of their own, "
            "`pad[1]`.",
            padded=lambda q: padded(q.x, (q.pad[0],) * 2, (q.pad[0],) * 2)),
    Mistake("padding-of-columns-for-both",
            "`pad[1]` is used for rows and for columns. Rows have a number of their own, "
            "`pad[0]`.",
            padded=lambda q: padded(q.x, (q.pad[1],) * 2, (q.pad[1],) * 2)),
    Mistake("padding-as-before-and-after",
            f"{PADDED}here the two numbers of `pad` count what is before and what is after. They "
            "count rows and columns: as many rows above as below.",
            padded=lambda q: padded(q.x, q.pad, q.pad)),
    Mistake("padding-of-all-axes",
            "Every axis is padded, pictures and channels as well, as by `np.pad(x, pad)`. "
            "`np.pad` wants a pair (before, after) for each of the four axes, (0, 0) for the "
            "first and the last.",
            padded=lambda q: np.pad(q.x, q.pad)),
    # Where the patches lie
    Mistake("stride-ignored",
            "`stride` is ignored: there is a patch at every place. From one patch to the next it "
            "is `stride` rows, or columns.",
            steps=lambda q: (1, 1)),
    Mistake("stride-of-rows-only",
            "`stride` counts for rows only. It counts for columns, too.",
            steps=lambda q: (q.stride, 1)),
    Mistake("stride-of-columns-only",
            "`stride` counts for columns only. It counts for rows, too.",
            steps=lambda q: (1, q.stride)),
    Mistake("stride-in-the-number-only",
            "There are as many patches as there should be, but they lie one row or column apart. "
            "The patch in row r begins at row `r * stride`, not at row r.",
            windows=_not_spread),
    Mistake("patches-side-by-side",
            "The patches lie side by side, as tiles: they are as far apart as a kernel is large. "
            "How far it is from one to the next, `stride` says; usually they overlap.",
            steps=lambda q: q.kernel),
    Mistake("last-patch-missing",
            "The last row and the last column of patches are missing. Between the first place and "
            "the last there are `(size - k) // stride` steps, and that makes one place more.",
            windows=lambda q: q.usual.windows[:, :-1, :-1]),
    Mistake("number-without-padding",
            "There are as many patches as without padding. The padded picture is larger, so more "
            "fit in.",
            windows=_counted_without_padding),
    # What a patch is
    Mistake("kernel-exchanged",
            "Rows and columns of the kernel are exchanged: `kernel` is `(rows, columns)`.",
            kernel=lambda q: q.given["kernel"][::-1]),
    Mistake("kernel-square-from-rows",
            "The patches are square, with `kernel[0]` rows and as many columns. They have "
            "`kernel[1]` columns.",
            kernel=lambda q: (q.given["kernel"][0],) * 2),
    Mistake("kernel-square-from-columns",
            "The patches are square, with `kernel[1]` columns and as many rows. They have "
            "`kernel[0]` rows.",
            kernel=lambda q: (q.given["kernel"][1],) * 2),
    # The order of its numbers
    Mistake("channels-first",
            "In each patch all numbers of the first channel come first, then all of the second. "
            "The channels of one place belong together: rows, columns, and channels last. "
            "(`sliding_window_view` puts the axes of the window behind that of the channels.)",
            parts=lambda q: q.windows.transpose(0, 1, 2, 5, 3, 4)),
    Mistake("patch-transposed",
            "Each patch is written down column by column. It runs through its rows, and in each "
            "row through the columns.",
            parts=lambda q: q.windows.transpose(0, 1, 2, 4, 3, 5)),
    Mistake("patch-transposed-channels-first",
            "In each patch the order is channels, columns, rows. It is rows, columns, channels.",
            parts=lambda q: q.windows.transpose(0, 1, 2, 5, 4, 3)),
    Mistake("patch-turned-around",
            "Each patch is turned around: its last row comes first, and in each row the last "
            "column. Write it down as it lies in the picture.",
            parts=lambda q: q.windows[:, :, :, ::-1, ::-1]),
    Mistake("channels-reversed",
            "The channels are in reverse order (blue, green, red). They keep their order.",
            parts=lambda q: q.windows[..., ::-1]),
    Mistake("first-channel-only",
            "Only the first channel is taken. A patch holds all C channels of each place.",
            parts=lambda q: q.windows[..., :1]),
    Mistake("channels-averaged",
            "The channels are averaged. A patch holds all C channels of each place.",
            parts=lambda q: q.windows.mean(axis=-1, keepdims=True)),
    # The axes of the result
    Mistake("patches-not-flat",
            "The patches keep their rows, columns and channels as axes, so the result has six. "
            "Write each patch as one row of `k * l * C` numbers (`reshape`).",
            patches=lambda q: q.parts),
    Mistake("channels-not-flat",
            "The channels are an axis of their own, apart from rows and columns. A patch is one "
            "row of `k * l * C` numbers, channels and all.",
            patches=lambda q: q.parts.reshape(*q.parts.shape[:3], -1, q.parts.shape[-1])),
    Mistake("places-flat",
            "The places of a picture are one axis, of `h' * w'`. Keep them apart, "
            "(N, h', w', ...): the result is a picture again.",
            patches=lambda q: flat(q.parts).reshape(len(q.x), -1, flat(q.parts).shape[-1])),
    Mistake("pictures-and-places-flat",
            "Pictures and places are one axis, of `N * h' * w'`. Keep them apart: "
            "(N, h', w', ...).",
            patches=lambda q: flat(q.parts).reshape(-1, flat(q.parts).shape[-1])),
    Mistake("places-last",
            "The places stand behind the numbers of a patch: (N, k * l * C, h', w'). They come "
            "first, and the numbers of a patch are the last axis.",
            patches=lambda q: flat(q.parts).transpose(0, 3, 1, 2)),
    Mistake("places-exchanged",
            "Rows and columns of the result are exchanged: axis 1 runs from left to right. It is "
            "the one of the rows, (N, h', w', ...).",
            patches=lambda q: flat(q.parts).transpose(0, 2, 1, 3)),
]

PATCHES = Exercise(
    "image_patches",
    notebook=NOTEBOOK,
    shapes={"x": "N h w C", "patches": "N h' w' klC"},
    arguments=["x", "kernel", "stride", "pad"],
    outputs=["patches"],
    equations=Patches,
    reference=reference.image_patches,
    mistakes=PATCHES_MISTAKES,
    cases=patches_cases,
)


# ---- conv_forward -------------------------------------------------------------------------------

def convolution_cases():
    rng = np.random.RandomState(1)

    def case(label, N=2, h=5, w=7, C=3, kernel=(3, 2), F=4, stride=1, pad=(0, 0), scale=1,
             dtype=np.float64):
        given = {"x": rng.randn(N, h, w, C), "W": rng.randn(*kernel, C, F), "b": rng.randn(F)}
        given = {name: (scale * value).astype(dtype) for name, value in given.items()}
        sizes = {"N": N, "h": h, "w": w, "C": C, "k": kernel[0], "l": kernel[1], "F": F}
        return Case(label, {**given, "stride": stride, "pad": pad}, sizes, dtype)

    return [
        case("", stride=2, pad=(1, 2)),
        case("a stride of 1, and no padding"),
        case("one picture, one channel, one filter (N = C = F = 1)", N=1, C=1, F=1, pad=(1, 1)),
        case("a kernel of one number", kernel=(1, 1)),
        case(SQUARE, N=3, h=3, w=3, C=3, kernel=(3, 3), F=3, pad=(1, 1)),
        case("float32 arguments", pad=(1, 0), dtype=np.float32),
    ]


class Convolution(Equations):
    PLACES = {"patches": "the patches", "filters": "how the filters are laid on the patches",
              "sums": "the product of patches and filters", "bias": "the bias",
              "out": "what comes after the product"}

    def patches(q):
        return reference.image_patches(q.x, q.W.shape[:2], q.stride, q.pad)

    def filters(q):  # (k * l * C, F)
        return q.W.reshape(-1, q.W.shape[3])

    def sums(q):
        return q.patches @ q.filters

    def bias(q):
        return q.b

    def out(q):
        return q.sums + q.bias


def as_filters(change):
    """The filters (k * l * C, F) after a change of the weights (k, l, C, F)."""
    return lambda q: change(q.W).reshape(-1, q.W.shape[3])


def _only_first_channel(W):
    only = np.zeros_like(W)
    only[:, :, 0] = W[:, :, 0]
    return only


CONVOLUTION_MISTAKES = [
    # The bias
    Mistake("bias-missing",
            "The bias is missing: `b` has to be added at every place.",
            bias=lambda q: 0),
    Mistake("bias-subtracted",
            "The bias `b` is subtracted. It is added.",
            bias=lambda q: -q.b),
    Mistake("bias-twice",
            "The bias `b` is added twice.",
            bias=lambda q: 2 * q.b),
    Mistake("bias-times-the-patch",
            "The bias is added once for each number of the patch, so it counts `k * l * C` times. "
            "It is added once, to the finished sum.",
            bias=lambda q: q.b * len(q.filters)),
    Mistake("bias-times-the-channels",
            "The bias is added once for each channel, so it counts C times. It is added once, "
            "to the sum over all channels.",
            bias=lambda q: q.b * q.W.shape[2]),
    Mistake("bias-times-the-kernel",
            "The bias is added once for each place of the kernel, so it counts `k * l` times. It "
            "is added once, to the finished sum.",
            bias=lambda q: q.b * q.W.shape[0] * q.W.shape[1]),
    Mistake("bias-first-only",
            "The first bias is added to all filters. Each filter has its own, along the last "
            "axis.",
            bias=lambda q: q.b[0]),
    # The filters
    Mistake("kernel-turned-around",
            "The kernels are turned around, last row and last column first: the \"convolution\" of "
            "mathematics. Networks lay the filter on the patch as it is.",
            filters=as_filters(lambda W: W[::-1, ::-1])),
    Mistake("kernel-transposed",
            "Rows and columns of the kernels are exchanged. `W[i, j]` belongs to row i and column "
            "j of a patch.",
            filters=as_filters(lambda W: W.transpose(1, 0, 2, 3))),
    Mistake("kernel-transposed-channels-first",
            "In the filters the order is channels, columns, rows; in the patches it is rows, "
            "columns, channels.",
            filters=as_filters(lambda W: W.transpose(2, 1, 0, 3))),
    Mistake("channels-first-in-the-filters",
            "The channels come first in the filters, and last in the patches (or the other way "
            "round). Numbers that are multiplied have to belong to the same place and channel.",
            filters=as_filters(lambda W: W.transpose(2, 0, 1, 3))),
    Mistake("channels-first-in-the-patches",
            "The numbers of the patches run through the channels first, and those of the filters "
            "through rows and columns. Numbers that are multiplied have to belong to the same "
            "place and channel.",
            filters=as_filters(lambda W: W.reshape(-1, W.shape[2], W.shape[3]).transpose(1, 0, 2)[
                :, np.argsort(np.arange(W.shape[0] * W.shape[1]).reshape(W.shape[:2]).T.ravel())])),
    Mistake("channels-reversed",
            "The channels of the filters are in reverse order (blue, green, red).",
            filters=as_filters(lambda W: W[:, :, ::-1])),
    Mistake("first-channel-only",
            "Only the first channel counts. A filter has weights for every channel, and its answer "
            "is the sum over all of them.",
            filters=as_filters(_only_first_channel)),
    Mistake("filters-mixed",
            "The filters get mixed up: `W.reshape(F, -1)` cuts W into F pieces, but the filters "
            "are its *last* axis. Keep that one, and join the three before it.",
            filters=lambda q: q.W.reshape(q.W.shape[3], -1).T),
    Mistake("weights-averaged",
            "The weights are averaged over the filters, so that all filters answer alike.",
            filters=lambda q: np.repeat(q.usual.filters.mean(axis=1, keepdims=True),
                                        q.W.shape[3], axis=1)),
    # The patches
    Mistake("stride-ignored",
            "`stride` is ignored. Hand it on to `image_patches`.",
            patches=lambda q: reference.image_patches(q.x, q.W.shape[:2], 1, q.pad)),
    Mistake("padding-missing",
            "`pad` is ignored. Hand it on to `image_patches`.",
            patches=lambda q: reference.image_patches(q.x, q.W.shape[:2], q.stride, (0, 0))),
    Mistake("stride-and-padding-missing",
            "`stride` and `pad` are ignored. Hand both on to `image_patches`.",
            patches=lambda q: reference.image_patches(q.x, q.W.shape[:2])),
    Mistake("padding-exchanged",
            "The two numbers of `pad` are exchanged: rows first, then columns.",
            patches=lambda q: reference.image_patches(q.x, q.W.shape[:2], q.stride, q.pad[::-1])),
    Mistake("padding-of-its-own",
            "The padding is half a kernel, as if the result always had to be as large as the "
            "picture. How much there is, `pad` says.",
            patches=lambda q: reference.image_patches(
                q.x, q.W.shape[:2], q.stride, tuple(k // 2 for k in q.W.shape[:2]))),
    # The product, and what comes after it
    Mistake("averaged",
            "The products are averaged over the patch. They are added up.",
            sums=lambda q: q.usual.sums / len(q.filters)),
    Mistake("largest-product",
            "The largest product of each patch is taken. All products are added up (a maximum is "
            "what pooling takes).",
            sums=lambda q: (q.patches[..., None] * q.filters).max(axis=3)),
    Mistake("relu-inside",
            "A ReLU is applied to the result. A convolution is linear; the ReLU is a layer of its "
            "own.",
            out=lambda q: np.maximum(q.usual.out, 0)),
    Mistake("filters-summed",
            "The answers of all filters are added up. Each filter is a channel of the result.",
            out=lambda q: q.usual.out.sum(axis=-1)),
    Mistake("out-channels-first",
            "The filters stand before the places: (N, F, h', w'). Here channels are the last "
            "axis: (N, h', w', F).",
            out=lambda q: q.usual.out.transpose(0, 3, 1, 2)),
    Mistake("out-flat",
            "Pictures and places are one axis of the result. It has the shape (N, h', w', F): "
            "undo the `reshape`.",
            out=lambda q: q.usual.out.reshape(-1, q.W.shape[3])),
    Mistake("out-places-flat",
            "The places of a picture are one axis of the result, of `h' * w'`. It has the shape "
            "(N, h', w', F).",
            out=lambda q: q.usual.out.reshape(len(q.x), -1, q.W.shape[3])),
    Mistake("out-places-exchanged",
            "Rows and columns of the result are exchanged: its axes are (N, w', h', F). Rows come "
            "first.",
            out=lambda q: q.usual.out.transpose(0, 2, 1, 3)),
    Mistake("out-of-the-last-picture-for-all",
            "All pictures have the result of the last one: a loop over the pictures overwrites it. "
            "Each has its own.",
            out=lambda q: np.repeat(q.usual.out[-1:], len(q.x), axis=0)),
]

CONVOLUTION = Exercise(
    "conv_forward",
    notebook=NOTEBOOK,
    shapes={"x": "N h w C", "W": "k l C F", "b": "F", "out": "N h' w' F"},
    arguments=["x", "W", "b", "stride", "pad"],
    outputs=["out"],
    equations=Convolution,
    reference=reference.conv_forward,
    mistakes=CONVOLUTION_MISTAKES,
    cases=convolution_cases,
    helpers=[PATCHES],
    advice=[("matmul|not aligned|mismatch|broadcast",
             "Write the shapes down: patches are (N, h', w', k * l * C), and W has to become "
             "(k * l * C, F): its first three axes joined to one, the filters kept.")],
)


# ---- relu ---------------------------------------------------------------------------------------

def relu_cases():
    rng = np.random.RandomState(2)

    def case(label, shape=(2, 3, 4, 5), scale=2.0, dtype=np.float64):
        return Case(label, {"x": (scale * rng.randn(*shape)).astype(dtype)}, {}, dtype)

    negative = Case("numbers that are all below zero", {"x": -1 - rng.rand(1, 2, 3, 2)}, {})
    return [case(""), case("one picture of one number", (1, 1, 1, 1)), negative,
            case("large numbers (up to about 1000)", scale=300),
            case("float32 arguments", dtype=np.float32)]


class Relu(Equations):
    PLACES = {"out": "what becomes of each number"}

    def out(q):
        return np.maximum(q.x, 0)


RELU_MISTAKES = [
    Mistake("unchanged",
            "Nothing is changed: numbers below zero become zero.",
            out=lambda q: q.x),
    Mistake("absolute",
            "The sign is dropped (`abs`). A number below zero becomes zero.",
            out=lambda q: np.abs(q.x)),
    Mistake("smaller-for-larger",
            "The smaller of the number and zero is taken (`minimum`). It is the larger one: what "
            "is above zero stays.",
            out=lambda q: np.minimum(q.x, 0)),
    Mistake("largest-of-all",
            "The largest of all numbers is returned (`max`). Each number is compared with zero by "
            "itself; `np.maximum` compares number by number.",
            out=lambda q: np.max(q.x)),
    Mistake("ones-for-positive",
            "There is 1 (or True) for numbers above zero: that says *where* they are, and is the "
            "slope of a ReLU. The numbers themselves stay.",
            out=lambda q: (q.x > 0).astype(q.x.dtype)),
    Mistake("leaky",
            "Numbers below zero are multiplied by 0.01, as in a \"leaky\" ReLU. They become zero.",
            out=lambda q: np.where(q.x > 0, q.x, 0.01 * q.x)),
    Mistake("cut-at-one",
            "Numbers above 1 are cut off. Above zero everything stays as it is.",
            out=lambda q: np.clip(q.x, 0, 1)),
    Mistake("positive-dropped",
            "Numbers *above* zero become zero. It is those below.",
            out=lambda q: np.where(q.x > 0, 0, q.x) * -1),
    Mistake("ones-for-negative",
            "Numbers below zero become 1. They become zero.",
            out=lambda q: np.where(q.x > 0, q.x, 1)),
    Mistake("below-one-dropped",
            "Numbers below 1 become zero. The border is zero.",
            out=lambda q: np.where(q.x > 1, q.x, 0)),
    Mistake("one-for-zero",
            "Numbers are compared with 1: what is smaller becomes 1. Compare with zero.",
            out=lambda q: np.maximum(q.x, 1)),
    Mistake("sigmoid",
            "That is a sigmoid. A ReLU keeps what is above zero, and makes zero of the rest.",
            out=lambda q: 1 / (1 + np.exp(-q.x))),
    Mistake("tanh",
            "That is a tanh. A ReLU keeps what is above zero, and makes zero of the rest.",
            out=lambda q: np.tanh(q.x)),
    Mistake("positive-selected",
            "Only the numbers above zero are left, in one row: `x[x > 0]` drops the others. They "
            "become zero, and the shape stays.",
            out=lambda q: q.x[q.x > 0]),
]

RELU = Exercise(
    "relu",
    notebook=NOTEBOOK,
    shapes={"x": "N h w C", "out": "N h w C"},
    arguments=["x"],
    outputs=["out"],
    equations=Relu,
    reference=reference.relu,
    mistakes=RELU_MISTAKES,
    cases=relu_cases,
    advice=[("ambiguous|truth value",
             "`if` and `max` decide once, and an array holds many numbers: let NumPy compare "
             "number by number.")],
)


# ---- conv_network -------------------------------------------------------------------------------

def network_cases():
    rng = np.random.RandomState(3)

    def case(label, channels, kernels, strides, pads, N=2, size=(9, 8), dtype=np.float64):
        x = rng.randn(N, *size, channels[0]).astype(dtype)
        layers = [(rng.randn(*kernel, C, F).astype(dtype), rng.randn(F).astype(dtype), stride, pad)
                  for C, F, kernel, stride, pad
                  in zip(channels, channels[1:], kernels, strides, pads)]
        return Case(label, {"x": x, "layers": layers}, {"N": N}, dtype)

    return [
        case("", (3, 4, 5, 2), [(3, 3), (3, 2), (2, 2)], (1, 2, 1), [(1, 1), (0, 1), (1, 0)]),
        case("one layer only", (2, 6), [(3, 3)], (2,), [(1, 2)]),
        case(SQUARE, (3, 3, 3), [(3, 3)] * 2, (1, 1), [(1, 1)] * 2, N=3, size=(3, 3)),
        case("float32 arguments", (3, 4, 2), [(3, 3), (2, 2)], (1, 2), [(1, 1), (0, 0)],
             dtype=np.float32),
    ]


def keep(x):
    return x


def through(x, layers, before=keep, after=reference.relu):
    """Pictures through convolutions, with something done before and after each."""
    for W, b, stride, pad in layers:
        x = after(reference.conv_forward(before(x), W, b, stride, pad))
    return x


class Network(Equations):
    PLACES = {"layers": "what is handed to a layer", "hidden": "the order of the layers",
              "out": "the ReLU"}

    def hidden(q):
        return through(q.x, q.layers)


def _always_from_the_picture(q):
    for W, b, stride, pad in q.layers:
        hidden = reference.relu(reference.conv_forward(q.x, W, b, stride, pad))
    return hidden


def _with_shortcuts(q):
    hidden = q.x
    for layer in q.layers:
        hidden = hidden + through(hidden, [layer])
    return hidden


NETWORK_MISTAKES = [
    Mistake("relu-missing", "There is no ReLU. One follows every convolution: without it, two "
            "convolutions in a row could do no more than one.",
            place="the ReLU", hidden=lambda q: through(q.x, q.layers, after=keep)),
    Mistake("relu-missing-at-the-end", "The last ReLU is missing: one follows every convolution, "
            "the last one, too.", place="the ReLU",
            hidden=lambda q: through(through(q.x, q.layers[:-1]), q.layers[-1:], after=keep)),
    Mistake("relu-at-the-end-only", "There is one ReLU, at the end. One follows *every* "
            "convolution.", place="the ReLU",
            hidden=lambda q: np.maximum(through(q.x, q.layers, after=keep), 0)),
    Mistake("relu-after-the-first-only", "There is a ReLU after the first convolution only. One "
            "follows *every* convolution.", place="the ReLU",
            hidden=lambda q: through(through(q.x, q.layers[:1]), q.layers[1:], after=keep)),
    Mistake("relu-before", "The ReLU comes before each convolution, and not after it. So the "
            "numbers of the picture that are below zero are lost, and those of the last layer are "
            "not.", place="the ReLU",
            hidden=lambda q: through(q.x, q.layers, before=reference.relu, after=keep)),
    Mistake("relu-before-and-after", "There is a ReLU before the first convolution, too. The "
            "picture's numbers below zero are its dark places: they have to stay.",
            place="the ReLU", hidden=lambda q: through(np.maximum(q.x, 0), q.layers)),
    Mistake("relu-absolute", "The sign is dropped (`abs`) after each convolution. A ReLU makes "
            "zero of what is below zero.", place="the ReLU",
            hidden=lambda q: through(q.x, q.layers, after=np.abs)),
    Mistake("tanh-for-relu", "A tanh follows each convolution. It is a ReLU here.",
            place="the ReLU", hidden=lambda q: through(q.x, q.layers, after=np.tanh)),
    Mistake("layers-reversed", "The layers are taken in reverse order. The first of the list sees "
            "the picture.",
            hidden=lambda q: through(q.x, q.layers[::-1])),
    Mistake("always-from-the-picture", "Every convolution gets the picture `x`, so only the last "
            "one counts. Each gets what the one before it made.",
            hidden=_always_from_the_picture),
    Mistake("first-layer-only", "Only the first layer is computed: the loop ends after one turn "
            "(a `return` that stands in it?).",
            hidden=lambda q: through(q.x, q.layers[:1])),
    Mistake("last-layer-skipped", "The last layer is left out.",
            hidden=lambda q: through(q.x, q.layers[:-1])),
    Mistake("shortcuts", "What goes into a layer is added to what comes out, as in a ResNet. Here "
            "only what comes out goes on.", hidden=_with_shortcuts),
    Mistake("bias-ignored", "The biases are left out.",
            layers=lambda q: [(W, 0 * b, *rest) for W, b, *rest in q.given["layers"]]),
    Mistake("stride-ignored", "The strides of the layers are left out. Hand `stride` on to the "
            "convolution.",
            layers=lambda q: [(W, b, 1, pad) for W, b, _, pad in q.given["layers"]]),
    Mistake("padding-ignored", "The padding of the layers is left out. Hand `pad` on to the "
            "convolution.",
            layers=lambda q: [(W, b, stride, (0, 0)) for W, b, stride, _ in q.given["layers"]]),
    Mistake("stride-and-padding-ignored", "Stride and padding of the layers are left out. Hand "
            "both on to the convolution.",
            layers=lambda q: [(W, b, 1, (0, 0)) for W, b, _, _ in q.given["layers"]]),
]

NETWORK = Exercise(
    "conv_network",
    notebook=NOTEBOOK,
    shapes={"x": "N h w C", "hidden": "N h' w' F"},
    arguments=["x", "layers"],
    outputs=["hidden"],
    equations=Network,
    reference=reference.conv_network,
    mistakes=NETWORK_MISTAKES,
    cases=network_cases,
    helpers=[RELU, CONVOLUTION],
)


# ---- max_pool -----------------------------------------------------------------------------------

def pooling_cases():
    rng = np.random.RandomState(4)

    def case(label, N=2, h=6, w=8, C=3, size=2, stride=2, shift=0, dtype=np.float64):
        x = (rng.randn(N, h, w, C) + shift).astype(dtype)
        return Case(label, {"x": x, "size": size, "stride": stride},
                    {"N": N, "h": h, "w": w, "C": C}, dtype)

    return [
        case("", size=3, shift=-2),  # windows overlap, and the last do not end at the edge
        case("windows side by side (size 2, stride 2)"),
        case("an odd number of rows and columns", h=5, w=7),
        case("windows with gaps between them (size 2, stride 3)", h=8, w=9, stride=3),
        case("numbers that are all below zero", shift=-9),
        case("one window only", h=3, w=3, size=3, stride=3),
        case("one picture with one channel (N = C = 1)", N=1, C=1),
        case(SQUARE, N=4, h=4, w=4, C=4, size=4, stride=4),
        case("float32 arguments", dtype=np.float32),
    ]


class Pooling(Equations):
    PLACES = {"windows": "which windows there are", "largest": "what is taken of each window",
              "out": "the axes of the result"}

    def windows(q):  # (N, h', w', size, size, C)
        return windows_of(q.x, (q.size, q.size), (q.stride, q.stride))

    def largest(q):
        return q.windows.max(axis=(3, 4))

    def out(q):
        return q.largest


def of_each(reduce):
    """What is taken of each window, by a function with `axis=`."""
    return lambda q: reduce(q.windows, axis=(3, 4))


def with_partial_windows(fill):
    """Windows that reach over the edge, what is missing there filled."""
    def windows(q):
        more = [-(-max(size - q.size, 0) // q.stride) * q.stride + q.size - size
                for size in q.x.shape[1:3]]
        if min(more) < 0:
            more = [max(number, 0) for number in more]
        x = padded(q.x, (0, more[0]), (0, more[1]), constant_values=fill)
        return windows_of(x, (q.size, q.size), (q.stride, q.stride))

    return windows


def _channels_mixed(q):
    """The numbers of a window, cut into channels as if those came first."""
    N, h, w, size, _, C = q.windows.shape
    return flat(q.windows).reshape(N, h, w, C, size * size).max(axis=4)


POOLING_MISTAKES = [
    Mistake("mean-for-max",
            "The mean of each window is taken. It is the largest number.",
            largest=of_each(np.mean)),
    Mistake("smallest-for-largest",
            "The smallest number of each window is taken. It is the largest.",
            largest=of_each(np.min)),
    Mistake("summed",
            "The numbers of each window are added up. The largest is taken.",
            largest=of_each(np.sum)),
    Mistake("first-of-each-window",
            "The first number of each window is taken, at its top left (`x[:, ::stride, "
            "::stride]`). It is the largest of the whole window.",
            largest=lambda q: q.windows[:, :, :, 0, 0]),
    Mistake("zero-at-least",
            "Where all numbers of a window are below zero, the result is zero: the search for the "
            "largest begins at zero (or there are zeros around the map).",
            largest=lambda q: np.maximum(q.usual.largest, 0)),
    Mistake("largest-absolute",
            "The sign is dropped before the largest is taken (`abs`). A number far below zero is "
            "small.",
            largest=lambda q: np.abs(q.windows).max(axis=(3, 4))),
    Mistake("place-for-value",
            "The result says *where* the largest number is (`argmax`). What is asked for is the "
            "number.",
            largest=lambda q: q.windows.reshape(*q.windows.shape[:3], -1, q.x.shape[3]
                                                ).argmax(axis=3)),
    Mistake("channels-mixed",
            "The channels get mixed up: the numbers of a patch are cut into C pieces as if all "
            "numbers of a channel stood together. They run through the channels at each place: "
            "the shape is (..., size * size, C), and the maximum goes along the axis before "
            "the last.",
            largest=_channels_mixed),
    Mistake("largest-of-all-channels",
            "The maximum is taken over the channels as well. Each channel is pooled by itself, and "
            "all C are left.",
            largest=lambda q: q.windows.max(axis=(3, 4, 5))),
    Mistake("largest-of-the-channels-only",
            "The maximum goes along the channels, so one number is left of each place in the "
            "window. It goes along the places, and the channels are left.",
            largest=lambda q: q.windows.max(axis=5).reshape(*q.windows.shape[:3], -1)),
    Mistake("largest-of-rows-only",
            "The maximum goes along the rows of each window only: its columns are still there. It "
            "goes along both.",
            largest=lambda q: q.windows.max(axis=3)),
    Mistake("largest-of-columns-only",
            "The maximum goes along the columns of each window only: its rows are still there. It "
            "goes along both.",
            largest=lambda q: q.windows.max(axis=4)),
    Mistake("stride-ignored",
            "`stride` is ignored: there is a window at every place.",
            windows=lambda q: windows_of(q.x, (q.size, q.size), (1, 1))),
    Mistake("stride-is-size",
            "The windows lie side by side, `size` apart. How far it is from one to the next, "
            "`stride` says: they may overlap.",
            windows=lambda q: windows_of(q.x, (q.size, q.size), (q.size, q.size))),
    Mistake("size-is-stride",
            "The windows have `stride` rows and columns. How large they are, `size` says.",
            windows=lambda q: windows_of(q.x, (q.stride,) * 2, (q.stride,) * 2)),
    Mistake("always-two",
            "Windows are always 2 by 2, with stride 2. Use `size` and `stride`.",
            windows=lambda q: windows_of(q.x, (2, 2), (2, 2))),
    Mistake("size-and-stride-exchanged",
            "`size` and `stride` are exchanged.",
            windows=lambda q: windows_of(q.x, (q.stride,) * 2, (q.size,) * 2)),
    Mistake("last-window-missing",
            "The last row and the last column of windows are missing. Between the first place and "
            "the last there are `(h - size) // stride` steps, and that makes one place more.",
            windows=lambda q: q.usual.windows[:, :-1, :-1]),
    Mistake("partial-windows",
            "Windows that reach over the edge are kept, with what is there of them. They are left "
            "out.",
            windows=with_partial_windows(-np.inf)),
    Mistake("zeros-at-the-edge",
            "Zeros are added below and on the right, so that the last windows fit. Windows that "
            "reach over the edge are left out.",
            windows=with_partial_windows(0)),
    Mistake("out-channels-first",
            "The channels stand before the places: (N, C, h', w'). Here they are the last axis: "
            "(N, h', w', C).",
            out=lambda q: q.largest.transpose(0, 3, 1, 2)),
    Mistake("out-places-exchanged",
            "Rows and columns of the result are exchanged: its axes are (N, w', h', C). Rows come "
            "first.",
            out=lambda q: q.largest.transpose(0, 2, 1, 3)),
]

POOLING = Exercise(
    "max_pool",
    notebook=NOTEBOOK,
    shapes={"x": "N h w C", "out": "N h' w' C"},
    arguments=["x", "size", "stride"],
    outputs=["out"],
    equations=Pooling,
    reference=reference.max_pool,
    mistakes=POOLING_MISTAKES,
    cases=pooling_cases,
    helpers=[PATCHES],
)

EXERCISES = [PATCHES, CONVOLUTION, RELU, NETWORK, POOLING]
