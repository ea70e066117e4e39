# %%
def ramp(low, high, *shape):
    """Evenly spaced numbers from low to high, in an array of the given shape."""
    return np.linspace(low, high, num=np.prod(shape)).reshape(shape)


def check_gradients(output, dout, at_most, **pairs):
    """Hold gradients against numeric ones. Each pair is (an argument, the gradient for
    it).

    The backward function was given a copy of `dout`: a change in place does not
    falsify this.
    """
    for name, (argument, gradient) in pairs.items():
        numeric = eval_numerical_gradient_array(lambda _: output(), argument, dout)
        verdict(f"{name} error", rel_error(numeric, gradient), at_most=at_most)
