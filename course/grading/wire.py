"""What two processes say to each other: values over a pipe, without pickle.

The judge holds the course and its answers; the player holds the code of a learner. Neither can
reach into the other: numbers, texts, arrays and containers of them go over by value, and all else
(functions, models, a cache of the learner's own class) as a number that stands for it.

This file imports nothing of the course, since the player loads it by itself.
"""

import json
import re
import struct
from collections import Counter

import numpy as np

FRAME = struct.Struct(">II")  # the lengths of the JSON text and of the arrays behind it
MOST_BYTES = 64 * 2**20  # of a message
DEEPEST = 60  # calls inside calls inside calls
DTYPE = re.compile(r"[<>|=](b1|[iu][1248]|f[248]|c(8|16)|U\d{1,4})")
PLAIN = (type(None), bool, int, float, str)
TYPES = {"float16": np.float16, "float32": np.float32, "float64": np.float64, "int32": np.int32,
         "int64": np.int64, "int": int, "float": float, "bool": bool}


class Broken(BaseException):
    """The other side is gone, or what it says is no message. No code of a learner's catches it."""


class Remote:
    """Something that lives in the other process.

    Attributes:
        peer: the connection.
        number: what it is called there.
    """

    # No __dict__: whoever looks for arrays in an object does not get into the connection.
    __slots__ = ("peer", "number")

    def __init__(self, peer, number):
        self.peer, self.number = peer, number


class RemoteFunction(Remote):
    """A function in the other process, called like one in this."""

    __slots__ = ("__name__",)

    def __init__(self, peer, number, name):
        super().__init__(peer, number)
        self.__name__ = name

    def __call__(self, *args):
        return self.peer.ask("call", self.number, args)


class RemoteIterator(Remote):
    """An iterator in the other process."""

    __slots__ = ()

    def __iter__(self):
        return self

    def __next__(self):
        values = self.peer.ask("next", self.number)
        if not values:
            raise StopIteration
        return values[0]


class RemoteObject(Remote):
    """An object that only the other process can use, such as a cache of a class of its own.

    Its class here is called as there, for messages.

    Attributes:
        arrays: copies of the arrays in it.
    """

    def __init__(self, peer, number, arrays):
        super().__init__(peer, number)
        self.arrays = arrays


class RemoteTuple(tuple):
    """A named tuple, or another kind of tuple, of the other process: its values, and its number."""

    number = None


