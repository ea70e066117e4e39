"""Describe a scene in a sentence, as one of several people might.

The grammar is written as small functions, each of which returns a piece of a caption as text.
Nine captions of ten name things in reading order. All that is said is true, but not all that is
true is said.
"""

import numpy as np

from cs231n.scenes import names
from cs231n.scenes.names import KINDS
from cs231n.scenes.scene import check_scene

MAX_WORDS = 15
RELATIONS = {  # relation -> phrases
    "left": ("to the left of", "on the left of"),
    "right": ("to the right of", "on the right of"),
    "next": ("next to", "beside", "near"),
    "above": ("above", "over"),
    "below": ("below", "under"),
    "on": ("on", "on top of"),
}
SIDES = {
    "left": ("on the left", "on the left side"),
    "middle": ("in the middle", "in the center"),
    "right": ("on the right", "on the right side"),
}


def describe(scene, rng=None):
    """A true caption for the scene, of at most 15 words, in lower case and without punctuation.

    rng: a NumPy RandomState or Generator, or a seed; the same state gives the same caption.
    """
    check_scene("describe", scene)
    if not hasattr(rng, "uniform"):
        rng = np.random.RandomState(rng)
    while True:
        caption = Writer(scene, rng).caption()
        if len(caption.split()) <= MAX_WORDS:
            return caption


