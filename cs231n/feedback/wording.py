"""Sentences that are said in more than one place."""


def letters(axes):
    """`"N D"` as `(N, D)`, `"H"` as `(H,)`."""
    names = axes.split()
    return f"({', '.join(names)}{',' if len(names) == 1 else ''})"


def listed(names):
    """Names as code, with commas: "`dx`, `db`"."""
    return ", ".join(f"`{name}`" for name in names)


def is_or_are(names):
    return "is" if len(names) == 1 else "are"


def number_of_values(count, wanted):
    verb = "is" if count == 1 else "are"
    return (f"{count} value{'s' if count != 1 else ''} {verb} returned, expected {len(wanted)}: "
            f"`{', '.join(wanted)}`.")


def changed_arguments(names):
    """Hints about arguments that are changed in place; one is enough for all parameters."""
    if len(names) > 2:
        return [changed_argument(names[0]) + f" So are {listed(names[1:])}."]
    return [changed_argument(name) for name in names]


def changed_argument(name):
    if name == "emptied cache":
        return ("The cache is emptied or reordered (`pop`, `reverse`). A second call with the same "
                "cache fails: read its entries by index.")
    if name == "cache":
        return ("The arrays in the cache are changed in place. A second call with the same cache "
                "would give another result: compute into new arrays.")
    if name.startswith("self.params"):
        return (f"The model's parameters are changed: `{name}` is set anew, or changed in place. A "
                "method only reads them; the steps of learning are the solver's.")
    return (f"`{name}`, an array of the caller, is changed in place (by `+=`, `*=`, `[...] =` or "
            f"`out=`). The caller may still need it: write `{name} = {name} + ...`, which makes a "
            "new array, or work on a copy.")


def wide_outputs(names):
    return (f"Right. One remark: for float32 arguments {listed(names)} {is_or_are(names)} float64, "
            "which takes twice the memory and time. The usual reason is `np.zeros(shape)` without "
            "`dtype=x.dtype`.")


def matrices(names):
    return (f"Right. One remark: {listed(names)} {is_or_are(names)} of type `np.matrix`, which "
            "NumPy keeps for old programs only, and whose `*` is a matrix product. Use arrays: "
            "`np.array` in place of `np.matrix`.")


SQUEEZED = ("`squeeze` drops every axis of length 1, also the one that happens to be 1 here (one "
            "example, N = 1, say). Name the axis: `squeeze(axis=...)`, or index it away.")
RETURN_NOTHING = {
    "append": "returns None: it changes the list itself. Write it on a line of its own.",
    "extend": "returns None: it changes the list itself. Write it on a line of its own.",
    "insert": "returns None: it changes the list itself. Write it on a line of its own.",
    "reverse": "returns None: it changes the list itself. Use `[::-1]` or `reversed`.",
    "sort": "returns None: it sorts the list or array itself. `sorted` and `np.sort` return a "
            "sorted one, `np.argsort` the places.",
    "at": "returns None: it adds into its first argument. Write it on a line of its own, and "
          "return that array.",
    "fill": "returns None: it fills the array itself.",
    "update": "returns None: it changes the dictionary itself.",
    "copyto": "returns None: it writes into its first argument.",
}
