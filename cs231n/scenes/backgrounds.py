"""The eight settings, painted with NumPy: skies, hills, waves, walls.

Each setting has eight looks. A look is painted once and kept (some ten milliseconds each), so that
drawing a scene only has to copy it. Shapes have soft edges: the opacity of a pixel falls from one
to zero within a pixel of the shape's border.
"""

from functools import cache

import numpy as np

from cs231n.scenes.names import SETTINGS

WIDTH, HEIGHT = 160, 120
X, Y = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)  # (120, 160) each


def window(left, top, right, bottom):
    """Slices of the rows and columns that these limits touch, with a pixel to spare."""
    return (slice(max(int(top) - 1, 0), max(int(bottom) + 2, 0)),
            slice(max(int(left) - 1, 0), max(int(right) + 2, 0)))


class Canvas:
    """A picture (120, 160, 3) in float, and the brushes that paint on it."""

    def __init__(self):
        self.pixels = np.zeros((HEIGHT, WIDTH, 3))

    def paint(self, opacity, colour, where=np.s_[:, :]):
        """Lay a colour, (3,) or one for each pixel, over a window of the picture."""
        under = self.pixels[where]
        under += opacity[:, :, None] * (np.asarray(colour, float) - under)

    def below(self, curve, top_colour, bottom_colour=None, fade=40.0):
        """Fill everything below a curve (160,) or a height, from one colour to another."""
        depth = Y - curve
        share = np.clip(depth / fade, 0, 1)[:, :, None]
        bottom = top_colour if bottom_colour is None else bottom_colour
        colour = (1 - share) * np.asarray(top_colour, float) + share * np.asarray(bottom, float)
        self.paint(np.clip(depth + 0.5, 0, 1), colour)

    def ellipse(self, x, y, width, height, colour, opacity=1.0, softness=1.0):
        """An ellipse with half axes `width` and `height` around (x, y)."""
        reach = 1 + softness / min(width, height)
        where = window(x - reach * width, y - reach * height, x + reach * width, y + reach * height)
        radius = np.sqrt(((X[where] - x) / width) ** 2 + ((Y[where] - y) / height) ** 2)
        inside = (1 - radius) * min(width, height) / softness + 0.5
        self.paint(opacity * np.clip(inside, 0, 1), colour, where)

    def rectangle(self, left, top, right, bottom, colour, opacity=1.0):
        """A rectangle; fractions of a pixel become half-tones."""
        where = window(left, top, right, bottom)
        x, y = X[where], Y[where]
        across = np.clip(x - left + 0.5, 0, 1) * np.clip(right - x + 0.5, 0, 1)
        down = np.clip(y - top + 0.5, 0, 1) * np.clip(bottom - y + 0.5, 0, 1)
        self.paint(opacity * across * down, colour, where)

    def arc(self, x, y, width, height, colour, opacity=1.0):
        """The upper half of an ellipse's outline: a wave, a tuft."""
        reach = 1 + 1 / min(width, height)
        where = window(x - reach * width, y - reach * height, x + reach * width, y)
        radius = np.sqrt(((X[where] - x) / width) ** 2 + ((Y[where] - y) / height) ** 2)
        line = 1 - np.abs(radius - 1) * min(width, height)
        self.paint(opacity * np.clip(line, 0, 1) * (Y[where] < y), colour, where)


def hills(rng, level, swell, waves):
    """A soft outline (160,) around `level`, made of a few sines."""
    x = X[0] / WIDTH * 2 * np.pi
    outline = sum(np.sin(x * n * rng.uniform(0.7, 1.1) + rng.uniform(0, 6.3)) / n for n in waves)
    return level + swell * outline


def peaks(rng, level, height, number):
    """A jagged outline (160,): mountains."""
    x = np.linspace(-20, WIDTH + 20, 2 * number + 1) + rng.uniform(-8, 8, 2 * number + 1)
    top = level - height * rng.uniform(0.6, 1.0, 2 * number + 1)
    top[::2] = level - 0.25 * height * rng.uniform(0, 1, number + 1)
    return np.interp(X[0], np.sort(x), top)


def sky(canvas, rng, top, bottom, clouds, horizon=70, sun=None):
    """A sky with clouds and perhaps a sun."""
    canvas.below(np.zeros(WIDTH), top, bottom, horizon)
    if sun is not None:
        x, y = rng.uniform(15, 145), rng.uniform(10, 24)
        canvas.ellipse(x, y, 20, 20, sun, 0.35, softness=14)
        canvas.ellipse(x, y, 8.5, 8.5, sun)
    for _ in range(clouds):
        cloud(canvas, rng.uniform(5, 155), rng.uniform(7, 30), rng.uniform(0.7, 1.2))