class Writer:
    """Writes one caption for a scene; every choice of words comes from `rng`."""

    def __init__(self, scene, rng):
        self.scene, self.rng = scene, rng
        self.groups = self.in_order(list(scene.groups))

    def chance(self, probability):
        return self.rng.uniform() < probability

    def pick(self, options, weights=None):
        if weights is not None:
            weights = np.array(weights, float) / np.sum(weights)
        return options[int(self.rng.choice(len(options), p=weights))]

    def in_order(self, groups):
        """Left to right, and from top to bottom where one is above the other; or the reverse."""
        groups = sorted(groups, key=lambda group: group.box().centre)
        if len(groups) == 2:
            first, second = groups
            if self.scene.above(second, first) or self.scene.rests_on(second, first):
                groups = [second, first]
        return groups if self.chance(0.9) else groups[::-1]

    # Whole captions

    def caption(self):
        """One caption; it may be too long."""
        sentence = self.sentence()
        return sentence if self.has_verb else self.opening() + sentence

    def opening(self):
        """Usually nothing; sometimes "a picture of", rarely with an ornament."""
        if self.chance(0.92):
            return ""
        picture = self.pick(names.PICTURE_WORDS)
        if self.chance(0.88):
            return f"{article(picture)} {picture} of "
        ornament = self.pick(names.ORNAMENTS)
        return f"{article(ornament)} {ornament} {picture} of "

    def sentence(self):
        """A sentence about all groups, or now and then about some of them."""
        self.has_verb = False  # "a picture of" goes only before a phrase without a verb
        groups = self.groups
        if len(groups) > 1 and self.chance(0.06 if len(groups) == 2 else 0.25):
            left_out = self.pick(range(len(groups)))
            groups = groups[:left_out] + groups[left_out + 1:]
        if len(groups) == 1:
            return self.about_one(groups[0])
        if len(groups) == 2:
            return self.about_two(*groups)
        return self.about_three(*groups)

    def about_one(self, group):
        if self.chance(0.08):
            return f"{self.thing(group)} {self.side(group)}"
        return self.pick((self.listing, self.telling, self.containing), (70, 20, 8))([group])

    def about_two(self, a, b):
        relation = self.relation(a, b)
        forms = [(self.listing, 30), (self.telling, 8), (self.containing, 7)]
        form = self.pick([form for form, _ in forms] + ["relation", "sides", "split"],
                         [weight for _, weight in forms] + [40 if relation else 0, 7, 6])
        if form == "relation":
            return self.related(a, relation, b)
        if form == "sides" and {self.scene.side(a), self.scene.side(b)} == {"left", "right"}:
            return f"{self.thing(a)} {self.side(a)} and {self.thing(b)} {self.side(b)}"
        if form == "split" and self.scene.state(a) != self.scene.state(b):
            return f"{self.thing(a)} {self.place(a)} and {self.thing(b)} {self.place(b)}"
        return self.listing([a, b]) if form in ("sides", "split") else form([a, b])

    def about_three(self, a, b, c):
        if self.scene.between(b, a, c) and b.count == 1 and self.chance(0.2):
            return (f"{self.thing(b)} between {self.thing(a)} and {self.thing(c)} "
                    f"{self.place(b)}")
        relation = self.relation(a, b)
        if relation and self.chance(0.25):
            return f"{self.related(a, relation, b, placed=False)} and {self.thing(c)}"
        return self.pick((self.listing, self.containing, self.telling), (70, 22, 8))([a, b, c])

    # Forms of sentences

    def listing(self, groups):
        """ "a dog and a ball on the grass", "there are two dogs in the snow" """
        last = groups[-1]
        participle = self.participle(last) if self.chance(0.25) else ""
        things = self.things(groups)
        place = self.place(last)
        kind = self.pick(("plain", "there", "front", "bare"), (72, 14, 5, 9))
        if kind == "there":
            self.has_verb = True
            return f"there {be(groups[0])} {words(things, participle, place)}"
        if kind == "front" and len({self.scene.state(group) == "air" for group in groups}) == 1:
            self.has_verb = True
            return f"{place} there {be(groups[0])} {things}"
        if kind == "bare" and not participle:
            return things
        return words(things, participle, place)

    def telling(self, groups):
        """ "a dog is standing on the grass", "a dog and a cat stand on the grass" """
        states = {self.scene.state(group) for group in groups}
        common = set.intersection(*(set(self.participles(group)) for group in groups))
        if len(states) > 1:
            return self.listing(groups)
        self.has_verb = True
        verb = self.pick(("is", "is doing", "does"))
        several = len(groups) > 1 or groups[0].count > 1
        things, place = self.things(groups), self.place(groups[-1])
        participle = self.pick(sorted(common)) if common else ""
        if verb == "does" and participle in names.FINITE_VERBS:
            return words(things, names.FINITE_VERBS[participle][several], place)
        doing = participle if verb == "is doing" else ""
        return words(things, "are" if several else "is", doing, place)

    def containing(self, groups):
        """ "a meadow with a dog and a ball" """
        return f"{self.pick(names.CONTAINERS[self.scene.setting])} with {self.things(groups)}"

    def related(self, a, relation, b, placed=True):
        """ "a dog to the left of a ball on the grass", "a cat is sitting on a bed" """
        participle = self.participle(a) if self.chance(0.35) else ""
        phrase = self.pick(RELATIONS[relation])
        start = self.thing(a)
        if placed and self.chance(0.12):
            self.has_verb = True
            start = f"{start} {be(a)}"
        place = self.place(b) if placed and self.chance(0.5) else ""
        return words(start, participle, phrase, self.thing(b), place)

    # Pieces

    def things(self, groups):
        """ "a dog", "a dog and two balls", "a dog a cat and a bird" """
        *first, last = [self.thing(group) for group in groups]
        between = " and " if self.chance(0.4) else " "
        return f"{between.join(first)} and {last}" if first else last

    def thing(self, group):
        """ "a dog", "two small red apples", "a pair of birds" """
        entry = KINDS[group.kind]
        name = group.kind
        if entry.other_names and self.chance(0.4):
            name = self.pick(sorted(entry.other_names))
        if group.count > 1:
            name = entry.other_names.get(name, entry.plural)
        size = self.pick(names.SIZE_WORDS[group.size]) if group.size != "ordinary" else ""
        colour = entry.colour if self.chance(0.12) else ""
        name = words(size, colour, name)
        return f"{self.count(group.count, name)} {name}"

    def count(self, number, name):
        if number == 1:
            return "one" if self.chance(0.03) else article(name)
        if number == 2:
            return self.pick(("two", "a pair of", "a couple of"), (8, 1, 1))
        return "three"

    def participles(self, group):
        return names.PARTICIPLES[self.scene.state(group)].get(KINDS[group.kind].family, ())

    def participle(self, group):
        choices = self.participles(group)
        return self.pick(choices) if choices else ""

    def place(self, group):
        """Where the group is: on its setting, or in the air over it."""
        setting = self.scene.setting
        if self.scene.state(group) == "air":
            over = f"{self.pick(('over', 'above'))} {self.pick(names.UNDERNEATH[setting])}"
            sky = "in the sky" if self.scene.outdoors() else "in the air"
            region = self.pick(names.REGIONS[setting] or (over,))
            return self.pick((over, sky, region), (6, 3, 2))
        region = self.pick(names.REGIONS[setting] or names.SURFACES[setting])
        return self.pick((self.pick(names.SURFACES[setting]), region), (7, 3))

    def side(self, group):
        phrase = self.pick(SIDES[self.scene.side(group)])
        return phrase + (" of the picture" if self.chance(0.25) else "")

    def relation(self, a, b):
        """A relation that holds for a single `a`, or None. The most telling one comes first."""
        scene = self.scene
        if a.count > 1:
            return None
        if scene.rests_on(a, b):
            return "on"
        if scene.above(a, b) and abs(a.x - b.x) < 20:
            return "above"
        if scene.above(b, a) and abs(a.x - b.x) < 20:
            return "below"
        if scene.next_to(a, b) and self.chance(0.4):
            return "next"
        if not scene.same_level(a, b):
            return None
        return "left" if scene.left_of(a, b) else "right" if scene.left_of(b, a) else None


def article(name):
    """The article before a name or an adjective."""
    return "an" if name[0] in "aeiou" else "a"


def be(group):
    """ "is" or "are" """
    return "is" if group.count == 1 else "are"


def words(*pieces):
    """The pieces that are not empty, with blanks between them."""
    return " ".join(piece for piece in pieces if piece)
