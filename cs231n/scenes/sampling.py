"""Random scenes: what meets where, and how the things in a picture are arranged.

Arrangements keep margins: whatever can be said of two groups (left of, above, next to, ...) is
either clearly true or clearly false, so that no caption is a matter of taste.
"""

from dataclasses import replace
from itertools import combinations

from cs231n.scenes.names import KINDS, SETTINGS, SIZES
from cs231n.scenes.scene import HEIGHT, LEFT_END, RIGHT_START, WIDTH, Group, Scene

# Combinations that training and ordinary validation never show; the compositional scenes do.
NEW_SETTINGS = frozenset({
    ("dog", "desert"), ("cat", "beach"), ("horse", "snow"), ("cow", "street"), ("rabbit", "room"),
    ("elephant", "beach"), ("monkey", "room"), ("turtle", "desert"), ("duck", "street"),
    ("bird", "desert"), ("butterfly", "sea"), ("plane", "snow"), ("helicopter", "beach"),
    ("kite", "street"), ("car", "beach"), ("bus", "grass"), ("truck", "desert"), ("train", "snow"),
    ("tractor", "street"), ("bicycle", "room"), ("chair", "snow"), ("teddy bear", "beach"),
    ("ball", "sea"), ("guitar", "table"), ("flower", "street"), ("banana", "beach"),
})
NEW_PAIRS = frozenset(map(frozenset, (
    ("dog", "ball"), ("cat", "teddy bear"), ("horse", "tree"), ("cow", "tractor"),
    ("rabbit", "flower"), ("elephant", "bird"), ("camel", "cactus"), ("monkey", "balloon"),
    ("penguin", "snowman"), ("turtle", "duck"), ("crab", "umbrella"), ("whale", "boat"),
    ("butterfly", "chair"), ("plane", "bus"), ("helicopter", "car"), ("sheep", "kite"),
    ("truck", "bicycle"), ("train", "balloon"), ("bed", "guitar"), ("laptop", "cup"),
    ("clock", "vase"), ("apple", "banana"), ("cake", "book"), ("donut", "cat"),
)))

RIDERS = {  # who may sit on whom
    "bed": ("dog", "cat", "rabbit", "monkey", "teddy bear", "book"),
    "chair": ("cat", "monkey", "rabbit", "teddy bear", "book", "ball"),
    "truck": ("monkey", "dog", "sheep", "cat", "penguin"),
    "bus": ("monkey", "cat", "dog", "penguin"),
    "car": ("dog", "cat", "monkey", "duck"),
    "train": ("monkey", "dog"),
    "elephant": ("monkey", "rabbit", "duck", "cat"),
    "horse": ("monkey", "cat"),
    "camel": ("monkey", "rabbit"),
    "cow": ("cat", "duck", "rabbit"),
    "turtle": ("rabbit", "crab", "monkey"),
    "whale": ("penguin", "crab", "duck"),
}

GAP = 6  # pixels between groups that are apart


def kinds_at_home(setting):
    """The kinds that are usually seen in a setting."""
    return [kind for kind, entry in KINDS.items() if setting in entry.home.split()]


def novelties(scene):
    """Which held-out combinations a scene holds: a set of "new setting" and "new pair"."""
    kinds = [group.kind for group in scene.groups]
    found = {"new setting" for kind in kinds if (kind, scene.setting) in NEW_SETTINGS}
    return found | {"new pair" for pair in combinations(kinds, 2) if frozenset(pair) in NEW_PAIRS}


def random_scene(rng):
    """A random scene; `rng` is a NumPy RandomState or Generator."""
    while True:
        setting = _pick(rng, SETTINGS)
        if rng.uniform() < 0.04:
            scene = _riding(rng, setting)
        else:
            number = _pick(rng, (1, 2, 3), (0.44, 0.48, 0.08))
            scene = arranged(rng, setting, _random_kinds(rng, setting, number))
        if scene is not None:
            return scene


def ordinary_scene(rng):
    """A random scene without any held-out combination."""
    while True:
        scene = random_scene(rng)
        if not novelties(scene):
            return scene


def compositional_scene(rng, novelty):
    """A random scene with exactly one sort of held-out combination."""
    while True:
        if novelty == "new setting":
            kind, setting = _pick(rng, sorted(NEW_SETTINGS))
            others = [other for other in kinds_at_home(setting) if other != kind]
            kinds = [kind] + [_pick(rng, others)] * (rng.uniform() < 0.5)
        else:
            kinds = sorted(_pick(rng, sorted(map(sorted, NEW_PAIRS))))
            setting = _pick(rng, SETTINGS)
            if not set(kinds) <= set(kinds_at_home(setting)):
                continue
        scene = arranged(rng, setting, kinds)
        if scene is not None and novelties(scene) == {novelty}:
            return replace(scene, novelty=novelty)


