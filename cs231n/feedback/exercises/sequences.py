"""What vanilla RNN and LSTM have in common over a sequence: equations and mistakes.

A subclass gives `step(t)`, which starts with `next_h`, and `back(t)`, which starts with `dx` and
`dprev_h` and ends with `dWx`, `dWh`, `db`.
"""

import numpy as np

from cs231n.feedback.recipe import Equations, Mistake, Quantities


class SequenceForward(Equations):
    PLACES = {"prev_h": "the state that a time step starts from",
              "prev_c": "the cell state that a time step starts from",
              "c0": "the first cell state",
              "x_at": "the input that a time step reads",
              "written": "what is stored in `h` for a time step",
              "h": "how the states are put together",
              "step": "what happens in a single time step"}

    def T(q):
        return q.x.shape[1]

    def x_at(q, t):
        return q.x[:, t]

    def prev_h(q, t):
        return q.next_h(t - 1) if t > 0 else q.h0

    def next_h(q, t):
        return q.step(t)[0]

    def written(q, t):  # what is kept for time step t
        return q.next_h(t)

    def h(q):
        return np.stack([q.written(t) for t in range(q.T)], axis=1)


class SequenceBackward(Equations):
    PLACES = {"steps": "which time steps the loop visits",
              "cache": "the cache that a time step goes back with",
              "h_from_next": "what a time step receives from the next one",
              "c_from_next": "what a time step receives from the next one",
              "dnext_h": "what a time step receives",
              "dnext_c": "what a time step receives for its cell state",
              "dx_at": "what is stored in `dx` for a time step",
              "dx": "how `dx` is put together",
              "dWx": "how the gradients of the time steps become one",
              "dWh": "how the gradients of the time steps become one",
              "db": "how the gradients of the time steps become one",
              "back": "what happens in a single time step"}

    def steps(q):  # the time steps that are visited
        return range(q.T - 1, -1, -1)

    def cache(q, t):
        return q.step(t)[-1]

    def h_from_next(q, t):  # what reaches the hidden state after step t through step t + 1
        return q.dprev_h(t + 1) if t + 1 < q.T else np.zeros_like(q.h0)

    def dnext_h(q, t):
        return q.dh[:, t] + q.h_from_next(t)

    def dx_at(q, t):
        return q.back(t)[0]

    def dprev_h(q, t):
        return q.back(t)[1]

    def dx(q):
        return np.stack([q.dx_at(t) if t in q.steps else np.zeros_like(q.x[:, t])
                         for t in range(q.T)], axis=1)

    def dh0(q):
        return q.dprev_h(min(q.steps))

    def dWx(q):
        return sum(q.back(t)[-3] for t in q.steps)

    def dWh(q):
        return sum(q.back(t)[-2] for t in q.steps)

    def db(q):
        return sum(q.back(t)[-1] for t in q.steps)


def in_each_step(mistakes, equations, arguments, outputs, replaces, calls, without=()):
    """The mistakes of one time step, made at every time step of a sequence.

    Args:
        mistakes: those of the exercise of one step.
        equations: its equations.
        arguments: a function `(q, t)` that returns the arguments of step t by name.
        outputs: names of its outputs.
        replaces: the equation of the sequence that computes a step, "step" or "back".
        calls: the function of one step; for code that calls it these mistakes are not considered,
            since it is checked on its own.
        without: the names of mistakes that are the same as one of the sequence.
    """

    def made(mistake):
        def step(q, t):
            inner = Quantities(equations.all(), arguments(q, t), mistake.changes)
            return tuple(getattr(inner, name, None) for name in outputs)

        return Mistake(f"in each step: {mistake.name}", f"In each time step: {mistake.sentence}",
                       inline=calls, **{replaces: step})

    return [made(mistake) for mistake in mistakes if mistake.name not in without]


# ---- Mistakes forward ---------------------------------------------------------------------------


