"""The table of names: what can stand in a scene, where, and what it is called.

This table is all that the writer of captions (`describing.py`) and the judge (`judging.py`) share.
Everything else about language each of them knows on its own, so that neither can excuse the other.
"""

from dataclasses import dataclass, field
from functools import cache


@dataclass(frozen=True)
class Kind:
    """One kind of object: how it looks, what it is called, where it is at home."""

    emoji: str
    plural: str
    family: str
    home: str  # settings in which it is usually seen, separated by blanks
    scale: float = 1.0  # how large it is beside other kinds
    colour: str = ""
    other_names: dict = field(default_factory=dict)  # singular -> plural


OUTDOORS = "grass beach snow street sea desert"

KINDS = {
    # animals
    "dog": Kind("🐕", "dogs", "animal", "grass beach snow street room desert"),
    "cat": Kind("🐈", "cats", "animal", "grass beach snow street table room", colour="yellow"),
    "horse": Kind("🐎", "horses", "animal", "grass beach snow street desert", 1.2, "brown"),
    "cow": Kind("🐄", "cows", "animal", "grass snow street", 1.15),
    "sheep": Kind("🐑", "sheep", "animal", "grass snow street desert"),
    "rabbit": Kind("🐇", "rabbits", "animal", "grass beach snow table room", 0.95, "gray",
                   {"bunny": "bunnies"}),
    "elephant": Kind("🐘", "elephants", "animal", "grass street desert beach", 1.2, "gray"),
    "camel": Kind("🐫", "camels", "animal", "desert beach street grass", 1.15),
    "monkey": Kind("🐒", "monkeys", "animal", "grass beach street table room desert",
                   1.0, "brown"),
    "penguin": Kind("🐧", "penguins", "animal", "snow beach sea", 1.0),
    "turtle": Kind("🐢", "turtles", "animal", "grass beach sea desert", 1.0, "green"),
    "duck": Kind("🦆", "ducks", "animal", "grass beach street sea", 0.95),
    "crab": Kind("🦀", "crabs", "animal", "beach sea", 0.95, "red"),
    "whale": Kind("🐳", "whales", "animal", "sea", 1.25, "blue"),
    # what flies
    "bird": Kind("🐦", "birds", "flyer", OUTDOORS + " room", 0.9, "blue"),
    "butterfly": Kind("🦋", "butterflies", "flyer", "grass beach street table room sea desert",
                      0.9, "orange"),
    "plane": Kind("✈️", "planes", "flyer", OUTDOORS, 1.2, "",
                  {"airplane": "airplanes"}),
    "helicopter": Kind("🚁", "helicopters", "flyer", OUTDOORS, 1.15, "yellow"),
    "kite": Kind("🪁", "kites", "flyer", OUTDOORS, 1.1),
    "balloon": Kind("🎈", "balloons", "flyer", OUTDOORS + " table room", 1.0, "red"),
    # boats and vehicles
    "boat": Kind("⛵", "boats", "boat", "sea beach", 1.15, "",
                 {"sailboat": "sailboats"}),
    "ship": Kind("🚢", "ships", "boat", "sea", 1.25),
    "car": Kind("🚗", "cars", "vehicle", "grass beach snow street desert", 1.15, "red"),
    "bus": Kind("🚌", "buses", "vehicle", "grass snow street desert", 1.25, "blue"),
    "truck": Kind("🚚", "trucks", "vehicle", "grass snow street desert", 1.25),
    "train": Kind("🚂", "trains", "vehicle", "grass snow street desert", 1.25),
    "tractor": Kind("🚜", "tractors", "vehicle", "grass snow street desert", 1.15, "green"),
    "bicycle": Kind("🚲", "bicycles", "vehicle", "grass beach snow street room", 1.1, "",
                    {"bike": "bikes"}),
    # furniture and things
    "chair": Kind("🪑", "chairs", "thing", "grass beach snow street room desert", 1.1, "brown"),
    "bed": Kind("🛏️", "beds", "thing", "room", 1.3, "blue"),
    "clock": Kind("⏰", "clocks", "thing", "table room", 0.95, "red"),
    "laptop": Kind("💻", "laptops", "thing", "table room", 1.0, "",
                   {"computer": "computers"}),
    "book": Kind("📕", "books", "thing", "table room grass", 0.9, "red"),
    "teddy bear": Kind("🧸", "teddy bears", "thing", "grass snow beach table room", 1.0, "brown"),
    "ball": Kind("⚽", "balls", "thing", "grass beach snow street table room sea", 0.9),
    "umbrella": Kind("☂️", "umbrellas", "thing", "grass beach street room desert", 1.1,
                     "purple"),
    "guitar": Kind("🎸", "guitars", "thing", "grass beach street table room", 1.1, "red"),
    "vase": Kind("🏺", "vases", "thing", "table room", 1.0, "brown"),
    "cup": Kind("☕", "cups", "thing", "table room", 0.9, "white"),
    # food
    "apple": Kind("🍎", "apples", "thing", "grass table room", 0.9, "red"),
    "banana": Kind("🍌", "bananas", "thing", "grass beach table", 0.9, "yellow"),
    "cake": Kind("🎂", "cakes", "thing", "grass table room"),
    "donut": Kind("🍩", "donuts", "thing", "beach street table", 0.9),
    # plants and company
    "tree": Kind("🌳", "trees", "plant", "grass snow street", 1.3, "green"),
    "flower": Kind("🌻", "flowers", "plant", "grass street table room", 1.0, "yellow",
                   {"sunflower": "sunflowers"}),
    "cactus": Kind("🌵", "cactuses", "plant", "desert table room", 1.05, "green"),
    "snowman": Kind("⛄", "snowmen", "plant", "snow", 1.1, "white"),
}

