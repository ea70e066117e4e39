"""A scene: a setting and up to three groups of objects, and the geometry of who is where.

Coordinates are pixels of the 160 x 120 picture, x to the right and y downwards. A group stands
centred on `x`, with its feet on the line `y`. All questions about places (`left_of`, `above`,
`rests_on`, ...) are decided here from the boxes around the sprites and from nothing else.
"""

import numbers
from dataclasses import dataclass, replace
from difflib import get_close_matches

from cs231n.scenes.names import INDOORS, KINDS, SETTINGS, SIZES, all_names
from cs231n.scenes.sprites import sprite_size

WIDTH, HEIGHT = 160, 120
GROUND_LINE = 104  # where things stand unless told otherwise
SKY_LINE = 48  # where the feet of flying things are unless told otherwise
AIR_LINE = 78  # whoever has its feet above this line, and rests on nothing, is in the air
LEFT_END, RIGHT_START = 68, 92  # a centre before 68 is "on the left", after 92 "on the right"
SPACE = 3  # pixels between the objects of one group
MAX_GROUPS, MAX_COUNT = 3, 3

# The height at which one sits on these, as a share of the sprite's height from its top.
# (On anything else one sits on the very top.)
SEATS = {"chair": 0.55, "bed": 0.45, "truck": 0.06, "bus": 0.06, "car": 0.12, "train": 0.22,
         "elephant": 0.24, "horse": 0.36, "camel": 0.12, "cow": 0.22, "turtle": 0.1,
         "tractor": 0.12, "whale": 0.46}


@dataclass(frozen=True)
class Box:
    """A rectangle of the picture; `bottom` and `right` are just outside of it."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def centre(self):
        return (self.left + self.right) / 2


@dataclass(frozen=True)
class Group:
    """One to three objects of a kind, side by side: `Group("dog", count=2, size="big")`.

    kind: a name of `KINDS`, or another name for it ("airplane", "bunny").
    size: "small", "ordinary" or "big".
    x, y: centre and foot line in pixels; left out, the scene finds a natural place.
    on: the kind of another group of the scene, to sit on that one: `Group("cat", on="bed")`.
    """

    kind: str
    count: int = 1
    size: str = "ordinary"
    x: float = None
    y: float = None
    on: str = None

    def __post_init__(self):
        object.__setattr__(self, "kind", _known_kind(self.kind))
        if self.on is not None:
            object.__setattr__(self, "on", _known_kind(self.on))
        if not _is_whole(self.count) or self.count not in range(1, MAX_COUNT + 1):
            raise ValueError(f"count of {self.kind!r} is {self.count!r}; it must be 1, 2 or 3")
        if self.size not in SIZES:
            raise ValueError(f"size of {self.kind!r} is {self.size!r}; it must be one of "
                             f"{', '.join(SIZES)}")
        _check_inside(self.kind, "x", self.x, WIDTH)
        _check_inside(self.kind, "y", self.y, HEIGHT)

    def boxes(self):
        """A `Box` for each object, from left to right."""
        width, height = sprite_size(self.kind, self.size)
        start = round(self.x - self.width() / 2)
        lefts = [start + i * (width + SPACE) for i in range(self.count)]
        return [Box(left, self.y - height, left + width, self.y) for left in lefts]

    def box(self):
        """The `Box` around the whole group."""
        boxes = self.boxes()
        return Box(boxes[0].left, boxes[0].top, boxes[-1].right, self.y)

    def width(self):
        """Width of the whole group in pixels."""
        return self.count * sprite_size(self.kind, self.size)[0] + (self.count - 1) * SPACE


@dataclass(frozen=True)
class Scene:
    """A setting and one to three groups: `Scene("beach", [Group("dog"), Group("ball", count=2)])`.

    setting: one of `SETTINGS`.
    groups: a group, or a list of at most three, each of another kind.
    look: which of the setting's eight backgrounds (0 to 7) is behind them.
    novelty: for a compositional scene of the bundled set, what is new in it: "new pair" (two kinds
        that never meet in training) or "new setting" (a kind never seen there); else "".
    """

    setting: str
    groups: tuple = ()
    look: int = 0
    novelty: str = ""

    def __post_init__(self):
        if self.setting not in SETTINGS:
            raise ValueError(f"unknown setting {self.setting!r}; there are {', '.join(SETTINGS)}")
        groups = (self.groups,) if isinstance(self.groups, (Group, str)) else tuple(self.groups)
        groups = [Group(group) if isinstance(group, str) else group for group in groups]
        _check_groups(groups)
        if not _is_whole(self.look) or self.look not in range(8):
            raise ValueError(f"look is {self.look!r}; it must be a whole number from 0 to 7")
        object.__setattr__(self, "groups", _placed(groups))

    @property
    def compositional(self):
        """Whether the scene holds a combination that the training split leaves out."""
        return self.novelty != ""

    def group(self, kind):
        """The group of this kind, or None."""
        return next((group for group in self.groups if group.kind == kind), None)

    def content(self):
        """What is in the scene, wherever it stands: the setting with kinds, counts and sizes."""
        return self.setting, frozenset((g.kind, g.count, g.size) for g in self.groups)

    # Questions about places. Each takes groups of this scene.

    def left_of(self, a, b):
        """Whether all of `a` is further left than all of `b`."""
        return a.box().right <= b.box().left

    def above(self, a, b):
        """Whether all of `a` is higher in the picture than all of `b`, and does not rest on it."""
        return a.box().bottom <= b.box().top and not self.rests_on(a, b)

    def rests_on(self, a, b):
        """Whether the feet of `a` are where one sits on `b`."""
        if a is b:
            return False
        upper, lower = a.box(), b.box()
        seat = lower.top + SEATS.get(b.kind, 0) * (lower.bottom - lower.top)
        return abs(upper.bottom - seat) <= 3 and lower.left <= upper.centre <= lower.right

    def same_level(self, a, b):
        """Whether the heights of `a` and `b` overlap by half of the lower one or more."""
        first, second = a.box(), b.box()
        overlap = min(first.bottom, second.bottom) - max(first.top, second.top)
        return 2 * overlap >= min(first.bottom - first.top, second.bottom - second.top)

    def next_to(self, a, b):
        """Whether `a` and `b` stand side by side, with nobody's centre between them."""
        apart = self.left_of(a, b) or self.left_of(b, a)
        low, high = sorted((a.box().centre, b.box().centre))
        others = [g for g in self.groups if g is not a and g is not b]
        alone = not any(low < g.box().centre < high for g in others)
        return apart and self.same_level(a, b) and alone

    def between(self, a, b, c):
        """Whether `a` stands between `b` and `c`, all on one level."""
        in_order = (self.left_of(b, a) and self.left_of(a, c)
                    or self.left_of(c, a) and self.left_of(a, b))
        return in_order and self.same_level(a, b) and self.same_level(a, c)

    def side(self, a):
        """Where the centre of `a` is: "left", "middle" or "right"."""
        centre = a.box().centre
        return "left" if centre < LEFT_END else "right" if centre > RIGHT_START else "middle"

    def state(self, a):
        """What bears `a`: "object" (it rests on a group), "air", "water" or "ground"."""
        if any(self.rests_on(a, b) for b in self.groups):
            return "object"
        if a.y < AIR_LINE:
            return "air"
        return "water" if self.setting == "sea" else "ground"

    def outdoors(self):
        """Whether there is a sky."""
        return self.setting not in INDOORS

    def to_json(self):
        """A plain list for JSON: setting, look, novelty, groups."""
        groups = [[g.kind, g.count, g.size, g.x, g.y] for g in self.groups]
        return [self.setting, self.look, self.novelty, groups]

    @classmethod
    def from_json(cls, values):
        """The scene that `to_json` wrote."""
        setting, look, novelty, groups = values
        return cls(setting, [Group(*group) for group in groups], look, novelty)


