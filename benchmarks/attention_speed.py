"""How fast a training step of a captioner with attention is, beside PyTorch on the same batch.

    python -m benchmarks.attention_speed            a table, about a minute
    python -m benchmarks.attention_speed --quick    a few repetitions
    OMP_NUM_THREADS=1 python -m benchmarks.attention_speed --cpu-time     on a busy machine

The minibatch is one of Emoji Scenes: 100 captions, 20 regions of 61 numbers a picture. A captioner
without attention stands in the first row. All of a row compute the same loss from the same
parameters, or the benchmark stops. They take turns, as in `training_speed`, whose notes in
README.md hold here too.
"""

import argparse

import numpy as np

from benchmarks import training_speed
from benchmarks.training_speed import in_turns, machine, print_table
from cs231n.attention_layers import positional_encoding
from cs231n.classifiers.attention import CaptioningAttention
from cs231n.classifiers.fast_attention import FastCaptioningAttention
from cs231n.classifiers.fast_rnn import FastCaptioningRNN
from cs231n.classifiers.fast_transformer import FastCaptioningTransformer
from cs231n.classifiers.rnn import CaptioningRNN
from cs231n.classifiers.transformer import CaptioningTransformer
from cs231n.coco_utils import (
    EMOJI_SCENES,
    load_coco_data,
    regions_as_features,
    sample_coco_minibatch,
)

try:
    import torch

    from benchmarks.steps_pytorch import TorchStep
except ModuleNotFoundError:
    torch = TorchStep = None

N = 100


class TorchTransformer:
    """The same Transformer in eager PyTorch, made of its `nn.TransformerDecoder`."""

    def __init__(self, model, features, captions):
        p = {name: torch.tensor(value) for name, value in model.params.items()}
        (V, E), (D, _), (_, F) = (p[name].shape for name in ("W_embed", "W_proj", "layer0_feed_W1"))
        layer = torch.nn.TransformerDecoderLayer(E, model.num_heads, F, dropout=0.0,
                                                 batch_first=True)
        self.modules = torch.nn.ModuleDict({
            "embed": torch.nn.Embedding(V, E), "project": torch.nn.Linear(D, E),
            "decoder": torch.nn.TransformerDecoder(layer, model.num_layers),
            "vocab": torch.nn.Linear(E, V)})
        self.places = torch.nn.Parameter(p["places"])
        self._load(p)
        self.features = torch.tensor(features)
        self.captions = torch.tensor(captions, dtype=torch.long)
        T = captions.shape[1] - 1
        self.positions = torch.tensor(positional_encoding(T, E).astype(np.float32))
        self.hidden = torch.triu(torch.ones(T, T, dtype=torch.bool), 1)  # True: may not look

    @torch.no_grad() if torch else (lambda method: method)
    def _load(self, p):
        self.modules["embed"].weight.copy_(p["W_embed"])
        affine = [("project", "W_proj", "b_proj"), ("vocab", "W_vocab", "b_vocab")]
        for name, W, b in affine:
            self.modules[name].weight.copy_(p[W].T)
            self.modules[name].bias.copy_(p[b])
        for i, layer in enumerate(self.modules["decoder"].layers):
            own = {name.removeprefix(f"layer{i}_"): value for name, value in p.items()
                   if name.startswith(f"layer{i}_")}
            for part, attention, norm in (("self", layer.self_attn, layer.norm1),
                                          ("cross", layer.multihead_attn, layer.norm2)):
                qkv = ("query", "key", "value")
                attention.in_proj_weight.copy_(torch.cat([own[f"{part}_W_{n}"].T for n in qkv]))
                attention.in_proj_bias.copy_(torch.cat([own[f"{part}_b_{n}"] for n in qkv]))
                attention.out_proj.weight.copy_(own[f"{part}_W_out"].T)
                attention.out_proj.bias.copy_(own[f"{part}_b_out"])
                norm.weight.copy_(own[f"{part}_gamma"])
                norm.bias.copy_(own[f"{part}_beta"])
            for linear, k in ((layer.linear1, 1), (layer.linear2, 2)):
                linear.weight.copy_(own[f"feed_W{k}"].T)
                linear.bias.copy_(own[f"feed_b{k}"])
            layer.norm3.weight.copy_(own["feed_gamma"])
            layer.norm3.bias.copy_(own["feed_beta"])

    def __call__(self):
        self.modules.zero_grad(set_to_none=True)
        self.places.grad = None
        memory = self.modules["project"](self.features) + self.places
        x = self.modules["embed"](self.captions[:, :-1]) + self.positions
        x = self.modules["decoder"](x, memory, tgt_mask=self.hidden)
        return _loss_of_scores(self.modules["vocab"](x), self.captions)


