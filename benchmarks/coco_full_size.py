"""What loading a data set of COCO's size takes in time and memory.

    python benchmarks/coco_full_size.py                  PCA features only, 0.3 GB on the disk
    python benchmarks/coco_full_size.py --wide           4096-wide features too, 2.3 GB
    python benchmarks/coco_full_size.py FOLDER           the stand-in stays in FOLDER for later

A stand-in with COCO's numbers of pictures, captions and words, and random content, is built in
FOLDER, or in a temporary folder that is removed at the end. Each way to load it runs in a fresh
process, which reports the largest memory that it ever had, less what it had before it loaded.
Beside it stands the plain sum of the arrays that come back.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

IMAGES = {"train": 82_783, "val": 40_504}
CAPTIONS = {"train": 400_135, "val": 195_954}
WORDS = 1004
BLOCK = 4096  # rows


# ---- The stand-in -------------------------------------------------------------------------------


def build(folder, wide):
    """Write the files of the stand-in that are not there yet."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    words = ["<NULL>", "<START>", "<END>", "<UNK>", "a", *(f"word{i}" for i in range(5, WORDS))]
    vocabulary = {"idx_to_word": words, "word_to_idx": {word: i for i, word in enumerate(words)}}
    (folder / "coco2014_vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    with h5py.File(folder / "coco2014_captions.h5", "w") as file:
        for split in IMAGES:
            file[f"{split}_captions"] = random_captions(CAPTIONS[split], rng)
            images = rng.integers(IMAGES[split], size=CAPTIONS[split])
            file[f"{split}_image_idxs"] = images.astype(np.int32)
    for split, rows in IMAGES.items():
        write_addresses(folder, split, rows)
        widths = {"fc7_pca": 512, "fc7": 4096} if wide else {"fc7_pca": 512}
        for name, width in widths.items():
            path = folder / f"{split}2014_vgg16_{name}.h5"
            if not path.is_file():
                write_features(path, rows, width, rng)


def random_captions(count, rng):
    """Draw rows of word numbers (count, 17): <START>, 6 to 15 words, <END>, <NULL>."""
    captions = rng.integers(3, WORDS, size=(count, 17), dtype=np.int32)
    captions[:, 0] = 1
    ends = rng.integers(7, 17, size=count)
    captions[np.arange(count), ends] = 2
    captions[np.arange(17) > ends[:, None]] = 0
    return captions


def write_addresses(folder, split, rows):
    with open(folder / f"{split}2014_urls.txt", "w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"http://farm{i % 9 + 1}.staticflickr.com/{i:04d}/{i:010d}_{i:010x}_z.jpg\n"
                        for i in range(rows))
    with open(folder / f"{split}2014_images.txt", "w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"coco/images/{split}2014/COCO_{split}2014_{i:012d}.jpg\n"
                        for i in range(rows))


def write_features(path, rows, width, rng):
    with h5py.File(path, "w") as file:
        stored = file.create_dataset("features", (rows, width), np.float32)
        for start in range(0, rows, BLOCK):
            count = min(BLOCK, rows - start)
            stored[start : start + count] = rng.standard_normal((count, width), np.float32)


# ---- Measuring ----------------------------------------------------------------------------------


def peak_memory():
    """Return the largest memory this process ever had, in bytes."""
    status = Path("/proc/self/status")
    if status.is_file():  # on Linux, the call below counts the parent process in
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measure(folder, way):
    """Load in this process, and print what it took as JSON."""
    from cs231n.coco_utils import load_coco_data

    with h5py.File(folder / "coco2014_captions.h5") as file:  # what h5py loads at its first use
        file["val_image_idxs"][:1]
    before, start = peak_memory(), time.perf_counter()
    if way == "plain read":
        arrays = plain_read(folder)
    else:
        arguments = {"max_train": 50} if way == "max_train=50" else {}
        arrays = load_coco_data(folder, pca_features=way != "pca_features=False", **arguments)
        arrays = [value for value in arrays.values() if isinstance(value, np.ndarray)]
    seconds, size = time.perf_counter() - start, sum(array.nbytes for array in arrays)
    print(json.dumps({"seconds": seconds, "peak": peak_memory() - before, "arrays": size}))


def plain_read(folder):
    """Read the same arrays without looking at them, as a measure of the disk and the machine."""
    arrays = [np.array((folder / f"{split}2014_urls.txt").read_text(encoding="utf-8").split())
              for split in IMAGES]
    for path in [folder / "coco2014_captions.h5", *sorted(folder.glob("*_pca.h5"))]:
        with h5py.File(path) as file:
            arrays += [array[()] for array in file.values()]
    return arrays


def measure_apart(folder, way):
    """Measure in a process of its own, which has not held anything large before."""
    command = [sys.executable, __file__, str(folder), "--measure", way]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def report(folder, ways):
    print(f"{'':20}  seconds  arrays (MB)  peak memory (MB)  peak / arrays")
    for way in ways:
        figures = measure_apart(folder, way)
        print(f"{way:20}  {figures['seconds']:7.2f}  {figures['arrays'] / 1e6:11,.0f}  "
              f"{figures['peak'] / 1e6:16,.0f}  {figures['peak'] / figures['arrays']:13.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", metavar="FOLDER",
                        help="where the stand-in is built, and stays (default: a temporary folder)")
    parser.add_argument("--wide", action="store_true", help="with 4096-wide features too")
    parser.add_argument("--measure", metavar="WAY", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        return measure(options.folder, options.measure)
    if sys.platform == "win32":
        parser.error("the largest memory of a process is asked for in a way that Windows lacks")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        build(folder, options.wide)
        # What comes from the disk at first comes from memory later: so read all once, unreported.
        measure_apart(folder, "plain read")
        ways = ["plain read", "load_coco_data()", "max_train=50"]
        report(folder, ways + ["pca_features=False"] * options.wide)


if __name__ == "__main__":
    main()