def _known_kind(name):
    names = all_names()
    if name not in names:
        close = get_close_matches(str(name), names, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "see KINDS"
        raise ValueError(f"unknown kind {name!r}; {hint} (there are {', '.join(sorted(KINDS))})")
    return names[name]


def check_scene(function, scene):
    """Refuse what is no scene, in the name of a function that takes one."""
    if not isinstance(scene, Scene):
        raise TypeError(f"{function}: scene is of type {type(scene).__name__}, expected a Scene, "
                        "such as Scene('beach', [Group('dog')])")


def _is_whole(number):
    return isinstance(number, numbers.Integral) and not isinstance(number, bool)


def _check_inside(kind, axis, value, limit):
    if value is not None and not isinstance(value, numbers.Real):
        raise TypeError(f"{axis} of {kind!r} is {value!r}, expected a number")
    if value is not None and not 0 <= value <= limit:
        raise ValueError(f"{axis} of {kind!r} is {value!r}, which is outside of the picture "
                         f"(0 to {limit})")


def _check_groups(groups):
    if not all(isinstance(group, Group) for group in groups):
        raise TypeError("groups must be Group objects or names of kinds, such as "
                        "Group('dog', count=2)")
    if not 1 <= len(groups) <= MAX_GROUPS:
        raise ValueError(f"a scene holds one to three groups, not {len(groups)}")
    kinds = [group.kind for group in groups]
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise ValueError(f"two groups of {kind!r}; use one group with a count, "
                             f"such as Group({kind!r}, count=2)")


def _placed(groups):
    """The groups with every `x` and `y` filled in: side by side, in the sky or on the ground."""
    placed = {}
    for i, group in enumerate(groups):
        if group.on is None:
            x = WIDTH * (2 * i + 1) / (2 * len(groups)) if group.x is None else group.x
            y = _foot_line(group) if group.y is None else group.y
            placed[group.kind] = replace(group, x=round(x), y=round(y))
    for group in groups:
        if group.on is not None:
            placed[group.kind] = _seated(group, placed)
    return tuple(placed[group.kind] for group in groups)


def _foot_line(group):
    """Flying things hang in the sky, the big ones a little lower so that they fit."""
    if KINDS[group.kind].family != "flyer":
        return GROUND_LINE
    return max(SKY_LINE, sprite_size(group.kind, group.size)[1] + 4)


def _seated(group, placed):
    base = placed.get(group.on)
    if base is None:
        raise ValueError(f"{group.kind!r} should sit on {group.on!r}, which stands nowhere in this "
                         f"scene (it may hold {', '.join(placed) or 'nothing else'})")
    box = base.box()
    seat = box.top + SEATS.get(base.kind, 0) * (box.bottom - box.top)
    return replace(group, x=round(box.centre), y=round(seat), on=None)
