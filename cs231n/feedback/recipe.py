"""Computations written as equations, so that a mistake can replace one of them.

An exercise states what it computes as a class of equations. Each equation is a function of `q`,
the quantities, and maybe of a time step; it may use arguments and other equations by name::

    class Step(Equations):
        def a(q):
            return q.x @ q.Wx + q.prev_h @ q.Wh + q.b

        def next_h(q):
            return np.tanh(q.a)

A mistake is the same computation with one equation written differently::

    Mistake("bias-missing", "The bias `b` is missing ...", a=lambda q: q.x @ q.Wx + q.prev_h @ q.Wh)

In a changed equation, `q.usual.a` is what the original equation gives.
"""

import functools
import inspect


class Equations:
    """Base of a class of equations; the class is a namespace and is never instantiated.

    Attributes:
        PLACES: where in the computation some of the equations stand, in words that end the
            sentence "Look at ...".
    """

    PLACES = {}

    @classmethod
    @functools.cache
    def all(cls):
        """The equations by name, those of base classes included."""
        found = {}
        for owner in reversed(cls.__mro__[:-2]):  # without Equations and object
            found.update({k: f for k, f in vars(owner).items() if inspect.isfunction(f)})
        return found


class Circular(ValueError):
    """An equation that needs its own value, as two mistakes together may make it."""


_BUSY = object()  # stands for a value that is being computed


class Quantities:
    """Evaluates equations on demand and remembers each value."""

    def __init__(self, equations, given, changes=None):
        self.given = given
        self.usual = _Usual(self, equations)
        self._equations = {**equations, **(changes or {})}
        self._known = {k: v for k, v in given.items() if k not in (changes or {})}

    def __getattr__(self, name):
        known = self._known
        if name not in known:
            if name not in self._equations:
                raise AttributeError(f"no equation and no argument is called {name!r}")
            known[name] = _BUSY
            known[name] = _bind(self._equations[name], self)
        if known[name] is _BUSY:
            raise Circular(name)
        return known[name]


    __getitem__ = __getattr__  # q["dx"] is q.dx


class _Usual:
    """The original equations, fed with the (perhaps changed) quantities."""

    def __init__(self, quantities, equations):
        self._quantities, self._equations = quantities, equations

    def __getattr__(self, name):
        if name in self._equations:
            return _bind(self._equations[name], self._quantities)
        return self._quantities.given[name]

    __getitem__ = __getattr__


def _bind(equation, quantities):
    """The value of an equation; for one with an index, a function of it that remembers."""
    if equation.__code__.co_argcount - len(equation.__defaults__ or ()) == 1:
        return equation(quantities)
    known = {}

    def at(index):
        if index not in known:
            known[index] = _BUSY
            known[index] = equation(quantities, index)
        if known[index] is _BUSY:
            raise Circular(f"{equation.__name__}({index})")
        return known[index]

    return at


class Mistake:
    """A known mistake.

    Args:
        name: a short name, unique within its exercise.
        sentence: what the learner reads: what was done, and why it is wrong.
        inline: the name of a function; code that calls it does not make this mistake itself.
        place: where to look, to end "Look at ...", for what is said first; usually the `PLACES`
            of the changed equations say so.
        changes: equations by name that replace those of the exercise.
    """

    def __init__(self, name, sentence, inline=None, place=None, **changes):
        self.name, self.sentence, self.changes = name, sentence, changes
        self.inline, self.place = inline, place

    def __repr__(self):
        return f"Mistake({self.name!r})"

    def combined(self, other):
        """Both mistakes at once, or None where they replace the same equation."""
        if self.changes.keys() & other.changes.keys():
            return None
        both = Mistake(f"{self.name} + {other.name}", "", **self.changes, **other.changes)
        both.parts = [self, other]
        return both
