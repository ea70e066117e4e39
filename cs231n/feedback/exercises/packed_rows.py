"""The exercises `packing_order` and `pack`."""

import numpy as np

import cs231n.classifiers.packing
from cs231n.feedback.cases import Case
from cs231n.feedback.compare import as_numbers, same
from cs231n.feedback.exercise import Exercise
from cs231n.feedback.outcomes import Wrong
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import private_copy

NOTEBOOK = "Fast_Captioning"

packing = private_copy(cs231n.classifiers.packing)


def mask_of(lengths, T):
    return np.arange(T) < np.array(lengths)[:, None]


def order_cases():
    def case(label, mask):
        return Case(label, {"mask": mask}, {"N": mask.shape[0], "T": mask.shape[1]})

    gap = mask_of([2, 5, 3, 4], 6)
    gap[1, 1:4] = False
    return [
        case("", mask_of([3, 5, 2, 5, 1, 4, 4], 7)),
        case("captions of one length", mask_of([3, 3, 3, 3], 5)),
        case("a minibatch without padding", mask_of([4, 4], 4)),
        case("one caption only (N = 1)", mask_of([3], 6)),
        case("one time step only (T = 1)", mask_of([1, 1, 1], 1)),
        case("a caption that holds nothing but padding", mask_of([2, 0, 3], 5)),
        case("a caption with a gap, whose last word comes after places that do not count", gap),
    ]


class PackingOrder(Equations):
    PLACES = {"last": "the length of each caption", "lengths": "the length of each caption",
              "order": "`order`", "batch_sizes": "`batch_sizes`"}

    def places(q):
        return np.arange(1, q.mask.shape[1] + 1)

    def last(q):  # the step of the last word that counts
        return (q.places * q.mask).max(axis=1)

    def lengths(q):
        return np.maximum(q.last, 1)

    def order(q):
        return np.argsort(-q.lengths, kind="stable")

    def sizes(q):  # for all T time steps
        return np.array([np.sum(q.lengths >= place) for place in q.places])

    def batch_sizes(q):
        return q.sizes[: q.lengths.max()]