class Peer:
    """One end of the connection.

    Args:
        send: called with the bytes of a message.
        receive: returns the next message of the other side as `(text, data)`, two bytes objects.
        answers: a dictionary of functions: what this side does when the other one asks.
        reference: how something of this side's that has no value of its own is called, such as a
            function of the course: a function that returns `{"!": ...}`, or None.
        resolve: the reverse for what the other side calls so; given the dictionary.
    """

    def __init__(self, send, receive, answers, reference=None, resolve=None):
        self._send, self._receive, self.answers = send, receive, answers
        self._reference, self._resolve = reference, resolve
        self._mine, self._numbers, self._objects = [], {}, {}
        self._depth = 0

    # ---- Asking and answering -------------------------------------------------------------------

    def ask(self, what, *args):
        """Ask the other side to do something, and serve its own questions until it answers."""
        if self._depth >= DEEPEST:
            raise RecursionError("functions call each other without end")
        sent = {}
        text, data = self._encoded({"ask": what, "args": args}, sent)
        self._depth += 1
        try:
            self._send_frame(text, data)
            while True:
                message, received = self._next(sent)
                if "ask" not in message:
                    break
                self._serve(message, received)
        finally:
            self._depth -= 1
        if "after" in message:
            _follow(args, message["after"])
        if "error" in message:
            raise self.answers["error"](message["error"])
        return message["value"]

    def serve_forever(self):
        """Answer questions until the other side is gone."""
        while True:
            self._serve(*self._next({}))

    def _serve(self, message, received):
        args = message["args"]
        before = self._encoded(args, received)
        try:
            answer = {"value": self.answers[message["ask"]](*args)}
            frame = self._encoded(answer, received)
        except BaseException as error:  # of a learner's, maybe a SystemExit
            if isinstance(error, Broken):
                raise
            answer = {"error": self.answers["describe"](error)}
        after = self._encoded(args, received)
        if after != before:
            answer["after"] = args
        if "after" in answer or "error" in answer:
            frame = self._encoded(answer, received)
        self._send_frame(*frame)

    def _send_frame(self, text, data):
        if len(text) + len(data) > MOST_BYTES:
            raise Broken("too much data")
        self._send(FRAME.pack(len(text), len(data)) + text + data)

    def _next(self, sent):
        """The next message, decoded, and the arrays in it by their `id`, with their numbers."""
        text, data = self._receive()
        received = {}
        try:
            raw = json.loads(text)
            # Only an answer is about the arrays that this side has just sent.
            sent = {} if "ask" in raw else sent
            message = {key: self._decode(value, data, sent, received) for key, value in raw.items()}
            known = message.get("ask") in self.answers and isinstance(message.get("args"), tuple)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError,
                OverflowError) as error:
            raise Broken(f"what arrived is no message ({type(error).__name__})") from None
        if not ("value" in message or "error" in message or known):
            raise Broken("what arrived is no message")
        return message, received

    # ---- Values to text -------------------------------------------------------------------------

    def _encoded(self, value, known):
        """A value as `(text, data)`; `known` gets the arrays in it: `{id: (number, array)}`."""
        data = []
        if isinstance(value, dict):  # a message
            tree = {key: self._encode(part, data, known) for key, part in value.items()}
        else:
            tree = self._encode(value, data, known)
        return json.dumps(tree).encode("utf-8"), b"".join(data)

    def _encode(self, value, data, known):
        kind = type(value)
        if kind in PLAIN:
            return value
        if kind is list:
            return [self._encode(part, data, known) for part in value]
        if isinstance(value, np.ndarray) and DTYPE.fullmatch(value.dtype.str):
            number = known.setdefault(id(value), (len(known), value))[0]
            return {"!": "array", "n": number, "m": isinstance(value, np.matrix)} | \
                _stored(value, data)
        if isinstance(value, np.generic) and DTYPE.fullmatch(value.dtype.str):
            return {"!": "scalar"} | _stored(np.asarray(value), data)
        if kind is complex:
            return {"!": "complex", "v": [value.real, value.imag]}
        if kind is tuple:
            return {"!": "tuple", "v": [self._encode(part, data, known) for part in value]}
        if isinstance(value, dict):
            return {"!": "dict", "c": isinstance(value, Counter),
                    "v": [[self._encode(key, data, known), self._encode(part, data, known)]
                          for key, part in value.items()]}
        if isinstance(value, (set, frozenset)):
            return {"!": "set", "v": [self._encode(part, data, known) for part in value]}
        return self._encode_other(value, data, known)

    def _encode_other(self, value, data, known):
        """What has no value that could be sent: a type, or a number that stands for it."""
        name = next((name for name, known_type in TYPES.items() if known_type is value), None)
        if name:
            return {"!": "type", "v": name}
        if isinstance(value, (Remote, RemoteTuple)) and value.number is not None:
            state = getattr(value, "state", None)
            return {"!": "yours", "n": value.number} | (
                {"state": self._encode(state(), data, known)} if state else {})
        reference = self._reference(value) if self._reference else None
        if reference is not None:
            return {key: part if key in ("!", "n", "v") else self._encode(part, data, known)
                    for key, part in reference.items()}
        if callable(value) and not isinstance(value, type):
            return {"!": "function", "n": self.number_of(value),
                    "v": str(getattr(value, "__name__", ""))[:100]}
        if hasattr(value, "__next__"):
            return {"!": "iterator", "n": self.number_of(value)}
        arrays = [array for array in arrays_in(value) if DTYPE.fullmatch(array.dtype.str)]
        parts = {"t": self._encode(list(value), data, known)} if isinstance(value, tuple) else {}
        return {"!": "object", "n": self.number_of(value), "v": type(value).__name__[:100],
                "a": self._encode(arrays, data, known)} | parts

    def number_of(self, value):
        """The number that stands for something of this side's."""
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self._mine)
            self._mine.append(value)  # kept, so that the id stays
        return self._numbers[id(value)]

    def mine(self, number):
        """What a number of this side's stands for."""
        return self._mine[number]

    # ---- Text to values -------------------------------------------------------------------------

    def _decode(self, tree, data, sent, received):
        if not isinstance(tree, dict):
            return [self._decode(part, data, sent, received) for part in tree] \
                if isinstance(tree, list) else tree

        def parts(key):
            return [self._decode(part, data, sent, received) for part in tree[key]]

        kind = tree["!"]
        if kind == "array":
            return self._array(tree, data, sent, received)
        if kind == "scalar":
            return _loaded(tree, data)[()]
        if kind == "complex":
            return complex(*tree["v"])
        if kind == "tuple":
            return tuple(parts("v"))
        if kind == "dict":
            pairs = dict(map(tuple, parts("v")))
            return Counter(pairs) if tree.get("c") is True else pairs
        if kind == "set":
            return set(parts("v"))
        if kind == "type":
            return TYPES[tree["v"]]
        if kind == "yours":
            value = self._mine[tree["n"]]
            if "state" in tree:
                state = self._decode(tree["state"], data, sent, received)
                _follow(vars(value), {key: state.get(key) for key in vars(value)})
            return value
        if kind == "object":
            return self._object(tree, parts)
        key = kind, tree.get("n"), tree.get("v")
        if key not in self._objects:
            self._objects[key] = self._new(kind, tree)
        value = self._objects[key]
        if "state" in tree:
            value.take(self._decode(tree["state"], data, sent, received))
        return value

    def _new(self, kind, tree):
        if kind == "function":
            return RemoteFunction(self, int(tree["n"]), str(tree["v"]))
        if kind == "iterator":
            return RemoteIterator(self, int(tree["n"]))
        return self._resolve(kind, tree)

    def _object(self, tree, parts):
        arrays = [array for array in parts("a") if isinstance(array, np.ndarray)]
        if "t" in tree:
            value = RemoteTuple(parts("t"))
            value.number = int(tree["n"])
            return value
        key = "object", int(tree["n"])
        if key not in self._objects:
            kind = type(str(tree["v"]), (RemoteObject,), {})
            self._objects[key] = kind(self, int(tree["n"]), arrays)
        self._objects[key].arrays = arrays
        return self._objects[key]

    def _array(self, tree, data, sent, received):
        """An array; one that this side sent before is that very array, with its new content."""
        array = _loaded(tree, data)
        original = next((own for number, own in sent.values() if number == tree["n"]), None)
        if original is not None and original.shape == array.shape \
                and original.dtype == array.dtype and original.flags.writeable:
            original[...] = array
            return original
        array = np.asmatrix(array) if tree.get("m") is True and array.ndim == 2 else array
        if original is not None:
            return array
        number = int(tree["n"])
        known = next((own for n, own in received.values() if n == number), None)
        if known is None:
            received[id(array)] = number, array
        return array if known is None else known


