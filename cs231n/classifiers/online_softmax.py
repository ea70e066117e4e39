"""The denominator of a softmax in one walk, without all scores being there at one time.

It belongs to the optional exercise of Fast_Captioning. M is the number of rows; a block holds the
scores of some columns, for all rows.
"""

import numpy as np


def online_log_sum_exp(blocks):
    """Compute `log(sum(exp(scores)))` for each row, from scores that come in blocks of
    columns.

    The blocks are walked through once, and none is needed after the next has come: the
    memory is that of one block. No `exp` overflows, however large the scores are.

    Args:
        blocks: an iterable of arrays (M, B), finite numbers, where B may differ from
            block to block. It may be a generator, which can be walked through only
            once. At least one.

    Returns:
        One number for each row (M,).
    """
    # Of the columns so far; total is a sum of exp(score - largest)
    largest, total = -np.inf, 0.0
    for block in blocks:
        before, largest = largest, np.maximum(largest, block.max(axis=1))
        total = total * np.exp(before - largest) + np.exp(block - largest[:, None]).sum(
            axis=1
        )
    return largest + np.log(total)