def _running(values):
    """Sums of a list up to each entry."""
    return list(np.cumsum(np.stack(values), axis=0))


FORWARD_MISTAKES = [
    Mistake("h-not-carried",
            "The hidden state is not carried from step to step: every time step starts from `h0`. "
            "Step t has to start from the hidden state that step t - 1 returned.",
            prev_h=lambda q, t: q.h0),
    Mistake("h0-ignored",
            "`h0` is ignored: the first time step starts from zeros. It has to start from `h0` "
            "(reading `h[:, t - 1]` at t = 0 reads `h[:, -1]`, which is still zero).",
            prev_h=lambda q, t: q.next_h(t - 1) if t else np.zeros_like(q.h0)),
    Mistake("h0-ones",
            "`h0` is ignored: the first time step starts from ones. It has to start from `h0`.",
            prev_h=lambda q, t: q.next_h(t - 1) if t else np.ones_like(q.h0)),
    Mistake("h-always-zero",
            "Every time step starts from a hidden state of zeros, so the network remembers "
            "nothing. Step t has to start from the hidden state of step t - 1, the first from "
            "`h0` (reading `h[:, t]` before it is written gives zeros).",
            prev_h=lambda q, t: np.zeros_like(q.h0)),
    Mistake("h-two-steps-old",
            "A time step starts from the hidden state of two steps before, not of one step before: "
            "an index is off by one.",
            prev_h=lambda q, t: q.next_h(t - 2) if t > 1 else q.h0),
    Mistake("h-from-first-step",
            "All later time steps start from the hidden state after the first one (`h[:, 0]`). "
            "Step t has to start from the state of step t - 1.",
            prev_h=lambda q, t: q.next_h(0) if t else q.h0),
    Mistake("h0-added-at-each-step",
            "`h0` is added to the hidden state at every time step. It is the state before the "
            "first step only.",
            prev_h=lambda q, t: q.next_h(t - 1) + q.h0 if t else q.h0),
    Mistake("states-summed",
            "A time step starts from the sum of all hidden states so far. It has to start from the "
            "latest one alone.",
            prev_h=lambda q, t: q.h0 + sum(q.next_h(s) for s in range(t))),
    Mistake("output-summed",
            "The hidden states in `h` are running sums: each time step is added to the one before "
            "(`+=` in place of `=`).",
            h=lambda q: np.stack(_running([q.next_h(t) for t in range(q.T)]), axis=1)),
    Mistake("time-reversed",
            "Time runs backward: the sequence is read from its last word to its first. The forward "
            "pass goes from t = 0 to t = T - 1.",
            prev_h=lambda q, t: q.next_h(t + 1) if t + 1 < q.T else q.h0),
    Mistake("output-reversed",
            "The hidden states are right, but stored in reverse time order: `h[:, t]` holds that "
            "of step T - 1 - t.",
            written=lambda q, t: q.next_h(q.T - 1 - t)),
    Mistake("first-input-only",
            "The input of the first time step, `x[:, 0]`, is fed at every time step. Step t reads "
            "`x[:, t]`.",
            x_at=lambda q, t: q.x[:, 0]),
    Mistake("last-input-only",
            "The input of the last time step, `x[:, -1]`, is fed at every time step. Step t reads "
            "`x[:, t]`.",
            x_at=lambda q, t: q.x[:, -1]),
    Mistake("input-one-late",
            "The inputs come one time step late: step t reads `x[:, t - 1]`. It has to read "
            "`x[:, t]`.",
            x_at=lambda q, t: q.x[:, t - 1]),
    Mistake("input-one-early",
            "The inputs come one time step early: step t reads `x[:, t + 1]`. It has to read "
            "`x[:, t]`.",
            x_at=lambda q, t: q.x[:, (t + 1) % q.T]),
    Mistake("inputs-reversed",
            "The inputs are read in reverse time order. Step t reads `x[:, t]`.",
            x_at=lambda q, t: q.x[:, q.T - 1 - t]),
    Mistake("input-indexed-by-example",
            "`x[t]` is example t with all its time steps. Time is the second axis of `x` (N, T, "
            "D): step t reads `x[:, t]`.",
            x_at=lambda q, t: q.x[t]),
    Mistake("input-reshaped",
            "`x.reshape(T, N, D)` mixes examples and time steps: a reshape keeps the order of the "
            "numbers. To bring time to the front, `transpose(1, 0, 2)` swaps the axes.",
            x_at=lambda q, t: q.x.reshape(q.T, len(q.x), -1)[t]),
    Mistake("input-averaged",
            "The mean of the inputs over time is fed at every time step. Step t reads `x[:, t]`.",
            x_at=lambda q, t: q.x.mean(axis=1)),
    Mistake("input-summed",
            "The sum of the inputs over time is fed at every time step. Step t reads `x[:, t]`.",
            x_at=lambda q, t: q.x.sum(axis=1)),
    Mistake("last-state-only",
            "Only the last hidden state is returned, shape (N, H). `h` holds the hidden states of "
            "all time steps, shape (N, T, H).",
            h=lambda q: q.next_h(q.T - 1)),
    Mistake("last-state-everywhere",
            "Every time step of `h` holds the last hidden state: the same array is stored T times, "
            "or all of `h` is overwritten at each step. Write `h[:, t]`.",
            written=lambda q, t: q.next_h(q.T - 1)),
    Mistake("first-step-only",
            "Only the first time step is computed, and the others stay zero: does the `return` "
            "stand inside the loop? All T steps come first, then the `return`, as far left as the "
            "`for`.",
            written=lambda q, t: np.zeros_like(q.h0) if t else q.next_h(t)),
    Mistake("first-step-returned",
            "`h` holds one time step only, the first: does the `return` stand inside the loop? All "
            "T steps come first, then the `return`, as far left as the `for`.",
            h=lambda q: q.next_h(0)[:, None]),
    Mistake("last-step-missing",
            "The last time step is missing: the loop stops one too early, and `h[:, -1]` stays "
            "zero. There are T steps, from 0 to T - 1: `range(T)`.",
            written=lambda q, t: q.next_h(t) if t < q.T - 1 else np.zeros_like(q.h0)),
    Mistake("last-step-dropped",
            "The last time step is missing from `h`, which has only T - 1 time steps. There are T "
            "of them, from 0 to T - 1: `range(T)`.",
            h=lambda q: np.stack([q.next_h(t) for t in range(q.T - 1)], axis=1)),
    Mistake("first-step-skipped",
            "The first time step is skipped: the loop starts at t = 1, and `h[:, 0]` stays zero. "
            "There are T steps, from 0 to T - 1: `range(T)`.",
            prev_h=lambda q, t: q.next_h(t - 1) if t > 1 else q.h0,
            written=lambda q, t: q.next_h(t) if t else np.zeros_like(q.h0)),
    Mistake("first-step-skipped-from-zero",
            "The first time step is skipped: the loop starts at t = 1, from a hidden state "
            "`h[:, 0]` that is still zero. Step 0 starts from `h0` and reads `x[:, 0]`.",
            prev_h=lambda q, t: q.next_h(t - 1) if t > 1 else np.zeros_like(q.h0),
            written=lambda q, t: q.next_h(t) if t else np.zeros_like(q.h0)),
    Mistake("h0-in-place-of-first",
            "`h` comes one time step late: `h[:, 0]` is `h0`, and `h[:, t]` is the state before "
            "step t. Store the state that a step returned, not the one it started from; `h0` is "
            "not part of `h`.",
            written=lambda q, t: q.next_h(t - 1) if t else q.h0),
    Mistake("h0-stored-first-step-skipped",
            "`h[:, 0]` is set to `h0`, and the loop starts at t = 1, so the first input `x[:, 0]` "
            "is never read. `h0` is the state before the first step; step 0 makes `h[:, 0]` of it.",
            prev_h=lambda q, t: q.next_h(t - 1) if t > 1 else q.h0,
            written=lambda q, t: q.next_h(t) if t else q.h0),
    Mistake("h0-included",
            "`h` holds T + 1 time steps, because `h0` is stored in front. It is the state before "
            "the first step; `h` begins with the state after it.",
            h=lambda q: np.stack([q.h0] + [q.next_h(t) for t in range(q.T)], axis=1)),
    Mistake("time-axis-first",
            "`h` has shape (T, N, H): the list of states was turned into an array with time in "
            "front. Expected is (N, T, H): `np.stack(states, axis=1)`, or swap the axes.",
            h=lambda q: np.stack([q.next_h(t) for t in range(q.T)])),
    Mistake("output-reshaped",
            "The states were stacked to (T, N, H) and then reshaped to (N, T, H), which mixes "
            "examples and time steps: a reshape keeps the order of the numbers. Swap the axes with "
            "`transpose(1, 0, 2)`, or stack along axis 1.",
            h=lambda q: np.stack([q.next_h(t) for t in range(q.T)]).reshape(len(q.x), q.T, -1)),
    Mistake("time-axis-last",
            "`h` has shape (N, H, T): the states are stacked along the last axis. Time is the "
            "second axis, (N, T, H).",
            h=lambda q: np.stack([q.next_h(t) for t in range(q.T)], axis=2)),
    Mistake("steps-concatenated",
            "The states are laid side by side to (N, T * H). `h` needs an axis of its own for "
            "time, (N, T, H): `np.stack(states, axis=1)`.",
            h=lambda q: np.concatenate([q.next_h(t) for t in range(q.T)], axis=1)),
    Mistake("first-example-only",
            "Only the first example of the minibatch is computed and repeated for the others. Each "
            "row n has its own input and its own hidden state.",
            h=lambda q: np.repeat(q.usual.h[:1], len(q.x), axis=0)),
    Mistake("integer-state",
            "`h` is all zeros: it is never filled, or its values pass through an array of "
            "integers, which cuts off everything behind the decimal point (make it with the dtype "
            "of `x` or `h0`).",
            written=lambda q, t: np.trunc(q.next_h(t))),
]


