"""The exercises `layer_norm_forward` and `layer_norm_backward`."""

import numpy as np

from cs231n.feedback.cases import SQUARE, Case
from cs231n.feedback.exercise import BackwardExercise, Exercise
from cs231n.feedback.recipe import Equations, Mistake
from cs231n.feedback.reference import attention

NOTEBOOK = "Transformer_Captioning"


def norm_cases():
    def case(label, seed, N=3, T=4, E=5, scale=1.0, eps=0.02, dtype=np.float64):
        rng = np.random.RandomState(seed)
        given = {"x": (1 + scale * rng.randn(N, T, E)).astype(dtype),
                 "gamma": rng.randn(E).astype(dtype), "beta": rng.randn(E).astype(dtype),
                 "eps": eps, "dout": rng.randn(N, T, E).astype(dtype)}
        return Case(label, given, {"N": N, "T": T, "E": E}, dtype)

    return [
        case("", 1),
        case("one example only (N = 1)", 2, N=1),
        case("one time step only (T = 1)", 3, T=1),
        case("vectors of one number (E = 1)", 4, E=1),
        case(SQUARE, 5, N=4, T=4, E=4),
        case("the usual eps (1e-5)", 6, eps=1e-5),
        case("vectors whose numbers are nearly equal", 7, scale=1e-3, eps=1e-5),
        case("numbers of several hundred", 8, scale=300.0),
        case("float32 arguments", 9, dtype=np.float32),
    ]


class Norm(Equations):
    PLACES = {"mean": "the mean", "centred": "what is divided", "variance": "the variance",
              "deviation": "what is divided by", "out": "scales and shifts",
              "eps_used": "where `eps` goes"}

    def over(q):  # the axes over which mean and variance run
        return -1

    def mean(q):
        return q.x.mean(axis=q.over, keepdims=True)

    def centred(q):
        return q.x - q.mean

    def variance(q):
        return ((q.x - q.x.mean(axis=q.over, keepdims=True))**2).mean(axis=q.over, keepdims=True)

    def eps_used(q):
        return q.eps

    def deviation(q):
        return np.sqrt(q.variance + q.eps_used)

    def normed(q):
        return q.centred / q.deviation

    def out(q):
        return q.gamma * q.normed + q.beta


FORWARD_MISTAKES = [
    Mistake("mean-over-time",
            "Mean and variance run over the words (the time axis). A word then knows something "
            "about all others, those after it included: a leak of the future. They run over the E "
            "numbers of each vector, the last axis.",
            over=lambda q: 1),
    Mistake("mean-over-examples",
            "Mean and variance run over the examples (axis 0), as in batch norm. They run over the "
            "E numbers of each vector, the last axis.",
            over=lambda q: 0),
    Mistake("mean-over-words-and-numbers",
            "Mean and variance run over all words and numbers of an example. Each vector has its "
            "own, over its E numbers: a word must not know anything about those after it.",
            over=lambda q: (1, 2)),
    Mistake("mean-over-examples-and-time",
            "Mean and variance run over examples and words, as in batch norm. Each vector has its "
            "own, over its E numbers, the last axis.",
            over=lambda q: (0, 1)),
    Mistake("mean-over-everything",
            "Mean and variance are one number for the whole array: an axis is missing. Each vector "
            "has its own: `axis=-1, keepdims=True`.",
            over=lambda q: None),
    Mistake("divided-by-one-less",
            "The variance is divided by E - 1 (the unbiased estimate, `ddof=1`, as "
            "`torch.std` takes it). In layer norm it is divided by E.",
            variance=lambda q: q.usual.variance * q.x.shape[-1] / max(q.x.shape[-1] - 1, 1)),
    Mistake("eps-missing",
            "`eps` is missing. A vector of equal numbers would be divided by zero.",
            eps_used=lambda q: 0),
    Mistake("eps-outside-the-root",
            "`eps` is added to the deviation, outside of the root. It is added to the variance, "
            "before the root is taken.",
            deviation=lambda q: np.sqrt(q.variance) + q.eps),
    Mistake("eps-of-its-own",
            "`eps` is always 1e-5: it is given by the caller.",
            eps_used=lambda q: 1e-5),
    Mistake("eps-squared",
            "`eps` is squared before it is added. It is added to the variance as it is.",
            eps_used=lambda q: q.eps**2),
    Mistake("root-missing",
            "It is divided by the variance: the root is missing.",
            deviation=lambda q: q.variance + q.eps),
    Mistake("multiplied-by-the-deviation",
            "It is multiplied by the deviation. It has to be divided by it, so that the variance "
            "becomes 1.",
            normed=lambda q: q.centred * q.deviation),
    Mistake("mean-not-subtracted",
            "The mean is not subtracted from what is divided.",
            centred=lambda q: q.x),
    Mistake("variance-not-of-the-centred",
            "The variance is the mean of the squares of `x` itself. It is that of the *distances "
            "from the mean*.",
            variance=lambda q: (q.x**2).mean(axis=q.over, keepdims=True)),
    Mistake("variance-summed",
            "The squares are added up and not averaged: the variance is their mean.",
            variance=lambda q: q.usual.variance * q.x.shape[-1]),
    Mistake("gamma-and-beta-exchanged",
            "`gamma` and `beta` are exchanged: `gamma` scales, `beta` shifts.",
            out=lambda q: q.beta * q.normed + q.gamma),
    Mistake("gamma-missing",
            "`gamma` is missing: the normed vector is scaled by it, number by number.",
            out=lambda q: q.normed + q.beta),
    Mistake("beta-missing",
            "`beta` is missing: it is added at the end.",
            out=lambda q: q.gamma * q.normed),
    Mistake("beta-subtracted",
            "`beta` is subtracted. It is added at the end.",
            out=lambda q: q.gamma * q.normed - q.beta),
    Mistake("beta-scaled-too",
            "`beta` is added before the scaling, so that `gamma` scales it too. It is added last.",
            out=lambda q: q.gamma * (q.normed + q.beta)),
    Mistake("neither-scaled-nor-shifted",
            "The normed vectors are returned: scales and shifts, `gamma` and `beta`, are missing.",
            out=lambda q: q.normed),
    Mistake("x-added",
            "`x` is added to the result. The sum is made outside, in the layer of the decoder.",
            out=lambda q: q.usual.out + q.x),
]