def cloud(canvas, x, y, scale):
    """Four puffs on a flat bottom."""
    where = window(x - 17 * scale, y - 12 * scale, x + 18 * scale, y + 8 * scale)
    opacity = np.zeros(X[where].shape)
    for dx, dy, radius in ((-10, 1, 5), (-3, -3, 7), (5, -1, 6), (12, 2, 4)):
        away = np.hypot(X[where] - x - scale * dx, Y[where] - y - scale * dy)
        opacity = np.maximum(opacity, np.clip(scale * radius - away + 0.5, 0, 1))
    canvas.paint(0.85 * opacity * np.clip(y + 4 * scale - Y[where], 0, 1), (255, 255, 255), where)


BLUE_SKIES = (((96, 168, 240), (206, 234, 252)), ((120, 190, 245), (225, 242, 252)),
              ((140, 180, 235), (235, 235, 245)), ((86, 190, 226), (214, 243, 246)))


def grass(canvas, rng):
    """A meadow under rolling hills."""
    sky(canvas, rng, *BLUE_SKIES[rng.randint(4)], clouds=rng.randint(2, 4))
    canvas.below(hills(rng, 60, 7, (1, 2)), (126, 190, 130), (96, 170, 100))
    canvas.below(hills(rng, 66, 4, (1, 2, 3)), (132, 196, 92), (92, 168, 70))
    canvas.below(hills(rng, 72, 2, (1, 2)), (122, 192, 82), (70, 148, 58), 48)
    for _ in range(34):
        x, y = rng.uniform(0, 160), rng.uniform(78, 118)
        for lean in (-1.5, 0, 1.5):
            _blade(canvas, x, y, lean, rng.uniform(3, 5))
    for _ in range(14):
        petals = ((255, 255, 255), (255, 226, 110), (250, 180, 205))[rng.randint(3)]
        canvas.ellipse(rng.uniform(0, 160), rng.uniform(78, 118), 1.1, 1.1, petals, 0.9)


def _blade(canvas, x, y, lean, length):
    where = window(x - 3, y - length, x + 3, y)
    height = (y - Y[where]) / length  # 0 at the root, 1 at the tip
    line = np.clip(0.9 - np.abs(X[where] - x - lean * height), 0, 1) * (height > 0) * (height < 1)
    canvas.paint(0.5 * line, (52, 122, 44), where)


def beach(canvas, rng):
    """Sand before a strip of sea."""
    sky(canvas, rng, *BLUE_SKIES[rng.randint(4)], clouds=rng.randint(1, 4), horizon=52,
        sun=(255, 244, 180))
    canvas.below(50, (52, 146, 196), (112, 204, 214), 22)
    for _ in range(16):
        x, y = rng.uniform(0, 160), rng.uniform(52, 64)
        canvas.rectangle(x, y, x + rng.uniform(5, 12), y + 0.4, (220, 244, 250), 0.7)
    shore = hills(rng, 70, 2.0, (1, 2, 4))
    canvas.below(shore - 2.5, (250, 253, 253))
    canvas.below(shore, (222, 196, 142), (222, 196, 142))
    canvas.below(shore + 2.5, (240, 217, 164), (226, 193, 130), 46)
    for _ in range(60):
        shade = ((205, 172, 112), (250, 236, 200))[rng.randint(2)]
        canvas.ellipse(rng.uniform(0, 160), rng.uniform(76, 119), 1.0, 0.7, shade, 0.6)
    for _ in range(4):
        x, y = rng.uniform(5, 155), rng.uniform(82, 117)
        canvas.ellipse(x, y, 2.2, 1.6, (250, 170, 150))
        canvas.arc(x, y + 0.5, 1.4, 1.2, (255, 225, 210))


def snow(canvas, rng):
    """A snowy field under mountains, with flakes in the air."""
    top, bottom = (((150, 178, 208), (214, 226, 238)), ((128, 170, 214), (222, 233, 244)),
                   ((158, 170, 200), (226, 222, 236)))[rng.randint(3)]
    sky(canvas, rng, top, bottom, clouds=rng.randint(1, 3))
    mountains = peaks(rng, 66, 34, 5)
    canvas.below(mountains, (150, 168, 194), (190, 204, 222), 30)
    canvas.paint(np.clip(Y - mountains + 0.5, 0, 1) * np.clip(mountains + 7 - Y
                 + 2 * np.sin(X * 1.3), 0, 1), (240, 245, 250))
    ground = hills(rng, 69, 2.5, (1, 2))
    for x in np.sort(rng.uniform(0, 160, 12)):
        _fir(canvas, x, np.interp(x, X[0], ground) + 2, rng.uniform(7, 14))
    canvas.below(ground, (226, 234, 244), (203, 217, 235), 50)
    canvas.below(hills(rng, 86, 3, (1, 2)), (232, 239, 248), (205, 219, 238), 36)
    for _ in range(45):
        canvas.ellipse(rng.uniform(0, 160), rng.uniform(0, 118), 1.0, 1.0, (255, 255, 255), 0.85)


