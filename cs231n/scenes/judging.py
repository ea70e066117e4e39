"""Judge a caption: is it a sentence of the grammar, and is all that it says true of the scene?

The grammar, with [optional] parts:

    caption   := [opening] items | [opening] container "with" things
               | "there" be items | place "there" be things | things predicate
    opening   := "a" [ornament] ("picture" | "photo" | "image") "of"
    items     := item | item "and" item | item ["and"] item "and" item
    item      := thing [participle] [side | relation thing | "between" thing "and" thing] [place]
    predicate := (be [participle] | verb) (side | relation thing | place | relation thing place)
    thing     := count [size] [colour] name

The parser tries every way to read a caption and collects the claims that each reading makes. The
caption is grammatical if there is a reading, and true if there is one whose claims all hold. A
claim is checked against the scene and its geometry (`scene.py`); of what wrote the caption, the
judge knows only the table of names.
"""

from dataclasses import dataclass
from functools import lru_cache

from cs231n.scenes import names
from cs231n.scenes.names import KINDS
from cs231n.scenes.scene import Group

UNKNOWN = "<UNK>"
NUMBER_WORDS = {1: "one", 2: "two", 3: "three"}
RELATIONS = {  # phrase -> method of Scene, and whether its arguments change places
    "to the left of": ("left_of", False), "on the left of": ("left_of", False),
    "to the right of": ("left_of", True), "on the right of": ("left_of", True),
    "next to": ("next_to", False), "beside": ("next_to", False), "near": ("next_to", False),
    "above": ("above", False), "over": ("above", False),
    "below": ("above", True), "under": ("above", True),
    "on": ("rests_on", False), "on top of": ("rests_on", False),
}


class Phrases:
    """A dictionary from phrases of several words to what they mean, found by their first word."""

    def __init__(self, meanings):
        self.by_first_word = {}
        for phrase, meaning in meanings.items():
            parts = tuple(phrase.split())
            self.by_first_word.setdefault(parts[0], []).append((parts, meaning))

    def starting_with(self, word):
        """Pairs (words, meaning) of the phrases that start with this word."""
        return self.by_first_word.get(word, ())


def _themselves(phrases):
    return Phrases({phrase: phrase for phrase in phrases})


def _places():
    """Phrases of place -> (setting or None, in the air: True, False or None for either, sky)."""
    places = {"in the sky": (None, True, True), "in the air": (None, True, False)}
    for setting in names.SETTINGS:
        places.update({phrase: (setting, False, False) for phrase in names.SURFACES[setting]})
        places.update({phrase: (setting, None, False) for phrase in names.REGIONS[setting]})
        places.update({f"{over} {ground}": (setting, True, False)
                       for over in ("over", "above") for ground in names.UNDERNEATH[setting]})
    return Phrases(places)


OPENING_WORDS = _themselves(names.PICTURE_WORDS)
ORNAMENTS = _themselves((UNKNOWN, *names.ORNAMENTS))
ARTICLES = _themselves(("a", "an"))
COUNTS = Phrases({"a": 1, "an": 1, "one": 1, "two": 2, "a pair of": 2, "a couple of": 2,
                  "three": 3})
SIZES = Phrases({word: size for size, words in names.SIZE_WORDS.items() for word in words})
COLOURS = _themselves({entry.colour for entry in KINDS.values()} - {""})
SINGULARS, PLURALS = Phrases(names.singular_names()), Phrases(names.plural_names())
PARTICIPLES = _themselves({word for families in names.PARTICIPLES.values()
                           for choices in families.values() for word in choices})
VERBS = [Phrases({forms[plural]: participle for participle, forms in names.FINITE_VERBS.items()})
         for plural in (False, True)]
RELATION_PHRASES = _themselves(RELATIONS)
SIDES = Phrases({f"{phrase}{ending}": side
                 for phrase, side in (("on the left", "left"), ("on the left side", "left"),
                                      ("in the middle", "middle"), ("in the center", "middle"),
                                      ("on the right", "right"), ("on the right side", "right"))
                 for ending in ("", " of the picture")})
PLACES = _places()
CONTAINERS = Phrases({f"{phrase} with": setting
                      for setting, phrases in names.CONTAINERS.items() for phrase in phrases})
