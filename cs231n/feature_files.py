"""Features of pictures in files that come from elsewhere: `.npy`, and `.h5` with or without ids.

Features are numbers of a whole picture, (images, D), or of each of its regions, (images, S, D).
"""

import h5py
import numpy as np

from cs231n.caption_files import DatasetError, same_id

__all__ = ["maker_of", "missing_filter", "open_features"]


AXES = {"features": "(images, D)", "regions": "(images, S, D)"}


def open_features(path, name="features"):
    """Open a file of features without reading them.

    Args:
        path: an `.npy` file of an array, or an `.h5` file with an array of the name below
            and perhaps an array `image_ids` (images,) or (images, 1) of numbers or texts.
        name: "features" (images, D) or "regions" (images, S, D).

    Returns:
        features: the stored array.
        image_ids: the id of each row's image (see `caption_files.same_id`), or None.

    Raises:
        DatasetError: there are no such arrays in it, or they cannot be read.
    """
    image_ids = None
    try:
        if path.suffix == ".npy":
            features = np.load(path, mmap_mode="r", allow_pickle=False)
        elif path.suffix in (".h5", ".hdf5"):
            file = h5py.File(path, "r")  # stays open as long as its arrays are used
            features = _array(path, file, name)
            if "image_ids" in file:
                image_ids = _read_ids(path, _array(path, file, "image_ids"))
        else:
            raise DatasetError(f"{path}: expected a file that ends in .npy or .h5")
    except (FileNotFoundError, DatasetError):
        raise
    except (OSError, EOFError, KeyError, ValueError) as error:
        raise DatasetError(f"{path}: cannot be read ({error})") from error
    axes = AXES[name].count(",") + 1
    if features.shape is None or len(features.shape) != axes or 0 in features.shape \
            or features.dtype.kind not in "fiu":
        raise DatasetError(f"{path}: {name} is {features.dtype} of shape {features.shape}, "
                           f"expected numbers {AXES[name]}")
    if image_ids is not None and len(image_ids) != len(features):
        raise DatasetError(f"{path}: {len(features)} rows of {name}, {len(image_ids)} image_ids")
    return features, image_ids


def maker_of(stored):
    """What an opened array's file says of how it was made, JSON text; None if it does not."""
    text = stored.file.attrs.get("made_by") if isinstance(stored, h5py.Dataset) else None
    return text if isinstance(text, str) else None


def missing_filter(stored):
    """Return a sentence on the compression of an HDF5 array that cannot be undone here, or ""."""
    properties = stored.id.get_create_plist()
    for i in range(properties.get_nfilters()):
        number, _, _, name = properties.get_filter(i)
        if not h5py.h5z.filter_avail(number):
            name = name.decode("ascii", "replace") or "without a name"
            return (f"is compressed by the HDF5 filter {number} ({name}), which is not installed "
                    "here: write the file with gzip or without compression, or install hdf5plugin")
    return ""


def _array(path, file, name):
    if name not in file:
        raise DatasetError(f"{path}: has no array named {name}")
    stored = file[name]
    if not isinstance(stored, h5py.Dataset):
        raise DatasetError(f"{path}: {name} is a group, expected an array")
    problem = missing_filter(stored)
    if problem:
        raise DatasetError(f"{path}: {name} {problem}")
    return stored


def _read_ids(path, stored):
    shape = stored.shape
    if shape is None or len(shape) not in (1, 2) or len(shape) == 2 and shape[1] != 1:
        raise DatasetError(f"{path}: image_ids is {stored.dtype} of shape {shape}, expected one "
                           "number or text for each row of the features, (images,)")
    ids = [same_id(value) for value in np.ravel(stored[()]).tolist()]
    if None in ids:
        raise DatasetError(f"{path}: row {ids.index(None)} of image_ids is no whole number and no "
                           "text")
    return ids