def _fir(canvas, x, y, height):
    """A far fir tree."""
    where = window(x - height, y - height, x + height, y)
    share = (Y[where] - y + height) / height  # 0 at the tip, 1 at the foot
    width = 0.32 * height * (0.35 * share + 0.65 * (share * 3 % 1))
    inside = np.clip(width - np.abs(X[where] - x) + 0.5, 0, 1) * (share > 0) * (share < 1)
    canvas.paint(inside, (88, 122, 122), where)


def street(canvas, rng):
    """A road before the houses of a city."""
    sky(canvas, rng, *BLUE_SKIES[rng.randint(4)], clouds=2, horizon=60)
    x = -rng.uniform(0, 12)
    while x < WIDTH:
        width = rng.uniform(18, 30)
        _house(canvas, rng, x, x + width, rng.uniform(18, 44))
        x += width + rng.choice((0, 0, 1.5))
    canvas.below(68, (190, 186, 182), (190, 186, 182))
    canvas.below(74, (150, 148, 148))
    canvas.below(76, (104, 106, 114), (84, 86, 94), 44)
    shift = rng.uniform(0, 32)
    for x in np.arange(-32, WIDTH, 32) + shift:
        canvas.rectangle(x, 96, x + 16, 98, (240, 232, 200), 0.9)
    for _ in range(40):
        canvas.ellipse(rng.uniform(0, 160), rng.uniform(78, 119), 1.2, 0.6, (72, 74, 82), 0.5)