def _stored(array, data):
    content = np.ascontiguousarray(array).tobytes()
    start = sum(map(len, data))
    data.append(content)
    return {"d": array.dtype.str, "s": list(array.shape), "o": start}


def _loaded(tree, data):
    """An array out of the data; nothing but its numbers is taken from there."""
    if not DTYPE.fullmatch(tree["d"]):
        raise ValueError(f"dtype {tree['d']!r}")
    dtype, shape = np.dtype(tree["d"]), [int(size) for size in tree["s"]]
    count = 1
    for size in shape:
        count *= size
    if count < 0 or min(shape, default=0) < 0 or len(shape) > 16:
        raise ValueError("shape")
    return np.frombuffer(data, dtype, count, int(tree["o"])).reshape(shape).copy() \
        if count else np.zeros(shape, dtype)


def _follow(mine, theirs):
    """Change lists and dictionaries as the other side has changed its copies of them."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for key in mine.keys() - theirs.keys():
            del mine[key]
        for key, value in theirs.items():
            if key in mine and _is_pair(mine[key], value):
                _follow(mine[key], value)
            else:
                mine[key] = value
        return
    if isinstance(mine, list) and len(mine) != len(theirs):
        mine[:] = theirs
        return
    for i, (own, other) in enumerate(zip(mine, theirs)):
        if _is_pair(own, other):
            _follow(own, other)
        elif isinstance(mine, list) and own is not other:
            mine[i] = other


def _is_pair(own, other):
    return type(own) is type(other) and isinstance(own, (list, tuple, dict))


def arrays_in(value, depth=6):
    """All arrays in a value, whatever it is made of: tuples, lists, dictionaries, objects."""
    if isinstance(value, np.ndarray):
        return [value]
    if depth == 0 or isinstance(value, (str, bytes, Remote)):
        return []
    if isinstance(value, dict):
        value = list(value.values())
    elif not isinstance(value, (tuple, list)):
        value = list(getattr(value, "__dict__", {}).values())
    return [array for entry in value for array in arrays_in(entry, depth - 1)]