FORWARD = Exercise(
    "layer_norm_forward",
    notebook=NOTEBOOK,
    arguments=["x", "gamma", "beta", "eps"],
    reference=attention.layer_norm_forward,
    equations=Norm,
    cases=norm_cases,
    mistakes=FORWARD_MISTAKES,
    advice=[("could not be broadcast|broadcast", "Mean and variance have to keep their axis, "
             "(N, T, 1): `keepdims=True`.")],
)


class NormBackward(Norm):
    PLACES = {"dnormed": "the gradient that arrives at the normed vectors",
              "mean_part": "what is taken away from it", "along_part": "what is taken away from it",
              "dx": "`dx`", "dgamma": "`dgamma`", "dbeta": "`dbeta`"}

    def dgamma(q):
        return (q.dout * q.normed).sum(axis=(0, 1))

    def dbeta(q):
        return q.dout.sum(axis=(0, 1))

    def dnormed(q):
        return q.dout * q.gamma

    def mean_part(q):
        return q.dnormed.mean(axis=-1, keepdims=True)

    def along(q):
        return (q.dnormed * q.normed).mean(axis=-1, keepdims=True)

    def along_part(q):
        return q.normed * q.along

    def dx(q):
        return (q.dnormed - q.mean_part - q.along_part) / q.deviation