THERE_BE = [_themselves(("there is",)), _themselves(("there are",))]
BE = [_themselves(("is",)), _themselves(("are",))]
AND, OF, BETWEEN = _themselves(("and",)), _themselves(("of",)), _themselves(("between",))


@dataclass(frozen=True)
class Judgement:
    """What `judge` found: is the caption `grammatical`, is it `true`, and `why` (one sentence)."""

    grammatical: bool
    true: bool
    why: str


@dataclass(frozen=True)
class Thing:
    """What a caption says of one group: "two small red apples". None means: nothing said."""

    kind: str
    count: int
    size: str = None
    colour: str = None
    text: str = ""


@dataclass(frozen=True)
class Claim:
    """Something a caption says: `check(scene)` returns what is wrong with it, or ""."""

    check: object


def judge(caption, scene):
    """Judge one caption for one scene.

    caption: a str; <START>, and whatever follows an <END>, are ignored. <UNK> is accepted where an
        ornament may stand ("a lovely picture of ...") and nowhere else.
    Returns a `Judgement`.
    """
    words = tuple(plain_words(caption))
    readings, reached = parsed(words)
    if not readings:
        return Judgement(False, False, _where_it_breaks(words, reached))
    wrongs = [[wrong for claim in claims if (wrong := claim.check(scene))] for claims in readings]
    fewest = min(wrongs, key=len)
    if fewest:
        return Judgement(True, False, fewest[0])
    return Judgement(True, True, "all that the caption says is true of the scene")


def kinds_named(caption):
    """The kinds that a caption names, each once, in the order of their first mention."""
    return list(dict.fromkeys(kind for _, kind in mentions(caption)))


def mentions(caption):
    """Where a caption names kinds: a list of (position of the name's first word, kind)."""
    words, found, i = plain_words(caption), [], 0
    while i < len(words):
        for length in (2, 1):  # "teddy bear" before "teddy"
            kind = names.all_names().get(" ".join(words[i:i + length]))
            if kind is not None:
                found.append((i, kind))
                break
        i += length
    return found


def plain_words(caption):
    """The words between <START> and <END>."""
    words = [word for word in caption.split() if word not in ("<START>", "<NULL>")]
    return words[:words.index("<END>")] if "<END>" in words else words


@lru_cache(maxsize=4096)
def parsed(words):
    """All readings of the words, each a tuple of claims, and how far the parser got."""
    parser = Parser(words)
    readings = [claims for _, claims in parser.caption(0)]
    return readings, parser.reached


def _where_it_breaks(words, reached):
    if not words:
        return "there is no caption"
    before = " ".join(words[:reached])
    if reached == len(words):
        return f"the sentence stops unfinished after '{before}'"
    return f"the grammar expects something else than '{words[reached]}' " + (
        f"after '{before}'" if before else "at the start")


