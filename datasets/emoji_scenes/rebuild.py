"""Rebuild Emoji Scenes from nothing: `python datasets/emoji_scenes/rebuild.py [STEP ...]`.

The steps, in order; all of them without an argument:

    sprites   render the atlas from the font Noto Color Emoji (needs the font)
    scenes    sample the scenes, write scenes.json.gz, addresses and file names
    captions  describe every scene five times, write captions and vocabulary
    network   train the convolutional network on the training scenes (needs PyTorch; nine
              minutes on two cores)
    features  extract the features of all pictures with the NumPy network
    regions   extract the features of their regions with the same network
    examples  draw the sheet of pictures that README.md shows

Everything is seeded. Using the data set needs neither the font nor PyTorch.
"""

import gzip
import json
import sys
from collections import Counter
from pathlib import Path

import h5py
import numpy as np

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parents[1]))

from cs231n.scenes import describe, draw  # noqa: E402
from cs231n.scenes.bundled import load_scenes  # noqa: E402
from cs231n.scenes.sampling import compositional_scene, ordinary_scene  # noqa: E402

SEED = 231
SIZES = {"train": 8000, "val": 1000}
COMPOSITIONAL = {"new setting": 150, "new pair": 150}  # these follow the ordinary ones in "val"
CAPTIONS = 5  # a picture
STEPS = 17  # of an encoded caption: <START>, at most 15 words, <END>
RAREST = 16  # a word that occurs less often becomes <UNK>
SPECIAL = ["<NULL>", "<START>", "<END>", "<UNK>"]


def write_text(name, text):
    """Write a text file that is the same on every system."""
    with open(FOLDER / name, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)


def write_hdf5(name, arrays, **options):
    """Write arrays without times, so that the same arrays give the same bytes."""
    with h5py.File(FOLDER / name, "w", track_order=False) as file:
        for key, array in arrays.items():
            file.create_dataset(key, data=array, track_times=False, compression="gzip",
                                shuffle=True, **options)


def sprites():
    """Render the sprites."""
    import render_sprites
    render_sprites.main()


def scenes():
    """Sample all scenes."""
    rng = np.random.RandomState(SEED)
    splits = {split: [ordinary_scene(rng) for _ in range(size)] for split, size in SIZES.items()}
    for novelty, number in COMPOSITIONAL.items():
        splits["val"] += [compositional_scene(rng, novelty) for _ in range(number)]
    text = json.dumps({split: [scene.to_json() for scene in splits[split]] for split in splits},
                      separators=(",", ":"))
    with open(FOLDER / "scenes.json.gz", "wb") as file:
        file.write(gzip.compress(text.encode("utf-8"), 9, mtime=0))
    for split, members in splits.items():
        rows = range(len(members))
        write_text(f"{split}2014_urls.txt", "".join(f"emoji-scenes://{split}/{i}\n" for i in rows))
        write_text(f"{split}2014_images.txt",
                   "".join(f"emoji_scenes/{split}/emoji_{split}_{i:06d}.png\n" for i in rows))


def captions():
    """Describe all scenes, count the words, encode."""
    rng = np.random.RandomState(SEED + 1)
    texts = {split: [five_captions(scene, rng) for scene in load_scenes(split)] for split in SIZES}
    counts = Counter(word for five in texts["train"] for text in five for word in text.split())
    frequent = [word for word, count in counts.items() if count >= RAREST]
    words = SPECIAL + sorted(frequent, key=lambda word: (-counts[word], word))
    indices = {word: i for i, word in enumerate(words)}
    vocabulary = {"idx_to_word": words, "word_to_idx": indices}
    write_text("coco2014_vocab.json", json.dumps(vocabulary, indent=0) + "\n")
    arrays = {}
    for split in SIZES:
        arrays[f"{split}_captions"] = np.array(
            [encoded(text, indices) for five in texts[split] for text in five], np.int32)
        arrays[f"{split}_image_idxs"] = np.repeat(np.arange(len(texts[split]), dtype=np.int32),
                                                  CAPTIONS)
    write_hdf5("coco2014_captions.h5", arrays)
    unknown = np.mean(arrays["train_captions"] == SPECIAL.index("<UNK>"))
    print(f"{len(words)} words, {unknown:.2%} of tokens unknown; rare: "
          f"{sorted(word for word in counts if word not in indices)}")


def five_captions(scene, rng):
    """Five captions of a scene, different ones if it gives as many."""
    found = []
    for _ in range(8 * CAPTIONS):
        caption = describe(scene, rng)
        if caption not in found:
            found.append(caption)
        if len(found) == CAPTIONS:
            return found
    return (found * CAPTIONS)[:CAPTIONS]


def encoded(text, indices):
    """Word numbers (17,): <START>, the words, <END>, <NULL> up to the end."""
    unknown = indices["<UNK>"]
    tokens = [indices["<START>"], *(indices.get(word, unknown) for word in text.split()),
              indices["<END>"]]
    return tokens + [indices["<NULL>"]] * (STEPS - len(tokens))


def network():
    """Train the convolutional network."""
    import train_network
    train_network.main()


def features():
    """Extract the features of all pictures, rounded to 1/64 so that they compress."""
    from cs231n.scenes.features import extract_features
    for split in SIZES:
        pictures = np.array([draw(scene) for scene in load_scenes(split)])
        values = np.round(extract_features(pictures) * 64) / 64
        write_hdf5(f"{split}2014_vgg16_fc7_pca.h5", {"features": values.astype(np.float32)},
                   compression_opts=9)


def regions():
    """Extract the features of all regions, in steps of 1/64, and how they are to be scaled."""
    from cs231n.scenes.regions import scale_of, stepped_regions
    scale = None
    for split in SIZES:
        steps = stepped_regions(np.array([draw(scene) for scene in load_scenes(split)]))
        scale = scale or dict(zip(("mean", "deviation"), scale_of(steps)))
        write_hdf5(f"{split}2014_regions.h5", {"regions": steps}, compression_opts=9)
        with h5py.File(FOLDER / f"{split}2014_regions.h5", "a") as file:
            for name, value in scale.items():
                file.create_dataset(name, data=value, track_times=False)


def examples():
    """A sheet of validation pictures, four rows of six."""
    import imageio.v3 as iio
    framed = [np.pad(draw(scene), ((2, 2), (2, 2), (0, 0)), constant_values=255)
              for scene in load_scenes("val")[100:124]]
    rows = [np.concatenate(framed[i:i + 6], axis=1) for i in range(0, 24, 6)]
    iio.imwrite(FOLDER / "examples.png", np.concatenate(rows))


ALL_STEPS = (sprites, scenes, captions, network, features, regions, examples)

if __name__ == "__main__":
    wanted = sys.argv[1:] or [step.__name__ for step in ALL_STEPS]
    unknown_steps = set(wanted) - {step.__name__ for step in ALL_STEPS}
    if unknown_steps:
        sys.exit(f"unknown step {', '.join(sorted(unknown_steps))}\n{__doc__}")
    for step in ALL_STEPS:
        if step.__name__ in wanted:
            print(step.__name__, flush=True)
            step()
