"""What the user is told: failures in one sentence each, and how far the work has come."""

import sys
import time

OTHER_SOURCE = "Another source can be named with --mirror URL, or a zip file given instead."


class Failure(Exception):
    """Ends the run with one sentence."""


class BadZip(Failure):
    """The zip is no good, so it is of no use to keep what was downloaded."""


class TooMuch(Failure):
    """More was sent than the data set can have, so it is of no use to keep it."""


class PassingFailure(Exception):
    """A failure of the network that may be over at the next try."""


class AnotherFile(PassingFailure):
    """What the server sends does not go on with what is here, which is of no use any more."""


def say(text):
    print(text, flush=True)


def gigabytes(count):
    return f"{count / 1e9:.2f} GB"


def plain(text):
    """Make words from elsewhere fit for a sentence: short, on one line, without control codes."""
    text = " ".join(str(text).split())
    letters = (letter if " " <= letter <= "~" else "?" for letter in text[:100])
    return "".join(letters) + ("..." if len(text) > 100 else "")


class Progress:
    """One line that moves on a terminal; elsewhere, such as in a log, a line for each tenth."""

    def __init__(self, what, total, done=0):
        self.what, self.total, self.done = what, total, done
        self.start, self.first = time.monotonic(), done
        self.moving = sys.stderr.isatty()
        self.shown = None if self.moving else 0

    def add(self, count):
        self.done += count
        if (self.total or self.done) < 5e6:
            return  # too small to be worth a line
        # Five times a second; or at each tenth, or each gigabyte where the total is not known.
        tenth = 10 * self.done // self.total if self.total else self.done // 10**9
        step = int(5 * time.monotonic()) if self.moving else tenth
        if step != self.shown:
            self.shown = step
            self.show("\r" if self.moving else "\n")

    def end(self):
        if self.moving and self.shown is not None:
            self.show("\n")

    def show(self, end):
        line = self.line(time.monotonic())
        # Blanks cover what a longer line has left on the terminal.
        print(line.ljust(79) if self.moving else line, end=end, file=sys.stderr, flush=True)

    def line(self, now):
        speed = (self.done - self.first) / max(now - self.start, 1e-3)
        text = f"{self.what}: {self.done / 1e6:,.0f}"
        if self.total:
            left = (self.total - self.done) / max(speed, 1.0)
            text += f" of {self.total / 1e6:,.0f} MB ({100 * self.done // self.total} %)"
            return f"{text}, {speed / 1e6:.1f} MB/s, {left:.0f} s left"
        return f"{text} MB, {speed / 1e6:.1f} MB/s"
