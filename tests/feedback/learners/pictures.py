"""image_patches, conv_forward, relu, conv_network, max_pool, pca_fit, pca_apply."""

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from cs231n.picture_layers import conv_forward as course_conv
from cs231n.picture_layers import image_patches as course_patches
from cs231n.picture_layers import relu as course_relu

from .kinds import almost, right, wrong


def padded(x, pad):
    return np.pad(x, ((0, 0), (pad[0], pad[0]), (pad[1], pad[1]), (0, 0)))


# ---- image_patches ------------------------------------------------------------------------------


@right("image_patches")
def patches_by_loops(x, kernel, stride=1, pad=(0, 0)):
    N, h, w, C = x.shape
    k, l = kernel  # noqa: E741
    big = np.zeros((N, h + 2 * pad[0], w + 2 * pad[1], C), dtype=x.dtype)
    big[:, pad[0]:pad[0] + h, pad[1]:pad[1] + w] = x
    rows = (big.shape[1] - k) // stride + 1
    columns = (big.shape[2] - l) // stride + 1
    out = np.zeros((N, rows, columns, k * l * C), dtype=x.dtype)
    for n in range(N):
        for r in range(rows):
            for c in range(columns):
                top, left = r * stride, c * stride
                out[n, r, c] = big[n, top:top + k, left:left + l].ravel()
    return out