def _pick(rng, options, weights=None):
    return options[int(rng.choice(len(options), p=weights))]


def _random_kinds(rng, setting, number):
    """Kinds that are at home in the setting; those with few homes more often, to make up for it."""
    kinds = kinds_at_home(setting)
    weights = [len(KINDS[kind].home.split()) ** -0.5 for kind in kinds]
    total = sum(weights)
    chosen = rng.choice(len(kinds), number, replace=False, p=[w / total for w in weights])
    return [kinds[i] for i in chosen]


def arranged(rng, setting, kinds):
    """A scene of these kinds with random counts, sizes and places, or None if they do not fit."""
    look = int(rng.choice(8))
    for _ in range(30):
        groups = [Group(kind, _pick(rng, (1, 2, 3), (0.84, 0.10, 0.06)),
                        _pick(rng, tuple(SIZES), (0.16, 0.68, 0.16))) for kind in kinds]
        for _ in range(20):
            scene = Scene(setting, _scattered(rng, groups), look)
            if clear(scene):
                return scene
    return None


def _scattered(rng, groups):
    """The groups at random places: the flyers in the air, the others on one level."""
    level = int(rng.uniform(94, 112))
    height = int(rng.uniform(26, 68))
    placed = []
    for group in groups:
        flies = KINDS[group.kind].family == "flyer"
        y = (height if flies else level) + int(rng.uniform(-4, 5))
        placed.append(replace(group, x=int(rng.uniform(14, WIDTH - 13)), y=y))
    if len(placed) > 1 and rng.uniform() < 0.4:  # one right above the other, if one of them flies
        placed[1] = replace(placed[1], x=placed[0].x + int(rng.uniform(-8, 9)))
    return [replace(group, x=min(max(group.x, 1), WIDTH - 1)) for group in placed]


def _riding(rng, setting):
    """A scene in which one sits on another, or None."""
    pairs = [(rider, base) for base in RIDERS for rider in RIDERS[base]
             if {rider, base} <= set(kinds_at_home(setting))]
    if not pairs:
        return None
    rider, base = _pick(rng, pairs)
    size = _pick(rng, ("ordinary", "big"), (0.6, 0.4))
    smaller = "small" if size == "ordinary" or rng.uniform() < 0.3 else "ordinary"
    base = Group(base, 1, size, int(rng.uniform(30, 131)), int(rng.uniform(96, 113)))
    scene = Scene(setting, [base, Group(rider, 1, smaller, on=base.kind)], int(rng.choice(8)))
    return scene if clear(scene) else None


def clear(scene):
    """Whether all is inside the picture and no relation is a near thing."""
    return (all(_well_inside(group) for group in scene.groups)
            and all(_clear_pair(scene, a, b) for a, b in combinations(scene.groups, 2)))


def _well_inside(group):
    """Inside the picture, and clearly in its left, its middle or its right."""
    box = group.box()
    near_limit = any(abs(box.centre - limit) < 5 for limit in (LEFT_END, RIGHT_START))
    inside = box.left >= 2 and box.right <= WIDTH - 2 and box.top >= 2 and box.bottom <= HEIGHT - 4
    clearly_placed = box.bottom <= 72 or box.bottom >= 88 or group.kind in _ALL_RIDERS
    return inside and not near_limit and clearly_placed


_ALL_RIDERS = {rider for riders in RIDERS.values() for rider in riders}


def _clear_pair(scene, a, b):
    """Side by side, one well above the other, or one sitting on another that can bear it."""
    for rider, base in ((a, b), (b, a)):
        if scene.rests_on(rider, base):
            return rider.kind in RIDERS.get(base.kind, ())
    first, second = a.box(), b.box()
    gap_across = max(first.left, second.left) - min(first.right, second.right)
    gap_down = max(first.top, second.top) - min(first.bottom, second.bottom)
    if gap_across < GAP:  # not side by side: then right above one another
        return gap_down >= GAP and abs(first.centre - second.centre) <= 14
    heights = (first.bottom - first.top, second.bottom - second.top)
    overlap = -gap_down / min(heights)
    return gap_down >= GAP or overlap >= 0.6 or gap_down <= -GAP and overlap <= 0.4


