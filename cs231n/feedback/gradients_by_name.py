"""Backward functions whose last result is a dictionary of gradients, one for each parameter."""

from cs231n.feedback.outcomes import Nothing, Wrong


def gradient_name(param):
    """How a gradient is called in a report."""
    return f'grads["{param}"]'


class GradientsByName:
    """A mixin for `BackwardExercise`: each gradient in the dictionary is an output of its own.

    Args:
        plain: the results before the dictionary, with their axes: `{"dx": "N T E"}`.
        by_name: the entries of the dictionary, with their axes: `{"W_out": "E E"}`.
        The rest is as for `BackwardExercise`.
    """

    def __init__(self, name, *, plain, by_name, shapes=None, **rest):
        self.plain, self.by_name = list(plain), list(by_name)
        named = {gradient_name(param): axes for param, axes in by_name.items()}
        super().__init__(
            name, outputs=[*plain, *named], shapes={**plain, **named, **(shapes or {})},
            computed_as={gradient_name(param): f"d{param}" for param in by_name}, **rest)

    def unpack(self, result, names=None, cache=None):
        got, _ = super().unpack(result, [*self.plain, "grads"], cache=False)
        grads = got.pop("grads")
        if grads is None and all(value is None for value in got.values()):
            raise Nothing
        if not isinstance(grads, dict):
            raise Wrong("`grads` has to be a dictionary: the gradient of each parameter under the "
                        f"name it has in `params`. It is of type {type(grads).__name__}.")
        missing = [name for name in self.by_name if grads.get(name) is None]
        if missing:
            raise Wrong(_missing(missing, [key for key in grads if key not in self.by_name]))
        return {**got, **{gradient_name(name): grads[name] for name in self.by_name}}, None

    def reference_outputs(self, given):
        cache = self.forward.reference(*(given[name] for name in self.forward.arguments))[-1]
        return self.unpack(self.reference(*(given[name] for name in self.gradients), cache))[0]

    def packed(self, values):
        """Outputs in order as the function returns them."""
        count = len(self.plain)
        return (*values[:count], dict(zip(self.by_name, values[count:])))


def _missing(names, others):
    listed = ", ".join(gradient_name(name) for name in names[:4])
    if names[4:]:
        listed += f" and {len(names) - 4} more"
    said = (f"{listed} {'is' if len(names) == 1 else 'are'} missing: each entry of `params` needs "
            "a gradient under the same name.")
    if others:
        said += f" (There is {', '.join(map(repr, others[:3]))}, which is no parameter's name.)"
    return said