PACKING_ORDER_MISTAKES = [
    Mistake("shortest-first",
            "`order` begins with the shortest caption. The longest has to come first, so that the "
            "captions that are still running are always the first rows of a step.",
            order=lambda q: np.argsort(q.lengths, kind="stable")),
    Mistake("not-sorted",
            "`order` leaves the captions in their order. They have to be sorted by length, longest "
            "first.",
            order=lambda q: np.arange(len(q.mask))),
    Mistake("rank-for-order",
            "`order` holds the rank of each caption. It has to hold the captions themselves: "
            "`order[0]` is the number of the longest one (`np.argsort` once, not twice).",
            order=lambda q: np.argsort(q.usual.order)),
    Mistake("lengths-for-order",
            "`order` holds the sorted lengths. It has to say which caption comes first, second...: "
            "their numbers (`argsort`, not `sort`).",
            order=lambda q: -np.sort(-q.lengths)),
    Mistake("mask-for-order",
            "`order` holds the lengths of the captions, unsorted. It has to say which caption "
            "comes first, second...: their numbers.",
            order=lambda q: q.lengths),
    Mistake("lengths-turned-round-for-order",
            "`order` holds the (negative) lengths. It has to say which caption comes first, "
            "second...: their numbers (`argsort` of the lengths).",
            order=lambda q: -q.lengths),
    Mistake("sorted-lengths-for-order",
            "`order` holds the sorted (negative) lengths: `sort` gives the values. It has to hold "
            "the numbers of the captions, longest first, which `argsort` gives.",
            order=lambda q: np.sort(-q.lengths)),
    Mistake("lengths-of-columns",
            "The mask is summed down its columns (axis 0), so there is a length for each time "
            "step. The captions are the rows: axis 1.",
            lengths=lambda q: q.mask.sum(axis=0)),
    Mistake("last-of-columns",
            "The largest is taken down the columns (axis 0), so there is a length for each time "
            "step. The captions are the rows: axis 1.",
            lengths=lambda q: (q.places * q.mask).max(axis=0)),
    Mistake("places-added-up",
            "The places that count are added up. A caption is as long as the *largest* of them "
            "says (`max`, not `sum`).",
            last=lambda q: (q.places * q.mask).sum(axis=1)),
    Mistake("share-of-captions",
            "`batch_sizes` holds the share of the captions that are running, rounded. It has to be "
            "their number (`sum`, not `mean`).",
            batch_sizes=lambda q: q.usual.batch_sizes // len(q.mask)),
    Mistake("whether-any-runs",
            "`batch_sizes` says whether any caption is running (`max` or `any`). It has to say how "
            "many are (`sum`).",
            batch_sizes=lambda q: np.ones_like(q.usual.batch_sizes)),
    Mistake("one-step-early-and-a-zero",
            "`batch_sizes` lets each caption end one step early (`>` with a step that counts from "
            "1). A caption of length L has L steps, so at its L-th step it is still running.",
            batch_sizes=lambda q: np.array([np.sum(q.lengths > place)
                                            for place in q.places[: q.lengths.max()]])),
    Mistake("captions-that-have-ended",
            "`batch_sizes` says how many captions have *ended* before each step. It has to say how "
            "many are still running.",
            batch_sizes=lambda q: len(q.mask) - q.usual.batch_sizes),
    Mistake("captions-ended-at-the-step",
            "`batch_sizes` says how many captions have *ended* when a step is over. It has to say "
            "how many are still running at that step.",
            batch_sizes=lambda q: np.array([np.sum(q.lengths <= place)
                                            for place in q.places[: q.lengths.max()]])),
    Mistake("order-from-one",
            "`order` counts the captions from 1. They are numbered from 0.",
            order=lambda q: q.usual.order + 1),
    Mistake("first-step-twice",
            "`batch_sizes` is one step too long: the first step stands in it twice (`>=` with a "
            "time step that counts from 0). At step t the captions with a length *above* t are "
            "running.",
            batch_sizes=lambda q: np.append(q.sizes[:1], q.usual.batch_sizes)),
    Mistake("one-step-late",
            "`batch_sizes` lets each caption end one step late (`>=` with a time step that counts "
            "from 0). At step t the captions with a length *above* t are running.",
            batch_sizes=lambda q: np.append(q.sizes[:1], q.usual.batch_sizes)[:-1]),
    Mistake("captions-that-end",
            "`batch_sizes` says how many captions *end* at each step. It has to say how many are "
            "still running there.",
            batch_sizes=lambda q: np.array([np.sum(q.lengths == place) for place in q.places])[
                : q.lengths.max()]),
    Mistake("columns-of-the-mask",
            "`batch_sizes` is the sum of each column of the mask: how many words *count* at each "
            "step. A caption runs up to its last word that counts, also over places that do not "
            "count before it (a gap).",
            batch_sizes=lambda q: _columns(q)),
    Mistake("lengths-unsorted-for-sizes",
            "`batch_sizes` holds the lengths of the captions, in the order of the minibatch. It "
            "has to hold, for each time step, how many captions are still running.",
            batch_sizes=lambda q: q.lengths),
    Mistake("reversed-sizes",
            "`batch_sizes` is reversed: it begins with the last step. It begins with step 0, where "
            "all N captions run.",
            batch_sizes=lambda q: q.usual.batch_sizes[::-1]),
    Mistake("last-step-missing",
            "`batch_sizes` ends one step too early: the last step of the longest caption is "
            "missing.",
            batch_sizes=lambda q: q.sizes[: q.lengths.max() - 1]),
    Mistake("zeros-at-the-end",
            "`batch_sizes` goes on after the longest caption has ended. It has to stop there: a "
            "step without a row is no step.",
            batch_sizes=lambda q: q.sizes),
    Mistake("one-step-early",
            "`batch_sizes` lets each caption end one step early. A caption of length L has the "
            "steps 0 to L - 1, so at step t those with a length *above* t are running.",
            batch_sizes=lambda q: np.array([np.sum(q.lengths > t + 1)
                                            for t in range(q.lengths.max() - 1)])),
    Mistake("lengths-for-sizes",
            "`batch_sizes` holds the lengths of the captions. It has to hold, for each time step, "
            "how many captions are still running.",
            batch_sizes=lambda q: q.lengths[q.order]),
    Mistake("empty-caption-dropped",
            "A caption that holds nothing but padding has no step at all. It needs one all the "
            "same: every caption has a hidden state, and `batch_sizes[0]` is N.",
            lengths=lambda q: q.last),
    Mistake("up-to-the-first-gap",
            "A caption is taken to end at the first place that does not count. It ends with its "
            "*last* word that counts; what does not count before that word still belongs to it.",
            last=lambda q: np.argmin(np.c_[q.mask, np.zeros(len(q.mask), bool)], axis=1)),
    Mistake("last-place-for-length",
            "The place of the last word (counted from 0) is taken for the length: every caption is "
            "one word too short. A caption whose last word is at place k has k + 1 words.",
            lengths=lambda q: np.maximum(q.last - 1, 1)),
    Mistake("places-counted",
            "The length of a caption is taken as the number of places that count. A caption ends "
            "with its *last* word that counts, and what does not count before that word still "
            "belongs to it.",
            last=lambda q: q.mask.sum(axis=1)),
]


def _columns(q):
    sizes = q.mask.sum(axis=0)[: q.lengths.max()]
    return np.append(len(q.mask), sizes[1:])


class OrderExercise(Exercise):
    """Captions of one length may stand in any order; `batch_sizes` may be a list or an array."""

    def unpack(self, result, names=None, cache=None):
        outputs, cache = super().unpack(result, names, cache)
        if isinstance(outputs["batch_sizes"], (list, tuple)):
            outputs["batch_sizes"] = np.array(outputs["batch_sizes"])
        if isinstance(outputs["order"], (list, tuple)):
            outputs["order"] = np.array(outputs["order"])
        return outputs, cache

    def attempt(self, function, case):
        attempt = super().attempt(function, case)
        right, got = self.expected(case)["order"], as_numbers(attempt.outputs["order"])
        if got is not None and sorted(got.ravel().tolist()) == sorted(right.tolist()):
            lengths = (np.arange(1, case.sizes["T"] + 1) * case.given["mask"]).max(axis=1)
            if got.ndim == 1 and np.array_equal(lengths[got.astype(int)], lengths[right]):
                attempt.outputs["order"] = right
        return attempt

    def reference_outputs(self, given):
        order, batch_sizes = self.reference(given["mask"].copy())
        return {"order": order, "batch_sizes": np.array(batch_sizes)}


PACKING_ORDER = OrderExercise(
    "packing_order",
    notebook=NOTEBOOK,
    shapes={"mask": "N T", "order": "N", "batch_sizes": "T"},
    arguments=["mask"],
    outputs=["order", "batch_sizes"],
    equations=PackingOrder,
    reference=packing.packing_order,
    mistakes=PACKING_ORDER_MISTAKES,
    cases=order_cases,
)


def pack_cases():
    rng = np.random.RandomState(1)

    def case(label, lengths, T, rest=(), dtype=np.float64):
        order, batch_sizes = packing.packing_order(mask_of(lengths, T))
        shape = (len(lengths), T, *rest)
        x = rng.randn(*shape).astype(dtype) if rest else rng.randint(100, size=shape)
        return Case(label, {"x": x, "order": order, "batch_sizes": batch_sizes},
                    {"N": len(lengths), "T": T, "M": sum(lengths)}, dtype)

    return [
        case("", [3, 5, 2, 5, 1, 4], 7),
        case("vectors in place of words, (N, T, D)", [2, 4, 3], 5, (3,)),
        case("a minibatch without padding", [4, 4, 4], 4),
        case("one caption only (N = 1)", [3], 5),
        case("one time step only (T = 1)", [1, 1, 1], 1),
        case("float32 vectors", [2, 4, 3], 5, (3,), np.float32),
    ]


class Pack(Equations):
    PLACES = {"sorted": "the order of the captions", "step": "which captions a time step takes",
              "rows": "how the steps are put together"}

    def sorted(q):
        return q.x[q.order]

    def step(q, t):
        return q.sorted[: q.batch_sizes[t], t]

    def rows(q):
        return np.concatenate([q.step(t) for t in range(len(q.batch_sizes))])


PACK_MISTAKES = [
    Mistake("not-sorted",
            "The captions are taken in the order of the minibatch. `order` says which caption "
            "comes first, second, and so on.",
            sorted=lambda q: q.x),
    Mistake("order-turned-round",
            "`order` is used the wrong way round: caption n is put at place `order[n]`. Place k "
            "has to hold caption `order[k]`.",
            sorted=lambda q: q.x[np.argsort(q.order)]),
    Mistake("padding-kept",
            "Every time step has a row for every caption, so the padding is still there. Step t "
            "has the first `batch_sizes[t]` captions of the order and no others.",
            step=lambda q, t: q.sorted[:, t]),
    Mistake("caption-by-caption",
            "The rows are those that belong there, but caption by caption. All captions' step 0 "
            "comes first, then step 1 of those that reach it, and so on: then each step is one "
            "slice.",
            rows=lambda q: np.concatenate([
                x[: sum(size > n for size in q.batch_sizes)] for n, x in enumerate(q.sorted)])),
    Mistake("size-of-the-next-step",
            "Step t has as many rows as the next step should have: `batch_sizes` is read one place "
            "too far.",
            step=lambda q, t: q.sorted[: q.batch_sizes[min(t + 1, len(q.batch_sizes) - 1)], t]),
    Mistake("first-step-only",
            "Every step takes the words of time step 0. Step t takes those of step t, `x[:, t]`.",
            step=lambda q, t: q.sorted[: q.batch_sizes[t], 0]),
    Mistake("next-words",
            "Every step takes the words of the step after it: an index is off by one.",
            step=lambda q, t: q.sorted[: q.batch_sizes[t], min(t + 1, q.x.shape[1] - 1)]),
    Mistake("steps-reversed",
            "The steps come in reverse order. Step 0 comes first.",
            rows=lambda q: np.concatenate([q.step(t) for t in range(len(q.batch_sizes))][::-1])),
    Mistake("last-step-missing",
            "The last step is missing: the loop ends one too early.",
            rows=lambda q: np.concatenate([q.step(t) for t in range(
                max(1, len(q.batch_sizes) - 1))])),
    Mistake("axes-exchanged",
            "Captions and time steps are exchanged: `x[t]` is a caption. The time steps are the "
            "second axis, `x[:, t]`.",
            rows=lambda q: np.concatenate([
                q.x[t][:size] for t, size in enumerate(q.batch_sizes) if t < len(q.x)])),
    Mistake("captions-cut-like-steps",
            "Time step and caption are exchanged: `batch_sizes[t]` says how many *captions* step t "
            "has, and it is used as a number of words of caption t. Step t takes `x[:, t]` of the "
            "first captions.",
            rows=lambda q: np.concatenate([q.sorted[k, :size] for k, size
                                           in enumerate(q.batch_sizes) if k < len(q.x)])),
    Mistake("time-for-caption",
            "Row and time step are exchanged in the look-up: `order` stands where the time step "
            "belongs. It is `x[caption, step]`.",
            step=lambda q, t: q.x[t, q.order[: q.batch_sizes[t]]]),
    Mistake("last-captions",
            "Step t takes the *last* `batch_sizes[t]` captions of the order. The longest stand in "
            "front, so those that are still running are the first ones.",
            step=lambda q, t: q.sorted[len(q.order) - q.batch_sizes[t] :, t]),
]

class PackExercise(Exercise):
    """The parts of `rows` have different lengths, which makes a difference to what to do."""

    def check_structure(self, function, case, attempt):
        rows = attempt.outputs["rows"]
        if isinstance(rows, (list, tuple)) and all(isinstance(r, np.ndarray) for r in rows):
            raise Wrong(f"`rows` is a {type(rows).__name__} of arrays, one for each step. Put them "
                        "one after the other into one array (`np.concatenate`; `np.stack` needs "
                        "parts of one length).")

    def narrow(self, case, name, got, right):
        """The first row that is wrong, and whose it is."""
        expected, x = self.expected(case)[name], case.given["x"]
        if np.shape(got) != expected.shape:
            return super().narrow(case, name, got, right)
        place = next(m for m in range(len(got)) if not same(got[m], expected[m]))
        starts = np.cumsum([0, *case.given["batch_sizes"]])
        step = int(np.searchsorted(starts, place, side="right")) - 1
        found = [(n, t) for n in range(x.shape[0]) for t in range(x.shape[1])
                 if same(got[place], x[n, t])]
        said = (f"`rows[{place}]` belongs to time step {step}: it has to be row "
                f"{place - starts[step]} of those that `order` names, caption "
                f"{case.given['order'][place - starts[step]]}.")
        if len(found) == 1:
            said += " It holds caption {} at time step {}.".format(*found[0])
        return said


PACK = PackExercise(
    "pack",
    notebook=NOTEBOOK,
    shapes={"x": "N T ...", "order": "N", "rows": "M ..."},
    arguments=["x", "order", "batch_sizes"],
    outputs=["rows"],
    equations=Pack,
    reference=packing.pack,
    mistakes=PACK_MISTAKES,
    cases=pack_cases,
)

EXERCISES = [PACKING_ORDER, PACK]