class Parser:
    """A recursive descent through the grammar above that tries every way.

    A rule takes the position `i` of its first word and yields pairs: the position after its last
    word, and what it read (claims, a `Thing`, a number...).
    """

    def __init__(self, words):
        self.words = words
        self.reached = 0
        self.things_at = {}  # position -> what `thing` found there: it is asked again and again

    def read(self, i, phrases):
        """Yields (position, meaning) for every one of the phrases that stands at position `i`."""
        first = self.words[i] if i < len(self.words) else ""
        for parts, meaning in phrases.starting_with(first):
            same = 1
            while same < len(parts) and self.words[i + same:i + same + 1] == parts[same:same + 1]:
                same += 1
            self.reached = max(self.reached, i + same)
            if same == len(parts):
                yield i + same, meaning

    def after(self, i, phrases):
        """The positions after the phrases that stand at position `i`."""
        return [j for j, _ in self.read(i, phrases)]

    # Sentences

    def caption(self, i):
        yield from self.finished(self.there(i))
        yield from self.finished(self.place_first(i))
        yield from self.finished(self.clause(i))
        for start in (i, *self.opening(i)):
            yield from self.finished(self.items(start))
            yield from self.finished(self.container(start))

    def finished(self, readings):
        """Whole readings, with the claims that every thing is there and is named once."""
        for i, things, claims in readings:
            if i == len(self.words):
                yield i, (*map(_exists, things), _named_once(things), *claims)

    def opening(self, i):
        """ "a picture of", "a <UNK> picture of": yields positions."""
        for j, article in self.read(i, ARTICLES):
            for k in (j, *self.after(j, ORNAMENTS)):
                for m in self.after(k, OPENING_WORDS):
                    if self.words[j] == UNKNOWN or _fits(article, self.words[j]):
                        yield from self.after(m, OF)

    def there(self, i):
        """ "there is a dog on the grass" """
        for plural in (False, True):
            for j in self.after(i, THERE_BE[plural]):
                for end, things, claims in self.items(j):
                    if (things[0].count > 1) == plural:
                        yield end, things, claims

    def place_first(self, i):
        """ "on the grass there are two dogs" """
        for j, place in self.read(i, PLACES):
            for plural in (False, True):
                for k in self.after(j, THERE_BE[plural]):
                    for end, things in self.things(k):
                        if (things[0].count > 1) == plural:
                            yield end, things, tuple(_placed(thing, *place) for thing in things)

    def container(self, i):
        """ "a meadow with a dog and a cat" """
        for j, setting in self.read(i, CONTAINERS):
            for end, things in self.things(j):
                yield end, things, (_setting_is(setting),)

    def clause(self, i):
        """ "a dog and a cat are standing on the grass", "a dog sits on a bed" """
        for j, subjects in self.things(i):
            for k, doing in self.verb(j, plural=len(subjects) > 1 or subjects[0].count > 1):
                said = tuple(_does(thing, doing) for thing in subjects if doing)
                for end, others, claims in self.complement(k, subjects):
                    yield end, (*subjects, *others), said + claims

    def verb(self, i, plural):
        """ "is", "is standing", "stands": yields (position, participle or None)."""
        for j in self.after(i, BE[plural]):
            yield j, None
            yield from self.read(j, PARTICIPLES)
        yield from self.read(i, VERBS[plural])

    def complement(self, i, subjects):
        """What follows the verb: yields (position, other things, claims)."""
        for j, place in self.read(i, PLACES):
            yield j, (), tuple(_placed(thing, *place) for thing in subjects)
        for j, side in self.read(i, SIDES):
            yield j, (), tuple(_is_at(thing, side) for thing in subjects)
        if len(subjects) == 1:
            for j, others, claims in self.related(i, subjects[0]):
                yield j, others, claims
                for end, place in self.read(j, PLACES):
                    yield end, others, (*claims, _placed(others[-1], *place))

    # Items

    def items(self, i):
        """One to three items: yields (position, things, claims)."""
        for j, things, claims in self.item(i):
            yield j, things, claims
            for k in self.after(j, AND):
                for end, more, others in self.item(k):
                    yield end, things + more, claims + others
            for k in (j, *self.after(j, AND)):
                for m, more, others in self.item(k):
                    for n in self.after(m, AND):
                        for end, last, rest in self.item(n):
                            yield end, things + more + last, claims + others + rest

    def item(self, i):
        """A thing with what is said of it: yields (position, things, claims)."""
        for j, thing in self.thing(i):
            for k, doing in ((j, None), *self.read(j, PARTICIPLES)):
                said = (_does(thing, doing),) if doing else ()
                for end, things, claims in self.where(k, thing):
                    yield end, things, said + claims

    def where(self, i, thing):
        """[side | relation thing] [place]: yields (position, things, claims)."""
        ways = [(i, (thing,), ())]
        ways += [(j, (thing,), (_is_at(thing, side),)) for j, side in self.read(i, SIDES)]
        ways += [(j, (thing, *others), claims) for j, others, claims in self.related(i, thing)]
        for j, things, claims in ways:
            yield j, things, claims
            for end, place in self.read(j, PLACES):
                yield end, things, (*claims, _placed(things[-1], *place))

    def related(self, i, thing):
        """relation thing | "between" thing "and" thing: yields (position, others, claims)."""
        for j, phrase in self.read(i, RELATION_PHRASES):
            for end, other in self.thing(j):
                yield end, (other,), (_related(thing, phrase, other),)
        for j in self.after(i, BETWEEN):
            for k, first in self.thing(j):
                for m in self.after(k, AND):
                    for end, second in self.thing(m):
                        yield end, (first, second), (_between(thing, first, second),)

    def things(self, i):
        """ "a dog", "a dog and a cat", "a dog a cat and a bird": yields (position, things)."""
        for j, first in self.thing(i):
            yield j, (first,)
            for k in self.after(j, AND):
                for end, second in self.thing(k):
                    yield end, (first, second)
            for k in (j, *self.after(j, AND)):
                for m, second in self.thing(k):
                    for n in self.after(m, AND):
                        for end, third in self.thing(n):
                            yield end, (first, second, third)

    def thing(self, i):
        """count [size] [colour] name: pairs (position, Thing)."""
        if i not in self.things_at:
            self.things_at[i] = list(self.new_thing(i))
        return self.things_at[i]

    def new_thing(self, i):
        for j, count in self.read(i, COUNTS):
            for k, size in ((j, None), *self.read(j, SIZES)):
                for m, colour in ((k, None), *self.read(k, COLOURS)):
                    for end, kind in self.read(m, PLURALS if count > 1 else SINGULARS):
                        if j > i + 1 or _fits(self.words[i], self.words[j]):
                            text = " ".join(self.words[i:end])
                            yield end, Thing(kind, count, size, colour, text)