SETTINGS = ("grass", "beach", "snow", "street", "table", "room", "sea", "desert")
INDOORS = ("table", "room")

# Size of an ordinary-scaled sprite's longer side in pixels, and the words for it.
SIZES = {"small": 26, "ordinary": 38, "big": 58}
SIZE_WORDS = {"small": ("small", "little", "tiny"), "ordinary": (), "big": ("big", "large", "huge")}

# How each family passes its time: by where the object is.
PARTICIPLES = {
    "air": {"flyer": ("flying",)},
    "ground": {"animal": ("standing",), "vehicle": ("parked",), "boat": ("lying",),
               "thing": ("lying",), "plant": ("standing",)},
    "water": {"animal": ("swimming",), "boat": ("sailing", "floating"), "thing": ("floating",)},
    "object": {"animal": ("sitting", "standing"), "thing": ("lying",)},
}
FINITE_VERBS = {  # participle -> (one does, several do)
    "flying": ("flies", "fly"),
    "standing": ("stands", "stand"),
    "lying": ("lies", "lie"),
    "swimming": ("swims", "swim"),
    "sitting": ("sits", "sit"),
}

# Words for a setting. A surface bears what stands on it; a region holds what flies there, too.
SURFACES = {
    "grass": ("on the grass", "in the grass"),
    "beach": ("on the beach", "on a sandy beach"),
    "snow": ("in the snow", "on the snow"),
    "street": ("on the street", "on the road", "on a city street"),
    "table": ("on the table", "on a table", "on a wooden table"),
    "room": ("on the floor",),
    "sea": ("on the water", "in the water", "on the sea", "in the sea"),
    "desert": ("on the desert sand",),
}
REGIONS = {
    "grass": ("in a green field", "in a meadow"),
    "beach": ("at the beach",),
    "snow": ("in a snowy field",),
    "street": ("in the city",),
    "table": (),
    "room": ("in a room", "in the room", "inside a room"),
    "sea": ("at sea",),
    "desert": ("in the desert", "in a desert"),
}
UNDERNEATH = {  # what one flies over
    "grass": ("the grass", "a meadow", "a green field"),
    "beach": ("the beach", "a sandy beach"),
    "snow": ("the snow", "a snowy field"),
    "street": ("the street", "the road", "the city"),
    "table": ("the table", "a table", "a wooden table"),
    "room": ("the floor",),
    "sea": ("the sea", "the water", "the ocean"),
    "desert": ("the desert",),
}
CONTAINERS = {  # "... with two dogs"
    "grass": ("a meadow", "a green field"),
    "beach": ("a beach", "a sandy beach"),
    "snow": ("a snowy field",),
    "street": ("a street", "a city street"),
    "table": ("a table", "a wooden table"),
    "room": ("a room",),
    "sea": ("the sea", "the ocean"),
    "desert": ("a desert",),
}

# "a lovely picture of ...": each of these is so rare in the captions that it becomes <UNK>.
ORNAMENTS = (
    "adorable amazing artistic beautiful bright calm charming cheerful colorful cute delightful "
    "detailed dreamy elegant fine funny gorgeous graceful happy joyful lovely magical marvelous "
    "neat nice peaceful perfect playful pleasant pretty quiet simple splendid stunning sweet "
    "tender vivid warm wonderful"
).split()
PICTURE_WORDS = ("picture", "photo", "image")


@cache
def singular_names():
    """Every singular name -> its kind, the other names too ("airplane" -> "plane")."""
    return {name: kind for kind, entry in KINDS.items() for name in (kind, *entry.other_names)}


@cache
def plural_names():
    """Every plural name -> its kind ("bunnies" -> "rabbit")."""
    return {plural: kind for kind, entry in KINDS.items()
            for plural in (entry.plural, *entry.other_names.values())}


@cache
def all_names():
    """Every name, singular or plural -> its kind."""
    return {**plural_names(), **singular_names()}