@right("image_patches")
def patches_by_stride_tricks(x, kernel, stride=1, pad=(0, 0)):
    x = np.ascontiguousarray(padded(x, pad))
    N, h, w, C = x.shape
    k, l = kernel  # noqa: E741
    shape = (N, (h - k) // stride + 1, (w - l) // stride + 1, k, l, C)
    n, r, c, q = x.strides
    windows = as_strided(x, shape, (n, r * stride, c * stride, r, c, q), writeable=False)
    return windows.reshape(shape[:3] + (k * l * C,))


@right("image_patches")
def patches_by_offsets(x, kernel, stride=1, pad=(0, 0)):
    x = padded(x, pad)
    rows = (x.shape[1] - kernel[0]) // stride + 1
    columns = (x.shape[2] - kernel[1]) // stride + 1
    parts = [x[:, i:i + stride * rows:stride, j:j + stride * columns:stride][:, :rows, :columns]
             for i in range(kernel[0]) for j in range(kernel[1])]
    return np.concatenate(parts, axis=3)


@right("image_patches", says=["float64"])
def patches_in_double_precision(x, kernel, stride=1, pad=(0, 0)):
    x = padded(x, pad).astype(float)
    windows = sliding_window_view(x, kernel, axis=(1, 2))[:, ::stride, ::stride]
    windows = np.moveaxis(windows, 3, -1)
    return windows.reshape(*windows.shape[:3], -1)


@wrong("image_patches", says=["channels", "first"])
def axes_of_sliding_windows_as_they_come(x, kernel, stride=1, pad=(0, 0)):
    windows = sliding_window_view(padded(x, pad), kernel, axis=(1, 2))[:, ::stride, ::stride]
    return windows.reshape(*windows.shape[:3], -1)


@wrong("image_patches", says=["four axes|each of the four"])
def pads_every_axis(x, kernel, stride=1, pad=(0, 0)):
    windows = sliding_window_view(np.pad(x, pad), kernel, axis=(1, 2))[:, ::stride, ::stride]
    windows = windows.transpose(0, 1, 2, 4, 5, 3)
    return windows.reshape(*windows.shape[:3], -1)


@wrong("image_patches", says=["padding is missing"])
def forgets_to_pad(x, kernel, stride=1, pad=(0, 0)):
    windows = sliding_window_view(x, kernel, axis=(1, 2))[:, ::stride, ::stride]
    windows = windows.transpose(0, 1, 2, 4, 5, 3)
    return windows.reshape(*windows.shape[:3], -1)


@wrong("image_patches", says=["edge"])
def pads_with_the_edge(x, kernel, stride=1, pad=(0, 0)):
    x = np.pad(x, ((0, 0), (pad[0],) * 2, (pad[1],) * 2, (0, 0)), mode="edge")
    windows = sliding_window_view(x, kernel, axis=(1, 2))[:, ::stride, ::stride]
    windows = windows.transpose(0, 1, 2, 4, 5, 3)
    return windows.reshape(*windows.shape[:3], -1)


@wrong("image_patches", says=["above and on the left only"])
def pads_before_only(x, kernel, stride=1, pad=(0, 0)):
    x = np.pad(x, ((0, 0), (pad[0], 0), (pad[1], 0), (0, 0)))
    windows = sliding_window_view(x, kernel, axis=(1, 2))[:, ::stride, ::stride]
    windows = windows.transpose(0, 1, 2, 4, 5, 3)
    return windows.reshape(*windows.shape[:3], -1)


@wrong("image_patches", says=["Only rows are added"])
def pads_one_axis_only(x, kernel, stride=1, pad=(0, 0)):
    x = np.pad(x, ((0, 0), (pad[0], pad[0]), (0, 0), (0, 0)))
    windows = sliding_window_view(x, kernel, axis=(1, 2))[:, ::stride, ::stride]
    windows = windows.transpose(0, 1, 2, 4, 5, 3)
    return windows.reshape(*windows.shape[:3], -1)


@wrong("image_patches", says=["stride", "begins at row"])
def counts_with_the_stride_and_walks_without(x, kernel, stride=1, pad=(0, 0)):
    x = padded(x, pad)
    k, l = kernel  # noqa: E741
    rows = (x.shape[1] - k) // stride + 1
    columns = (x.shape[2] - l) // stride + 1
    return np.stack([np.stack([x[:, r:r + k, c:c + l].reshape(len(x), -1)
                               for c in range(columns)], axis=1)
                     for r in range(rows)], axis=1)


@wrong("image_patches", says=["one place more"])
def one_patch_too_few(x, kernel, stride=1, pad=(0, 0)):
    x = padded(x, pad)
    k, l = kernel  # noqa: E741
    out = np.zeros((len(x), (x.shape[1] - k) // stride, (x.shape[2] - l) // stride,
                    k * l * x.shape[3]), dtype=x.dtype)
    for r in range(out.shape[1]):
        for c in range(out.shape[2]):
            patch = x[:, r * stride:r * stride + k, c * stride:c * stride + l]
            out[:, r, c] = patch.reshape(len(x), -1)
    return out


@wrong("image_patches", says=["column by column"])
def writes_patches_column_by_column(x, kernel, stride=1, pad=(0, 0)):
    windows = sliding_window_view(padded(x, pad), kernel, axis=(1, 2))[:, ::stride, ::stride]
    windows = windows.transpose(0, 1, 2, 5, 4, 3)
    return windows.reshape(*windows.shape[:3], -1)


@wrong("image_patches", says=["one axis", "h' * w'"])
def all_places_in_one_axis(x, kernel, stride=1, pad=(0, 0)):
    patches = course_patches(x, kernel, stride, pad)
    return patches.reshape(len(x), -1, patches.shape[-1])


@wrong("image_patches", says=["stride"])
def walks_by_the_kernel(x, kernel, stride=1, pad=(0, 0)):
    x = padded(x, pad)
    k, l = kernel  # noqa: E741
    windows = sliding_window_view(x, kernel, axis=(1, 2))[:, ::k, ::l]
    windows = windows.transpose(0, 1, 2, 4, 5, 3)
    return windows.reshape(*windows.shape[:3], -1)


# ---- conv_forward -------------------------------------------------------------------------------


@right("conv_forward")
def convolution_by_its_definition(x, W, b, stride=1, pad=(0, 0)):
    x = padded(x, pad)
    k, l, C, F = W.shape  # noqa: E741
    rows = (x.shape[1] - k) // stride + 1
    columns = (x.shape[2] - l) // stride + 1
    out = np.empty((len(x), rows, columns, F), dtype=x.dtype)
    for r in range(rows):
        for c in range(columns):
            patch = x[:, r * stride:r * stride + k, c * stride:c * stride + l]
            for f in range(F):
                out[:, r, c, f] = (patch * W[..., f]).sum(axis=(1, 2, 3)) + b[f]
    return out


@right("conv_forward")
def convolution_by_einsum(x, W, b, stride=1, pad=(0, 0)):
    windows = sliding_window_view(padded(x, pad), W.shape[:2], axis=(1, 2))
    return np.einsum("nrcqij,ijqf->nrcf", windows[:, ::stride, ::stride], W) + b


@right("conv_forward", using=[course_patches])
def convolution_as_one_flat_product(x, W, b, stride=1, pad=(0, 0)):
    patches = image_patches(x, W.shape[:2], stride, pad)  # noqa: F821
    N, rows, columns, size = patches.shape
    return (patches.reshape(N * rows * columns, size).dot(W.reshape(size, -1)) + b).reshape(
        N, rows, columns, -1)


@right("conv_forward", using=[course_patches])
def convolution_as_a_sum_over_the_kernel(x, W, b, stride=1, pad=(0, 0)):
    x = padded(x, pad)
    k, l = W.shape[:2]  # noqa: E741
    rows = (x.shape[1] - k) // stride + 1
    columns = (x.shape[2] - l) // stride + 1
    out = np.zeros((len(x), rows, columns, W.shape[3]), dtype=x.dtype)
    for i in range(k):
        for j in range(l):
            part = x[:, i:i + (rows - 1) * stride + 1:stride,
                     j:j + (columns - 1) * stride + 1:stride]
            out += part @ W[i, j]
    return out + b


@wrong("conv_forward", says=["turned around"], using=[course_patches])
def turns_the_kernel(x, W, b, stride=1, pad=(0, 0)):
    patches = image_patches(x, W.shape[:2], stride, pad)  # noqa: F821
    return patches @ W[::-1, ::-1].reshape(-1, W.shape[3]) + b


@wrong("conv_forward", says=["bias"], using=[course_patches])
def forgets_the_bias(x, W, b, stride=1, pad=(0, 0)):
    return image_patches(x, W.shape[:2], stride, pad) @ W.reshape(-1, W.shape[3])  # noqa: F821


@wrong("conv_forward", says=["bias", "once for each number"])
def adds_the_bias_to_every_product(x, W, b, stride=1, pad=(0, 0)):
    patches = course_patches(x, W.shape[:2], stride, pad)
    return (patches[..., None] * W.reshape(-1, W.shape[3]) + b).sum(axis=3)


@wrong("conv_forward", says=["last* axis"], using=[course_patches])
def cuts_the_filters_apart(x, W, b, stride=1, pad=(0, 0)):
    patches = image_patches(x, W.shape[:2], stride, pad)  # noqa: F821
    return patches @ W.reshape(W.shape[3], -1).T + b


@wrong("conv_forward", says=["`stride`"], using=[course_patches])
def keeps_the_stride_to_itself(x, W, b, stride=1, pad=(0, 0)):
    return image_patches(x, W.shape[:2], pad=pad) @ W.reshape(-1, W.shape[3]) + b  # noqa: F821


@wrong("conv_forward", says=["(N, F, h', w')"], using=[course_patches])
def channels_before_places(x, W, b, stride=1, pad=(0, 0)):
    patches = image_patches(x, W.shape[:2], stride, pad)  # noqa: F821
    return (patches @ W.reshape(-1, W.shape[3]) + b).transpose(0, 3, 1, 2)


@wrong("conv_forward", says=["layer of its own"], using=[course_patches])
def puts_the_relu_inside(x, W, b, stride=1, pad=(0, 0)):
    patches = image_patches(x, W.shape[:2], stride, pad)  # noqa: F821
    return np.maximum(0, patches @ W.reshape(-1, W.shape[3]) + b)


@wrong("conv_forward", says=["(k * l * C, F)"], using=[course_patches])
def does_not_reshape_the_filters(x, W, b, stride=1, pad=(0, 0)):
    return image_patches(x, W.shape[:2], stride, pad) @ W + b  # noqa: F821


@wrong("conv_forward", says=["same place and channel"])
def channels_of_the_filters_first(x, W, b, stride=1, pad=(0, 0)):
    patches = course_patches(x, W.shape[:2], stride, pad)
    return patches @ W.transpose(2, 0, 1, 3).reshape(-1, W.shape[3]) + b


# ---- relu ---------------------------------------------------------------------------------------


@right("relu")
def relu_by_a_mask(x):
    return x * (x > 0)


@right("relu")
def relu_by_where(x):
    return np.where(x < 0, np.zeros_like(x), x)


@almost("relu", says=["`x`", "in place"])
def relu_in_place(x):
    x[x < 0] = 0
    return x


@wrong("relu", says=["np.maximum"])
def largest_of_all_numbers(x):
    return np.max(x)


@wrong("relu", says=["once", "number by number"])
def builtin_max(x):
    return max(x, 0)


@wrong("relu", says=["axis|maximum"])
def max_with_zero_as_the_axis(x):
    return np.max(x, 0)


@wrong("relu", says=["where"])
def mask_for_numbers(x):
    return x > 0


@wrong("relu", says=["smaller"])
def minimum_for_maximum(x):
    return np.minimum(0, x)


# ---- conv_network -------------------------------------------------------------------------------


@right("conv_network", using=[course_conv, course_relu])
def network_by_recursion(x, layers):
    if len(layers) == 0:
        return x
    out = relu(conv_forward(x, *layers[0]))  # noqa: F821
    for W, b, stride, pad in layers[1:]:
        out = relu(conv_forward(out, W, b, stride=stride, pad=pad))  # noqa: F821
    return out


@wrong("conv_network", says=["last ReLU"], using=[course_conv, course_relu])
def no_relu_at_the_end(x, layers):
    for i, layer in enumerate(layers):
        x = conv_forward(x, *layer)  # noqa: F821
        if i < len(layers) - 1:
            x = relu(x)  # noqa: F821
    return x


@wrong("conv_network", says=["before each convolution"], using=[course_conv, course_relu])
def relu_before_the_convolution(x, layers):
    for layer in layers:
        x = conv_forward(relu(x), *layer)  # noqa: F821
    return x


@wrong("conv_network", says=["first layer"], using=[course_conv, course_relu])
def returns_inside_the_loop(x, layers):
    for layer in layers:
        x = relu(conv_forward(x, *layer))  # noqa: F821
        return x


@wrong("conv_network", says=["Stride and padding"], using=[course_conv, course_relu])
def stride_and_padding_left_out(x, layers):
    for W, b, _, _ in layers:
        x = relu(conv_forward(x, W, b))  # noqa: F821
    return x


@wrong("conv_network", says=["no ReLU"], using=[course_conv, course_relu])
def result_of_relu_thrown_away(x, layers):
    for layer in layers:
        x = conv_forward(x, *layer)  # noqa: F821
        relu(x)  # noqa: F821
    return x


# ---- max_pool -----------------------------------------------------------------------------------


@right("max_pool")
def pooling_by_loops(x, size=2, stride=2):
    rows = (x.shape[1] - size) // stride + 1
    columns = (x.shape[2] - size) // stride + 1
    out = np.empty((x.shape[0], rows, columns, x.shape[3]), dtype=x.dtype)
    for r in range(rows):
        for c in range(columns):
            window = x[:, r * stride:r * stride + size, c * stride:c * stride + size]
            out[:, r, c] = window.max(axis=1).max(axis=1)
    return out


@right("max_pool")
def pooling_by_sliding_windows(x, size=2, stride=2):
    windows = sliding_window_view(x, (size, size), axis=(1, 2))
    return windows[:, ::stride, ::stride].max(axis=(-2, -1))


@right("max_pool", using=[course_patches])
def pooling_by_patches(x, size=2, stride=2):
    patches = image_patches(x, (size, size), stride)  # noqa: F821
    return patches.reshape(*patches.shape[:3], -1, x.shape[3]).max(3)


@wrong("max_pool", says=["channels get mixed up"], using=[course_patches])
def channels_cut_first(x, size=2, stride=2):
    patches = image_patches(x, (size, size), stride)  # noqa: F821
    return patches.reshape(*patches.shape[:3], x.shape[3], -1).max(axis=-1)


@wrong("max_pool", says=["channels"], using=[course_patches])
def channels_pooled_too(x, size=2, stride=2):
    return image_patches(x, (size, size), stride).max(axis=-1)  # noqa: F821


@wrong("max_pool", says=["below zero"])
def running_maximum_from_zero(x, size=2, stride=2):
    rows = (x.shape[1] - size) // stride + 1
    columns = (x.shape[2] - size) // stride + 1
    out = np.zeros((x.shape[0], rows, columns, x.shape[3]), dtype=x.dtype)
    for i in range(size):
        for j in range(size):
            part = x[:, i:i + (rows - 1) * stride + 1:stride,
                     j:j + (columns - 1) * stride + 1:stride]
            out = np.maximum(out, part)
    return out


@wrong("max_pool", says=["mean"])
def average_pooling(x, size=2, stride=2):
    windows = sliding_window_view(x, (size, size), axis=(1, 2))
    return windows[:, ::stride, ::stride].mean(axis=(-2, -1))


@wrong("max_pool", says=["side by side|`size` apart"])
def pooling_by_reshape(x, size=2, stride=2):
    N, h, w, C = x.shape
    h, w = h // size, w // size
    return x[:, :h * size, :w * size].reshape(N, h, size, w, size, C).max(axis=(2, 4))


@wrong("max_pool", says=["kept", "edge"])
def windows_over_the_edge(x, size=2, stride=2):
    rows = -(-(x.shape[1] - size) // stride) + 1
    columns = -(-(x.shape[2] - size) // stride) + 1
    out = np.empty((x.shape[0], rows, columns, x.shape[3]), dtype=x.dtype)
    for r in range(rows):
        for c in range(columns):
            window = x[:, r * stride:r * stride + size, c * stride:c * stride + size]
            out[:, r, c] = window.max(axis=(1, 2))
    return out


@wrong("max_pool", says=["where"], using=[course_patches])
def places_of_the_largest(x, size=2, stride=2):
    patches = image_patches(x, (size, size), stride)  # noqa: F821
    return patches.reshape(*patches.shape[:3], -1, x.shape[3]).argmax(axis=3)


# ---- pca_fit ------------------------------------------------------------------------------------


@right("pca_fit")
def pca_by_eigh(x, num_components):
    mean = x.mean(axis=0)
    centred = x - mean
    values, vectors = np.linalg.eigh(centred.T @ centred / len(x))
    order = np.argsort(values)[::-1][:num_components]
    return mean, vectors[:, order], values[order]


@right("pca_fit")
def pca_by_cov(x, num_components):
    values, vectors = np.linalg.eigh(np.cov(x, rowvar=False, bias=True))
    return (np.mean(x, axis=0), vectors[:, ::-1][:, :num_components],
            values[::-1][:num_components])


@right("pca_fit")
def pca_with_signs_of_its_own(x, num_components):
    mean = np.sum(x, axis=0) / len(x)
    U, S, Vt = np.linalg.svd(x - mean)
    directions = -Vt[:num_components].T
    return mean, directions, ((x - mean) @ directions).var(axis=0)


@wrong("pca_fit", says=["mean is not subtracted"])
def svd_of_what_came_in(x, num_components):
    _, s, Vt = np.linalg.svd(x, full_matrices=False)
    return x.mean(axis=0), Vt[:num_components].T, s[:num_components] ** 2 / len(x)


@wrong("pca_fit", says=["axis 1|axis 0"])
def mean_of_each_row(x, num_components):
    mean = x.mean(axis=1)
    _, s, Vt = np.linalg.svd(x - mean[:, None], full_matrices=False)
    return mean, Vt[:num_components].T, s[:num_components] ** 2 / len(x)


@wrong("pca_fit", says=["axis"])
def mean_that_does_not_fit(x, num_components):
    mean = x.mean(axis=1)
    _, s, Vt = np.linalg.svd(x - mean, full_matrices=False)
    return mean, Vt[:num_components].T, s[:num_components] ** 2 / len(x)


@wrong("pca_fit", says=["*rows*"])
def columns_of_Vt(x, num_components):
    mean = x.mean(axis=0)
    _, s, Vt = np.linalg.svd(x - mean, full_matrices=False)
    return mean, Vt[:, :num_components], s[:num_components] ** 2 / len(x)


@wrong("pca_fit", says=["`U`"])
def U_in_place_of_V(x, num_components):
    mean = x.mean(axis=0)
    U, s, _ = np.linalg.svd(x - mean, full_matrices=False)
    return mean, U[:, :num_components], s[:num_components] ** 2 / len(x)


@wrong("pca_fit", says=["wrong end"])
def eigh_from_the_wrong_end(x, num_components):
    mean = x.mean(axis=0)
    values, vectors = np.linalg.eigh((x - mean).T @ (x - mean) / len(x))
    return mean, vectors[:, :num_components], values[:num_components]


@wrong("pca_fit", says=["N - 1"])
def variances_as_np_cov_has_them(x, num_components):
    values, vectors = np.linalg.eigh(np.cov(x.T))
    return (x.mean(axis=0), vectors[:, ::-1][:, :num_components],
            values[::-1][:num_components])


@wrong("pca_fit", says=["whitened"])
def whitens_the_directions(x, num_components):
    mean = x.mean(axis=0)
    _, s, Vt = np.linalg.svd(x - mean, full_matrices=False)
    variances = s[:num_components] ** 2 / len(x)
    return mean, Vt[:num_components].T / np.sqrt(variances), variances


@wrong("pca_fit", says=["`directions`", "(K, D)"])
def directions_as_rows(x, num_components):
    mean = x.mean(axis=0)
    _, s, Vt = np.linalg.svd(x - mean, full_matrices=False)
    return mean, -Vt[:num_components], s[:num_components] ** 2 / len(x)


@wrong("pca_fit", says=["reverse order"])
def right_directions_in_eighs_order(x, num_components):
    mean = x.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
    return mean, vectors[:, -num_components:], values[-num_components:]


@wrong("pca_fit", says=["singular values"], never=["wrong sign"])
def singular_values_returned(x, num_components):
    mean = x.mean(axis=0)
    _, s, Vt = np.linalg.svd(x - mean, full_matrices=False)
    return mean, -Vt[:num_components].T, s[:num_components]


# ---- pca_apply ----------------------------------------------------------------------------------


@right("pca_apply")
def projected_by_einsum(x, mean, directions):
    return np.einsum("nd,dk->nk", x - mean[None], directions)


@right("pca_apply")
def product_first(x, mean, directions):
    return x.dot(directions) - mean.dot(directions)


@wrong("pca_apply", says=["these* rows"])
def mean_of_the_new_rows(x, mean, directions):
    return (x - x.mean(axis=0)) @ directions


@wrong("pca_apply", says=["mean is not subtracted"])
def forgets_the_mean(x, mean, directions):
    return x @ directions


@wrong("pca_apply", says=["(D, K)"])
def transposes_the_directions(x, mean, directions):
    return (x - mean) @ directions.T


@wrong("pca_apply", says=["before", "mean"])
def subtracts_the_mean_last(x, mean, directions):
    return x @ directions - mean


@almost("pca_apply", says=["`x`", "in place"])
def subtracts_in_place(x, mean, directions):
    x -= mean
    return x @ directions