def _fits(article, word):
    """Whether the word may follow "a" or "an"; anything may follow another word."""
    return article not in ("a", "an") or (article == "an") == (word[0] in "aeiou")


# Claims. Each function returns a Claim whose check says what is wrong, or "".


def _claim_about(*things):
    """Turn a check of (scene, groups...) into a Claim. That the groups exist is another claim."""
    def decorate(check):
        def check_scene(scene):
            groups = [scene.group(thing.kind) for thing in things]
            return "" if None in groups else check(scene, *groups)
        return Claim(check_scene)
    return decorate


def _exists(thing):
    def check(scene):
        group = scene.group(thing.kind)
        if group is None:
            return f"there is no {thing.kind} in the scene"
        return _what_differs(thing, group)
    return Claim(check)


def _what_differs(thing, group: Group):
    if thing.count != group.count:
        return f"'{thing.text}': there is not {NUMBER_WORDS[thing.count]} but " \
               f"{NUMBER_WORDS[group.count]}"
    if thing.size not in (None, group.size):
        return f"'{thing.text}': the size is {group.size}"
    if thing.colour not in (None, KINDS[thing.kind].colour):
        colour = KINDS[thing.kind].colour
        return f"'{thing.text}': the colour is {colour or 'not a single one'}"
    return ""


def _named_once(things):
    kinds = [thing.kind for thing in things]
    repeated = next((kind for kind in kinds if kinds.count(kind) > 1), None)
    return Claim(lambda scene: f"{repeated} is named twice" if repeated else "")


def _setting_is(setting):
    return Claim(lambda scene: "" if scene.setting == setting else
                 f"the setting is not {setting} but {scene.setting}")


def _placed(thing, setting, in_air, sky):
    """The scene has this setting, and the thing is (True) or is not (False) in the air."""
    def check(scene):
        if setting not in (None, scene.setting):
            return f"the setting is not {setting} but {scene.setting}"
        if sky and not scene.outdoors():
            return f"there is no sky over a {scene.setting}"
        group = scene.group(thing.kind)
        if group is None or in_air is None or (scene.state(group) == "air") == in_air:
            return ""
        return f"'{thing.text}' is {'not ' if in_air else ''}in the air"
    return Claim(check)


def _does(thing, participle):
    @_claim_about(thing)
    def claim(scene, group):
        fitting = names.PARTICIPLES[scene.state(group)].get(KINDS[group.kind].family, ())
        return "" if participle in fitting else f"'{thing.text}' is not {participle}"
    return claim


def _is_at(thing, side):
    @_claim_about(thing)
    def claim(scene, group):
        found = scene.side(group)
        return "" if found == side else f"'{thing.text}' is not at the {side} but at the {found}"
    return claim


def _related(thing, phrase, other):
    @_claim_about(thing, other)
    def claim(scene, a, b):
        method, swapped = RELATIONS[phrase]
        if a is b:
            return f"'{thing.text}' cannot be {phrase} itself"
        holds = getattr(scene, method)(*((b, a) if swapped else (a, b)))
        return "" if holds else f"'{thing.text}' is not {phrase} '{other.text}'"
    return claim


def _between(thing, first, second):
    @_claim_about(thing, first, second)
    def claim(scene, a, b, c):
        return "" if len({a, b, c}) == 3 and scene.between(a, b, c) else (
            f"'{thing.text}' is not between '{first.text}' and '{second.text}'")
    return claim