# ---- Mistakes backward --------------------------------------------------------------------------


def _zeros(q):
    return np.zeros_like(q.h0)


BACKWARD_MISTAKES = [
    Mistake("next-step-ignored",
            "The gradient from the next time step is not added: each step receives `dh[:, t]` "
            "alone. The hidden state after step t is used twice, by the loss (`dh[:, t]`) and by "
            "step t + 1 (its `dprev_h`); the two gradients add up.",
            h_from_next=lambda q, t: _zeros(q)),
    Mistake("dh-ignored",
            "All gradients are zero: `dh[:, t]` is left out (or multiplied with the gradient from "
            "the next step, which is zero at the end). Each step receives `dh[:, t]` plus the "
            "`dprev_h` of the next step.",
            dnext_h=lambda q, t: q.h_from_next(t)),
    Mistake("next-step-twice",
            "The gradient from the next time step, `dprev_h`, is added twice. It goes once into "
            "`dnext_h`, together with `dh[:, t]`.",
            h_from_next=lambda q, t: 2 * q.usual.h_from_next(t)),
    Mistake("next-step-subtracted",
            "The gradient from the next time step, `dprev_h`, is subtracted from `dh[:, t]`. "
            "Gradients of two uses of one value add up.",
            h_from_next=lambda q, t: -q.usual.h_from_next(t)),
    Mistake("next-step-averaged",
            "`dh[:, t]` and the gradient from the next time step are averaged. Gradients of two "
            "uses of one value add up.",
            dnext_h=lambda q, t: q.usual.dnext_h(t) / 2),
    Mistake("next-steps-accumulated",
            "`dprev_h` is accumulated over the time steps (`+=`), so a step receives the gradients "
            "of all later steps once more. It receives that of step t + 1 alone, which contains "
            "the later ones already.",
            h_from_next=lambda q, t: sum((q.dprev_h(s) for s in range(t + 1, q.T)), _zeros(q))),
    Mistake("upstream-accumulated",
            "The gradient that arrives, `dnext_h`, is carried on in place of `dprev_h`: it has to "
            "pass through the backward step before it is added to `dh[:, t]`.",
            h_from_next=lambda q, t: q.dnext_h(t + 1) if t + 1 < q.T else _zeros(q)),
    Mistake("upstream-of-loss-only-next",
            "`dh[:, t + 1]` is added to `dh[:, t]` in place of the `dprev_h` of step t + 1: the "
            "gradient has to pass through the backward step on its way.",
            h_from_next=lambda q, t: q.dh[:, t + 1] if t + 1 < q.T else _zeros(q)),
    Mistake("loss-at-last-step-only",
            "Only the last time step receives its gradient from the loss; the others receive that "
            "of the next step alone. `dh[:, t]` belongs to every step t.",
            dnext_h=lambda q, t: q.h_from_next(t) if t + 1 < q.T else q.dh[:, t]),
    Mistake("dh-of-first-step-left-out",
            "The first time step does not receive its gradient from the loss, `dh[:, 0]`: every "
            "step t receives `dh[:, t]`, the first one too.",
            dnext_h=lambda q, t: q.usual.dnext_h(t) if t else q.h_from_next(t)),
    Mistake("last-dh-everywhere",
            "`dh[:, -1]` is used at every time step. Step t receives `dh[:, t]`.",
            dnext_h=lambda q, t: q.dh[:, -1] + q.h_from_next(t)),
    Mistake("first-dh-everywhere",
            "`dh[:, 0]` is used at every time step. Step t receives `dh[:, t]`.",
            dnext_h=lambda q, t: q.dh[:, 0] + q.h_from_next(t)),
    Mistake("dh-reversed",
            "`dh` is read in reverse time order: step t receives `dh[:, T - 1 - t]`. Going "
            "backward, step t still receives `dh[:, t]`.",
            dnext_h=lambda q, t: q.dh[:, q.T - 1 - t] + q.h_from_next(t)),
    Mistake("dh-one-late",
            "Step t receives `dh[:, t - 1]`: an index is off by one. It has to receive `dh[:, t]`.",
            dnext_h=lambda q, t: q.dh[:, t - 1] + q.h_from_next(t)),
    Mistake("dh-one-early",
            "Step t receives `dh[:, t + 1]`: an index is off by one. It has to receive `dh[:, t]`.",
            dnext_h=lambda q, t: q.dh[:, (t + 1) % q.T] + q.h_from_next(t)),
    Mistake("dh-added-after-the-step",
            "`dh[:, t]` is added after step t has gone backward, so that it reaches step t - 1: "
            "`dh[:, -1]` counts twice, and `dh[:, 0]` not in its place. Step t receives `dh[:, t]` "
            "plus the `dprev_h` of step t + 1.",
            dnext_h=lambda q, t: q.dh[:, min(t + 1, q.T - 1)] + q.h_from_next(t)),
    Mistake("next-step-clipped",
            "The gradient that a step hands to the one before it is clipped to -1 ... 1. That "
            "changes the gradient: here it is handed on as it is. (Training may clip, but does so "
            "after the backward pass.)",
            h_from_next=lambda q, t: np.clip(q.usual.h_from_next(t), -1, 1)),
    Mistake("next-step-clipped-and-dh0",
            "The gradient `dprev_h` that leaves a step is clipped to -1 ... 1. That changes the "
            "gradient: here it is handed on as it is. (Training may clip, but does so after the "
            "backward pass.)",
            h_from_next=lambda q, t: np.clip(q.usual.h_from_next(t), -1, 1),
            dh0=lambda q: np.clip(q.usual.dh0, -1, 1)),
    Mistake("dnext_h-clipped",
            "The gradient that arrives at a step, `dh[:, t]` plus the `dprev_h` of the next step, "
            "is clipped to -1 ... 1. That changes the gradient: here it is used as it is. "
            "(Training may clip, but does so after the backward pass.)",
            dnext_h=lambda q, t: np.clip(q.usual.dnext_h(t), -1, 1)),
    Mistake("dh-summed",
            "`dh` is summed over time before the loop, and each step receives that sum. Step t "
            "receives `dh[:, t]`.",
            dnext_h=lambda q, t: q.dh.sum(axis=1) + q.h_from_next(t)),
    Mistake("dh-last-counted-twice",
            "The loop starts with `dprev_h = dh[:, -1]`, so the last gradient counts twice. No "
            "step comes after the last one: start from zeros.",
            h_from_next=lambda q, t: q.usual.h_from_next(t) if t + 1 < q.T else q.dh[:, -1]),
    Mistake("starts-from-ones",
            "The loop starts with a gradient of ones from a next step. No step comes after the "
            "last one: start from zeros.",
            h_from_next=lambda q, t: q.usual.h_from_next(t) if t + 1 < q.T else _zeros(q) + 1),
    Mistake("time-forward",
            "Time runs forward: the loop goes from t = 0 to T - 1. A step needs the gradient of "
            "the step after it, so the loop has to go backward, from T - 1 to 0 "
            "(`reversed(range(T))`).",
            h_from_next=lambda q, t: q.dprev_h(t - 1) if t > 0 else _zeros(q),
            dh0=lambda q: q.dprev_h(q.T - 1)),
    Mistake("last-step-skipped",
            "The last time step is left out: the loop starts at t = T - 2, or that step does not "
            "receive `dh[:, -1]`. The loop starts at T - 1, and step t receives `dh[:, t]`.",
            steps=lambda q: range(q.T - 2, -1, -1),
            h_from_next=lambda q, t: q.dprev_h(t + 1) if t + 2 < q.T else _zeros(q)),
    Mistake("last-step-only",
            "Only the last time step goes backward, the one that the loop begins with: does the "
            "`return` stand inside the loop? All T steps come first, then the `return`.",
            steps=lambda q: range(q.T - 1, q.T - 2, -1)),
    Mistake("first-step-skipped",
            "The first time step is left out: the loop ends at t = 1 (`range(T - 1, 0, -1)` stops "
            "before 0). It has to end with t = 0: `reversed(range(T))`.",
            steps=lambda q: range(q.T - 1, 0, -1)),
    Mistake("last-cache-only",
            "Every time step goes backward with the cache of the last one: the forward pass keeps "
            "only one cache, or the backward pass reads always the same. Keep a list with a cache "
            "for each step, and use `cache[t]`.",
            cache=lambda q, t: q.usual.cache(q.T - 1)),
    Mistake("first-cache-only",
            "Every time step goes backward with the cache of the first one. Step t needs its own, "
            "`cache[t]`.",
            cache=lambda q, t: q.usual.cache(0)),
    Mistake("caches-reversed",
            "The caches are used in the wrong order: step t goes backward with the cache of step "
            "T - 1 - t (as when a list is reversed, or walked forward, while time goes backward).",
            cache=lambda q, t: q.usual.cache(q.T - 1 - t)),
    Mistake("cache-one-late",
            "Step t goes backward with the cache of step t - 1: an index is off by one.",
            cache=lambda q, t: q.usual.cache((t - 1) % q.T)),
    Mistake("cache-one-early",
            "Step t goes backward with the cache of step t + 1: an index is off by one.",
            cache=lambda q, t: q.usual.cache((t + 1) % q.T)),
    Mistake("dh0-zero",
            "`dh0` is all zeros: it is never set. It is what arrives before the first step, the "
            "`dprev_h` of t = 0.",
            dh0=lambda q: _zeros(q)),
    Mistake("dh0-of-last-step",
            "`dh0` is the `dprev_h` of the last time step. It is that of the first one (t = 0), "
            "which the loop reaches last.",
            dh0=lambda q: q.dprev_h(q.T - 1)),
    Mistake("dh0-one-late",
            "`dh0` is the `dprev_h` of step 1. It is that of step 0: the gradient has to pass "
            "through the first step too.",
            dh0=lambda q: q.dprev_h(min(1, q.T - 1))),
    Mistake("dh0-summed",
            "`dh0` is the sum of `dprev_h` over all time steps. `h0` is used by the first step "
            "only, so `dh0` is the `dprev_h` of t = 0 alone.",
            dh0=lambda q: sum(q.dprev_h(t) for t in q.steps)),
    Mistake("dh0-averaged",
            "`dh0` is the mean of `dprev_h` over all time steps. `h0` is used by the first step "
            "only, so `dh0` is the `dprev_h` of t = 0 alone.",
            dh0=lambda q: sum(q.dprev_h(t) for t in q.steps) / q.T),
    Mistake("dh0-is-dnext_h",
            "`dh0` is the gradient that arrives at the first step, `dnext_h`. It is the one that "
            "leaves it: `dprev_h` of t = 0.",
            dh0=lambda q: q.dnext_h(0)),
    Mistake("dh0-is-dh",
            "`dh0` is `dh[:, 0]`. That belongs to the state after the first step; `dh0` is the "
            "`dprev_h` of t = 0.",
            dh0=lambda q: q.dh[:, 0]),
    Mistake("dh0-plus-dh",
            "`dh[:, 0]` is added to `dh0`. The loss does not see `h0` directly: `dh0` is the "
            "`dprev_h` of t = 0 alone.",
            dh0=lambda q: q.dprev_h(0) + q.dh[:, 0]),
    Mistake("dx-reversed",
            "`dx` is stored in reverse time order (as when a list is filled while time goes "
            "backward). `dx[:, t]` belongs to step t.",
            dx_at=lambda q, t: q.back(q.T - 1 - t)[0]),
    Mistake("dx-time-axis-first",
            "`dx` has shape (T, N, D): the list of gradients became an array with time in front. "
            "Expected is (N, T, D): stack along axis 1, or swap the axes.",
            dx=lambda q: np.stack([q.dx_at(t) for t in range(q.T)])),
    Mistake("dx-time-axis-first-reversed",
            "`dx` has shape (T, N, D), and its time steps are in reverse order. Expected is "
            "(N, T, D), with step t at `dx[:, t]`.",
            dx=lambda q: np.stack([q.dx_at(t) for t in range(q.T)][::-1])),
    Mistake("dx-reshaped",
            "`dx` was stacked to (T, N, D) and then reshaped to (N, T, D), which mixes examples "
            "and time steps. Swap the axes with `transpose(1, 0, 2)`, or stack along axis 1.",
            dx=lambda q: np.stack([q.dx_at(t) for t in range(q.T)]).reshape(q.x.shape)),
    Mistake("dx-last-step-everywhere",
            "`dx` holds the same gradient at every time step: all of `dx` is overwritten in each "
            "round, or one array is stored T times. Write `dx[:, t]`.",
            dx_at=lambda q, t: q.back(0)[0]),
    Mistake("dx-one-step-only",
            "`dx` is the gradient of one time step only, shape (N, D): it is overwritten in each "
            "round. Write `dx[:, t]` of an array (N, T, D).",
            dx=lambda q: q.back(0)[0]),
    Mistake("dx-summed",
            "`dx` is summed over time. Each time step has an input of its own, so `dx[:, t]` is "
            "the gradient of step t; only the weights, which all steps share, are summed.",
            dx=lambda q: sum(q.dx_at(t) for t in q.steps)),
    Mistake("dx-running-sum",
            "`dx[:, t]` holds a running sum over time steps. Each time step has an input of its "
            "own: write it, don't add it up.",
            dx=lambda q: np.cumsum(q.usual.dx[:, ::-1], axis=1)[:, ::-1]),
    Mistake("gradients-overwritten",
            "`dWx`, `dWh` and `db` hold the gradients of the first time step only: each round of "
            "the loop overwrites them. All steps share the same weights, so their gradients add up "
            "(`+=`).",
            dWx=lambda q: q.back(0)[-3], dWh=lambda q: q.back(0)[-2], db=lambda q: q.back(0)[-1]),
    Mistake("gradients-of-last-step",
            "`dWx`, `dWh` and `db` hold the gradients of the last time step only. All steps share "
            "the same weights, so their gradients add up (`+=`).",
            dWx=lambda q: q.back(q.T - 1)[-3], dWh=lambda q: q.back(q.T - 1)[-2],
            db=lambda q: q.back(q.T - 1)[-1]),
    Mistake("gradients-averaged-over-time",
            "`dWx`, `dWh` and `db` are divided by T. The gradients of the time steps add up; they "
            "are not averaged.",
            dWx=lambda q: q.usual.dWx / q.T, dWh=lambda q: q.usual.dWh / q.T,
            db=lambda q: q.usual.db / q.T),
    Mistake("gradients-averaged-over-examples",
            "`dWx`, `dWh` and `db` are divided by N. The loss is averaged over the examples "
            "already, in `dh`; here the gradients add up.",
            dWx=lambda q: q.usual.dWx / len(q.x), dWh=lambda q: q.usual.dWh / len(q.x),
            db=lambda q: q.usual.db / len(q.x)),
    Mistake("dh-is-truncated",
            "Gradients stop after one step back: a step receives the `dprev_h` of the next one, "
            "but computed from `dh` alone. What step t + 1 received from step t + 2 has to travel "
            "on.",
            h_from_next=lambda q, t: q.truncated(t + 1) if t + 1 < q.T else _zeros(q)),
]

