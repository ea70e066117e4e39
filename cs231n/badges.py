"""Words such as PASS and FAIL on filled badges, which all eyes can read on light and dark pages.

A badge brings its own background, so that its contrast does not depend on the page: white on each
of these colours has a contrast of 4.5 to 1 or better. The colours can be told apart by colour-blind
people, and the word says the same.
"""

import html

INK = "#ffffff"
BLUE, VERMILION, BROWN, GREY = "#0069a8", "#b34700", "#7a5900", "#5f5f5f"
FILLS = {"PASS": BLUE, "TRUE": BLUE, "FAIL": VERMILION, "FALSE": VERMILION, "ALMOST": BROWN,
         "NOT YET": GREY}


def badge(word):
    """A word of `FILLS` on its badge, as HTML."""
    return (f"<span style='background-color:{FILLS[word]}; color:{INK}; font-weight:bold; "
            f"padding:1px 6px'>{html.escape(word)}</span>")