BACKWARD_MISTAKES = [
    Mistake("both-means-missing",
            "`dx` is the gradient over the deviation and no more. Each number of `x` also acts on "
            "mean and variance of its vector, and so on all numbers: two means have to be taken "
            "away.",
            mean_part=lambda q: 0, along_part=lambda q: 0),
    Mistake("mean-missing",
            "In `dx` the mean of the gradient is not taken away. It is what would shift the whole "
            "vector, which changes nothing in the output.",
            mean_part=lambda q: 0),
    Mistake("part-along-the-vector-missing",
            "In `dx` the part along the normed vector is not taken away. It is what would stretch "
            "the whole vector, which changes next to nothing in the output.",
            along_part=lambda q: 0),
    Mistake("part-along-the-vector-added",
            "In `dx` the part along the normed vector is added. It is taken away, as the mean is.",
            along_part=lambda q: -q.usual.along_part),
    Mistake("mean-summed",
            "In `dx` the sum of the gradient is taken away in place of its mean.",
            mean_part=lambda q: q.dnormed.sum(axis=-1, keepdims=True)),
    Mistake("part-along-the-vector-summed",
            "In `dx` the part along the normed vector is made of a sum in place of a mean.",
            along=lambda q: (q.dnormed * q.normed).sum(axis=-1, keepdims=True)),
    Mistake("both-summed",
            "In `dx` both means are sums. They are means over the E numbers of a vector.",
            mean_part=lambda q: q.dnormed.sum(axis=-1, keepdims=True),
            along=lambda q: (q.dnormed * q.normed).sum(axis=-1, keepdims=True)),
    Mistake("means-over-time",
            "The means in `dx` run over the words. They run over the E numbers of each vector.",
            mean_part=lambda q: q.dnormed.mean(axis=1, keepdims=True),
            along=lambda q: (q.dnormed * q.normed).mean(axis=1, keepdims=True)),
    Mistake("means-over-everything",
            "The means in `dx` run over the whole array: an axis is missing.",
            mean_part=lambda q: q.dnormed.mean(),
            along=lambda q: (q.dnormed * q.normed).mean()),
    Mistake("multiplied-with-x",
            "The part along the vector is made with `x` itself in place of the normed vector.",
            along_part=lambda q: q.x * (q.dnormed * q.x).mean(axis=-1, keepdims=True)),
    Mistake("normed-missing-once",
            "In `dx`, the mean of `g * normed` is taken away as it is. It is multiplied by the "
            "normed vector first: the part *along* it.",
            along_part=lambda q: q.along),
    Mistake("deviation-missing",
            "`dx` is not divided by the deviation, though the forward pass divided by it.",
            dx=lambda q: q.usual.dx * q.deviation),
    Mistake("deviation-squared",
            "`dx` is divided by the variance (the deviation squared). It is the deviation, once.",
            dx=lambda q: q.usual.dx / q.deviation),
    Mistake("multiplied-by-the-deviation",
            "`dx` is multiplied by the deviation. It is divided by it.",
            dx=lambda q: q.usual.dx * q.deviation**2),
    Mistake("only-one-part-divided",
            "In `dx` only the last part is divided by the deviation: put the difference in "
            "parentheses.",
            dx=lambda q: q.dnormed - q.mean_part - q.along_part / q.deviation),
    Mistake("gamma-missing",
            "In `dx` the gradient that arrives at the normed vectors lacks `gamma`: the forward "
            "pass multiplied by it.",
            dnormed=lambda q: q.dout),
    Mistake("gamma-last",
            "In `dx` the multiplication by `gamma` comes last. It comes first: `gamma` stands "
            "between the normed vectors and the output, and the means are taken after it.",
            dnormed=lambda q: q.dout, dx=lambda q: q.usual.dx * q.gamma),
    Mistake("dgamma-with-x",
            "`dgamma` is made of `x`. `gamma` multiplied the *normed* vectors.",
            dgamma=lambda q: (q.dout * q.x).sum(axis=(0, 1))),
    Mistake("dgamma-with-gamma",
            "`dgamma` is multiplied by `gamma`. The derivative of `gamma * normed` with respect to "
            "`gamma` is the normed vector alone.",
            dgamma=lambda q: q.usual.dgamma * q.gamma),
    Mistake("dgamma-is-dbeta",
            "`dgamma` is the sum of `dout`, which is `dbeta`. `gamma` multiplied the normed "
            "vectors, so these are a factor.",
            dgamma=lambda q: q.dout.sum(axis=(0, 1))),
    Mistake("dgamma-and-dbeta-exchanged",
            "`dgamma` and `dbeta` are exchanged.",
            dgamma=lambda q: q.usual.dbeta, dbeta=lambda q: q.usual.dgamma),
    Mistake("summed-over-examples-only",
            "`dgamma` and `dbeta` are summed over the examples only, shape (T, E). They serve all "
            "time steps as well: sum over both axes.",
            dgamma=lambda q: (q.dout * q.normed).sum(axis=0), dbeta=lambda q: q.dout.sum(axis=0)),
    Mistake("summed-over-the-numbers",
            "`dgamma` and `dbeta` are summed over the last axis, shape (N, T). They have a number "
            "for each of the E columns: sum over examples and time steps.",
            dgamma=lambda q: (q.dout * q.normed).sum(axis=-1),
            dbeta=lambda q: q.dout.sum(axis=-1)),
    Mistake("dgamma-and-dbeta-averaged",
            "`dgamma` and `dbeta` are means over examples and time steps. Their gradients add up.",
            dgamma=lambda q: (q.dout * q.normed).mean(axis=(0, 1)),
            dbeta=lambda q: q.dout.mean(axis=(0, 1))),
]

BACKWARD = BackwardExercise(
    "layer_norm_backward",
    notebook=NOTEBOOK,
    forward=FORWARD,
    equations=NormBackward,
    reference=attention.layer_norm_backward,
    mistakes=BACKWARD_MISTAKES,
    cases=norm_cases,
)

EXERCISES = [FORWARD, BACKWARD]