for _name, _index in (("dWx", -3), ("dWh", -2), ("db", -1)):
    BACKWARD_MISTAKES += [
        Mistake(f"{_name}-overwritten",
                f"`{_name}` holds the gradient of the first time step only: each round of the loop "
                "overwrites it. All steps share the same weights, so their gradients add up "
                "(`+=`).",
                **{_name: lambda q, k=_index: q.back(0)[k]}),
        Mistake(f"{_name}-of-last-step",
                f"`{_name}` holds the gradient of the last time step only. All steps share the "
                "same weights, so their gradients add up (`+=`).",
                **{_name: lambda q, k=_index: q.back(q.T - 1)[k]}),
        Mistake(f"{_name}-averaged-over-time",
                f"`{_name}` is divided by T. The gradients of the time steps add up; they are not "
                "averaged.",
                **{_name: lambda q, n=_name: getattr(q.usual, n) / q.T}),
        Mistake(f"{_name}-averaged-over-examples",
                f"`{_name}` is divided by N. The loss is averaged over the examples already, in "
                "`dh`; here the gradients add up.",
                **{_name: lambda q, n=_name: getattr(q.usual, n) / len(q.x)}),
        Mistake(f"{_name}-without-first-step",
                f"`{_name}` misses the gradient of the first time step (t = 0).",
                **{_name: lambda q, k=_index: sum(q.back(t)[k] for t in range(1, q.T))}),
        Mistake(f"{_name}-without-last-step",
                f"`{_name}` misses the gradient of the last time step (t = T - 1).",
                **{_name: lambda q, k=_index: sum(q.back(t)[k] for t in range(q.T - 1))}),
    ]
