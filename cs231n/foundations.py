"""What training is made of, one small function for each idea: the notebook Foundations.

Sizes:

- N: examples in a minibatch
- D: numbers that come in, for each example
- H: numbers in a hidden layer
- M: numbers that go out of a matrix product
- C: classes

The gradient of the loss with respect to an array is named after it (`dX` for `X`) and has its
shape.
"""

import numpy as np

from cs231n.arguments import takes

__all__ = ["numeric_derivative", "matmul_backward", "softmax_loss", "two_layer_loss"]


def numeric_derivative(f, x, h=1e-5):
    """How fast a function rises at a point, found by moving to both sides of it.

    Args:
        f: a function that takes one number and returns one number.
        x: the point, a number.
        h: how far to move to each side.

    Returns:
        The derivative of `f` at `x`, almost exactly.
    """
    return (f(x + h) - f(x - h)) / (2 * h)


@takes(dY="N M", X="N D", W="D M")
def matmul_backward(dY, X, W):
    """Send a gradient back through the matrix product `Y = X @ W`.

    Args:
        dY: gradient of the loss with respect to `Y` (N, M).
        X: the left factor (N, D).
        W: the right factor (D, M).

    Returns:
        dX: gradient with respect to `X` (N, D).
        dW: gradient with respect to `W` (D, M).
    """
    dX = dY @ W.T
    dW = X.T @ dY
    return dX, dW


@takes(scores="N C", y="N < C")
def softmax_loss(scores, y):
    """Cross-entropy of a softmax, averaged over the examples, and its gradient.

    Args:
        scores: a score for each class (N, C). They may be large: 1000 must not
            overflow.
        y: the right class of each example (N,), each from 0 to C - 1.

    Returns:
        loss: one number.
        dscores: gradient of the loss with respect to `scores` (N, C).
    """
    rows = np.arange(len(scores))
    # Same softmax, but exp cannot overflow
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_p[rows, y].mean()
    dscores = np.exp(log_p)
    dscores[rows, y] -= 1
    dscores /= len(scores)
    return loss, dscores


@takes(x="N D", y="N < C", W1="D H", b1="H", W2="H C", b2="C")
def two_layer_loss(x, y, W1, b1, W2, b2):
    """The loss of a network with one hidden layer, and the gradient of each parameter.

    An affine layer, a tanh, another affine layer, and the softmax loss of the scores
    that come out.

    Args:
        x: inputs (N, D).
        y: the right class of each example (N,), each from 0 to C - 1.
        W1, b1: weights (D, H) and biases (H,) of the hidden layer.
        W2, b2: weights (H, C) and biases (C,) of the layer that gives the scores.

    Returns:
        loss: one number.
        dW1, db1, dW2, db2: its gradients, each of the shape of its parameter.
    """
    hidden = np.tanh(x @ W1 + b1)  # (N, H)
    loss, dscores = softmax_loss(hidden @ W2 + b2, y)
    dhidden, dW2 = matmul_backward(dscores, hidden, W2)
    da = dhidden * (1 - hidden**2)  # a is what goes into the tanh
    _, dW1 = matmul_backward(da, x, W1)
    return loss, dW1, da.sum(axis=0), dW2, dscores.sum(axis=0)