def _house(canvas, rng, left, right, top):
    colours = ((188, 140, 120), (156, 150, 160), (200, 176, 142), (140, 156, 176), (176, 128, 132))
    wall = np.array(colours[rng.randint(5)], float)
    canvas.rectangle(left, top, right, 70, wall)
    canvas.rectangle(left, top, right, top + 1.6, wall * 0.8)
    columns = int((right - left - 4) // 6)
    for row in range(int((66 - top) // 8)):
        for column in range(columns):
            x = left + 3 + column * (right - left - 6) / max(columns - 0.45, 1)
            lit = rng.rand() < 0.25
            canvas.rectangle(x, top + 4 + 8 * row, x + 3, top + 8 + 8 * row,
                             (255, 232, 150) if lit else wall * 0.62)


def table(canvas, rng):
    """A wooden table top before a wallpaper."""
    wall = np.array(((250, 232, 214), (222, 234, 228), (240, 234, 205), (228, 226, 240),
                     (246, 222, 222))[rng.randint(5)], float)
    canvas.below(np.zeros(WIDTH), wall, wall * 0.95, 70)
    for x in np.arange(rng.uniform(0, 12), WIDTH, 12):
        canvas.rectangle(x, 0, x + 5, 66, wall * 0.965)
    wood = np.array(((176, 122, 76), (160, 106, 70), (190, 138, 92), (150, 98, 60))[rng.randint(4)],
                    float)
    canvas.below(66, wood * 1.12, wood * 0.94, 46)
    canvas.rectangle(0, 66, 160, 67.2, wood * 1.28)
    for share in np.linspace(-1.2, 1.2, 9):  # planks run towards the vanishing point
        x = 80 + share * (60 + 1.1 * (Y - 66))
        canvas.paint(0.5 * np.clip(0.9 - np.abs(X - x), 0, 1) * (Y > 67), wood * 0.72)
    for _ in range(26):
        x, y = rng.uniform(0, 160), rng.uniform(70, 110)
        canvas.rectangle(x, y, x + rng.uniform(6, 18), y + 0.2, wood * 0.8, 0.55)
    canvas.below(114, wood * 0.62, wood * 0.5, 6)


def room(canvas, rng):
    """A living room: wall, window, picture, rug."""
    wall = np.array(((206, 222, 234), (236, 214, 196), (214, 228, 206), (232, 222, 240),
                     (240, 226, 190))[rng.randint(5)], float)
    canvas.below(np.zeros(WIDTH), wall, wall * 0.94, 70)
    _window(canvas, rng, *((22, 104) if rng.rand() < 0.5 else (104, 30)))
    canvas.rectangle(0, 68, 160, 72, (250, 248, 244))
    floor = np.array(((206, 164, 118), (188, 146, 108), (214, 180, 140))[rng.randint(3)], float)
    canvas.below(72, floor, floor * 0.9, 40)
    for y in (78, 86, 96, 108):
        canvas.rectangle(0, y, 160, y + 0.3, floor * 0.78, 0.8)
        for x in rng.uniform(0, 160, 5):
            canvas.rectangle(x, y, x + 0.3, y + 9, floor * 0.78, 0.8)
    rugs = ((186, 92, 92), (92, 128, 160), (130, 150, 110), (170, 128, 168))
    rug = np.array(rugs[rng.randint(4)], float)
    for shrink, tone in ((1.0, 0.85), (0.93, 1.25), (0.86, 1.0)):
        canvas.ellipse(80, 100, 70 * shrink, 16 * shrink, np.minimum(rug * tone, 255))


def _window(canvas, rng, x, frame_x):
    canvas.rectangle(x, 10, x + 34, 50, (252, 250, 246))
    canvas.rectangle(x + 2.5, 12.5, x + 31.5, 47.5, (168, 214, 244))
    canvas.ellipse(x + 12, 24, 6, 3, (255, 255, 255), 0.9)
    canvas.rectangle(x + 2.5, 40, x + 31.5, 47.5, (140, 196, 124))
    canvas.rectangle(x + 16, 12, x + 18, 48, (252, 250, 246))
    canvas.rectangle(x + 2, 28, x + 32, 30, (252, 250, 246))
    curtain = ((226, 132, 122), (120, 160, 190), (236, 196, 120))[rng.randint(3)]
    canvas.rectangle(x - 5, 8, x + 4, 54, curtain)
    canvas.rectangle(x + 30, 8, x + 39, 54, curtain)
    canvas.rectangle(frame_x, 18, frame_x + 22, 36, (150, 108, 70))
    canvas.rectangle(frame_x + 2, 20, frame_x + 20, 34, (236, 240, 232))
    canvas.ellipse(frame_x + 11, 31, 8, 4, (150, 190, 150), 0.9)
    canvas.ellipse(frame_x + 14, 24, 2, 2, (240, 190, 90))


def sea(canvas, rng):
    """Open water to the horizon."""
    sky(canvas, rng, *BLUE_SKIES[rng.randint(4)], clouds=rng.randint(2, 5), horizon=56)
    far, near = (((70, 150, 205), (22, 82, 150)), ((64, 160, 190), (18, 96, 140)),
                 ((86, 150, 200), (34, 74, 134)))[rng.randint(3)]
    canvas.below(55, far, near, 60)
    canvas.rectangle(0, 55, 160, 55.6, (225, 240, 250), 0.7)
    for _ in range(32):
        depth = rng.rand() ** 0.8
        y = 60 + 58 * depth
        width = 2.5 + 6 * depth
        opacity = 0.25 + 0.35 * depth
        canvas.arc(rng.uniform(0, 160), y, width, 0.45 * width, (215, 236, 250), opacity)


def desert(canvas, rng):
    """Dunes under a hot sky."""
    top, bottom = (((246, 178, 106), (255, 232, 190)), ((120, 186, 232), (252, 232, 200)),
                   ((240, 158, 120), (255, 226, 178)))[rng.randint(3)]
    sky(canvas, rng, top, bottom, clouds=0, sun=(255, 246, 190))
    canvas.below(peaks(rng, 66, 20, 3), (206, 138, 92), (222, 164, 106), 24)
    for level, light in ((66, 1.0), (72, 1.04), (84, 1.07)):
        crest, foot = np.array((226, 172, 104)) * light, np.array((206, 146, 84)) * light
        canvas.below(hills(rng, level, 4, (1, 2)), crest, foot, 44)
    for _ in range(24):
        x, y = rng.uniform(0, 160), rng.uniform(80, 118)
        canvas.arc(x, y, rng.uniform(6, 14), 2.0, (186, 126, 70), 0.4)
    for _ in range(6):
        canvas.ellipse(rng.uniform(0, 160), rng.uniform(80, 118), 2.0, 1.3, (168, 112, 66), 0.8)


PAINTERS = {"grass": grass, "beach": beach, "snow": snow, "street": street, "table": table,
            "room": room, "sea": sea, "desert": desert}


@cache
def background(setting, look):
    """The empty setting, uint8 (120, 160, 3); one shared array that nobody may write to."""
    canvas = Canvas()
    rng = np.random.RandomState(1000 * SETTINGS.index(setting) + look)
    PAINTERS[setting](canvas, rng)
    picture = np.clip(canvas.pixels + 0.5, 0, 255).astype(np.uint8)
    picture.setflags(write=False)
    return picture
