"""How long Emoji Scenes takes: loading, drawing, describing, judging, extracting features.

    python -m benchmarks.scenes_speed

Times are medians over all repetitions, each of a few hundred scenes; the last column compares each
with drawing, measured in the same run. The first drawing of a setting's look also paints its
background, which is then kept; that is a line of its own.
"""

import contextlib
import io
import time

import numpy as np

from cs231n.coco_utils import load_coco_data
from cs231n.scenes import describe, draw, extract_features, judge, load_scenes
from cs231n.scenes.backgrounds import background
from cs231n.scenes.bundled import FOLDER
from cs231n.scenes.judging import parsed

SCENES = 200
REPETITIONS = 7


def median(work, each=1):
    """Median time of `work` in milliseconds, divided by the number of things it works on."""
    times = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start) / each)
    return float(np.median(times))


def load_quietly():
    """Load the whole data set."""
    with contextlib.redirect_stdout(io.StringIO()):
        load_coco_data(FOLDER)


def paint_background():
    """Paint a background that was painted before."""
    background.__wrapped__("beach", 0)


def judge_all(captions, scenes):
    """Judge without what is remembered of captions seen before."""
    parsed.cache_clear()
    for caption, scene in zip(captions, scenes):
        judge(caption, scene)


def main():
    """Measure and print a table."""
    scenes = load_scenes("val")[:SCENES]
    pictures = np.array([draw(scene) for scene in scenes])
    captions = [describe(scene, seed) for seed, scene in enumerate(scenes)]
    extract_features(pictures[:1])  # reads the weights
    measured = {
        "draw a scene": median(lambda: [draw(scene) for scene in scenes], SCENES),
        "paint a background, once for each look": median(paint_background),
        "describe a scene": median(lambda: list(map(describe, scenes, range(SCENES))), SCENES),
        "judge a caption": median(lambda: judge_all(captions, scenes), SCENES),
        "features of a picture, of many": median(lambda: extract_features(pictures), SCENES),
        "features of a single picture": median(lambda: extract_features(pictures[0])),
        "load_coco_data()": median(load_quietly),
    }
    print(f"{'':42}{'ms':>9}{'/ draw':>9}")
    for name, value in measured.items():
        print(f"{name:42}{value:9.2f}{value / measured['draw a scene']:9.1f}")


if __name__ == "__main__":
    main()