def _loss_of_scores(scores, captions):
    """Back-propagate from scores (N, T, V); returns the loss."""
    value = torch.nn.functional.cross_entropy(
        scores.flatten(0, 1), captions[:, 1:].flatten(), ignore_index=0, reduction="sum")
    value = value / len(captions)
    value.backward()
    return value.item()


def contestants():
    """For each captioner: its plain and its fast model, its PyTorch twin, and its minibatch."""
    np.random.seed(231)
    data = load_coco_data(base_dir=EMOJI_SCENES, regions=True)
    words = data["word_to_idx"]
    captions, vectors, _ = sample_coco_minibatch(data, N)
    _, regions, _ = sample_coco_minibatch(regions_as_features(data), N)  # for speed, any will do
    H = {"wordvec_dim": 256, "hidden_dim": 256}
    rows = {"RNN, one vector a picture": (CaptioningRNN, FastCaptioningRNN, H, vectors, None)}
    for cell in ("rnn", "lstm"):
        rows[f"{cell.upper()} with attention"] = (
            CaptioningAttention, FastCaptioningAttention, {**H, "cell_type": cell}, regions,
            TorchStep)
    rows["Transformer, width 128"] = (CaptioningTransformer, FastCaptioningTransformer, {}, regions,
                                      TorchTransformer)
    for name, (plain_class, fast_class, sizes, features, twin) in rows.items():
        plain, fast = plain_class(words, **sizes), fast_class(words, **sizes)
        fast.params = plain.params
        steps = {"plain layers": lambda m=plain, f=features: m.loss(f, captions)[0],
                 "fast engine": lambda m=fast, f=features: m.loss(f, captions)[0]}
        if torch and twin:
            steps["PyTorch"] = twin(plain, features, captions)
        losses = {who: step() for who, step in steps.items()}
        assert np.ptp(list(losses.values())) < 1e-3, f"they do not compute the same: {losses}"
        yield name, steps


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="rounds of each row (15)")
    parser.add_argument("--quick", action="store_true", help="few rounds")
    parser.add_argument("--cpu-time", action="store_true",
                        help="count the time of the processor, on one thread; other programs that "
                             "run meanwhile then matter little")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if options.cpu_time:
        training_speed.count_cpu_time(parser)
    rounds = min(options.rounds, 4) if options.quick else options.rounds
    print(machine())
    print(f"Emoji Scenes, N = {N}. Milliseconds a step, and ratios: medians of the rounds\n")
    rows = []
    for name, steps in contestants():
        times = in_turns(steps, rounds)
        fast = times["fast engine"]
        of_torch = f"{np.median(times['PyTorch'] / fast):.2f} x" if "PyTorch" in times else ""
        rows.append([name, *(f"{np.median(times[who]):.1f}" if who in times else ""
                             for who in ("plain layers", "fast engine", "PyTorch")),
                     f"{np.median(times['plain layers'] / fast):.2f} x", of_torch])
    print_table(["", "plain layers", "fast engine", "PyTorch",
                 "faster than plain layers", "faster than PyTorch"], rows)


if __name__ == "__main__":
    main()
