"""The captioners as modules of PyTorch: the same weights, losses, gradients and captions.

`CaptioningModule.from_numpy(model)` takes a captioner of NumPy, plain or fast, and builds its twin
from PyTorch's own parts: `nn.Embedding`, `nn.Linear`, `nn.RNN` or `nn.LSTM`, `nn.LayerNorm` and
scaled dot-product attention. Backward passes are no longer written: autograd finds them. The twin
goes wherever PyTorch goes, to a GPU or to many, and `to_numpy()` brings the weights back.

PyTorch keeps the same numbers in another order. `nn.Linear` multiplies by the transpose of its
weight; `nn.LSTM` stacks its gates as i, f, g, o where this course has i, f, o, g, and adds two
biases where one does. The second bias stays zero here and is not trained: trained, it would double
every step of the first.
"""

import copy
from typing import NamedTuple

import numpy as np

from cs231n.attention_layers import PARTS, PROJECTIONS, positional_encoding
from cs231n.classifiers.attention import CaptioningAttention
from cs231n.classifiers.rnn import CaptioningRNN
from cs231n.classifiers.transformer import CaptioningTransformer
from cs231n.import_pytorch import torch

nn, F = torch.nn, torch.nn.functional


# ---- Where a parameter is -----------------------------------------------------------------------


class Place(NamedTuple):
    """Where a parameter of the course is in a module, and how it lies there."""

    name: str  # of the module's parameter
    gates: int = 1  # of a recurrent cell; four of them stand in PyTorch's order

    def to_module(self, array):
        """An array of the course's layout, as the module has it."""
        return self._gates_exchanged(array if self._is_table else array.T)

    def from_module(self, array):
        """An array of the module's layout, as the course has it."""
        array = self._gates_exchanged(array)
        return array if self._is_table else array.T

    @property
    def _is_table(self):
        """Whether rows are looked up in it or added, and no product is taken with it."""
        return self.name in ("embed.weight", "places")

    def _gates_exchanged(self, array):
        """The last two of four gates change places: i, f, o, g becomes i, f, g, o, and back."""
        if self.gates != 4:
            return array
        i, f, third, last = np.split(array, 4)
        return np.concatenate([i, f, last, third])


def affine(W, b, name):
    """The places of an affine layer's weights and biases: an `nn.Linear` called `name`."""
    return {W: Place(f"{name}.weight"), b: Place(f"{name}.bias")}


# ---- What all captioners share ------------------------------------------------------------------


class CaptioningModule(nn.Module):
    """A captioner as an `nn.Module`; `from_numpy` makes one, of the class that fits.

    Sizes are those of the NumPy captioners: N pictures in a minibatch, D features a picture or
    (S, D) for S regions, H numbers in a hidden state, V words in the vocabulary, T time steps. A
    subclass has `hidden`, `first_state` and `next_scores`.

    Attributes:
        packed: whether captions are packed, so that padding costs nothing. False computes padding
            too, and ignores it in the loss; all shapes are then known before the words are, which
            `torch.compile` asks for.
        places_of: for each parameter of the course by its name, its `Place` in this module.
        sizes: the sizes by their letters.
    """

    @staticmethod
    def from_numpy(model, packed=True):
        """The twin of a NumPy captioner, with a copy of its parameters, on the CPU.

        Args:
            model: a `CaptioningRNN`, `CaptioningAttention`, `CaptioningTransformer` or the fast
                twin of one; vanilla RNN or LSTM.
            packed: see above.

        Raises:
            ValueError: a model of another kind, or another type of recurrent cell.
        """
        for kind, module_class in MODULES.items():
            if isinstance(model, kind):
                module = module_class(model).to(torch_dtype(model.dtype))
                module.packed = packed
                module.load_numpy(model.params)
                return module
        raise ValueError(f"CaptioningModule.from_numpy: model is of type {type(model).__name__}, "
                         f"expected {', '.join(kind.__name__ for kind in MODULES)}")

    def __init__(self, model):
        super().__init__()
        self._numpy_model = _without_params(model)
        self.word_to_idx, self.sizes = model.word_to_idx, model.sizes
        self._null, self._start, self._end = model._null, model._start, model._end

    @property
    def device(self):
        """Where the parameters are."""
        return self.embed.weight.device

    @property
    def dtype(self):
        """The type of the parameters."""
        return self.embed.weight.dtype

    # ---- Weights, both ways

    def to_numpy(self):
        """A NumPy captioner like the one that this module was made from, with its parameters."""
        model = _without_params(self._numpy_model)
        model.dtype = np.dtype(str(self.dtype).removeprefix("torch.")).type
        model.params = self.numpy_params()
        return model

    def numpy_params(self):
        """Copies of the parameters, as the course has them: arrays by name."""
        return {name: self.numpy_of(name, self.get_parameter(place.name))
                for name, place in self.places_of.items()}

    def numpy_grads(self):
        """Copies of the gradients that `loss(...).backward()` left, by the same names."""
        return {name: self.numpy_of(name, self.get_parameter(place.name).grad)
                for name, place in self.places_of.items()}

    def numpy_of(self, name, tensor):
        """A copy of a tensor that is laid out as the parameter `name` here, as the course has it.

        So gradients, and what an optimizer remembers of them, come over like the parameters.
        """
        return self.places_of[name].from_module(tensor.detach().cpu().numpy()).copy()

    def tensor_of(self, name, array):
        """The way back: a tensor of this module's layout, type and device."""
        array = np.ascontiguousarray(self.places_of[name].to_module(np.asarray(array)))
        return torch.tensor(array, dtype=self.dtype, device=self.device)

    @torch.no_grad()
    def load_numpy(self, params):
        """Overwrite the parameters by arrays of the course's layout, by name."""
        for name, place in self.places_of.items():
            self.get_parameter(place.name).copy_(self.tensor_of(name, params[name]))

    # ---- Loss and captions

    def loss(self, features, captions):
        """How badly the module predicts each next word of true captions.

        Args:
            features: one row for each picture (N, D), or its regions (N, S, D): an array or a
                tensor.
            captions: the true captions (N, T + 1), integers: an array or a tensor.

        Returns:
            A scalar tensor; `backward()` on it leaves the gradients in the parameters. It is summed
            over the words that are not `<NULL>` and averaged over pictures, as in NumPy.
        """
        features, captions = self._features(features), self._words(captions)
        if len(features) != len(captions):
            raise ValueError(f"{len(features)} pictures, but {len(captions)} captions")
        return self(features, captions)

    def forward(self, features, captions):
        """As `loss`, of tensors that are where the parameters are. `captions` is int64."""
        words_in, words_out = captions[:, :-1], captions[:, 1:]  # (N, T) each
        h, targets = self.hidden(features, words_in, words_out)  # (M, H), (M,)
        total = F.cross_entropy(self.vocab(h), targets, ignore_index=self._null, reduction="sum")
        return total / len(captions)

    def hidden(self, features, words_in, words_out):
        """What the words get their scores from, at each place that is looked at.

        Args:
            features: (N, D) or (N, S, D).
            words_in, words_out: the words that are read, and those to be predicted (N, T).

        Returns:
            h: vectors (M, H), one for each place.
            targets: the words to be predicted there (M,); `<NULL>` does not count.
        """
        raise NotImplementedError

    @torch.no_grad()
    def sample(self, features, max_length=30):
        """Write a caption for each picture, always taking the word with the best score.

        Args:
            features: one row for each picture (N, D), or its regions (N, S, D).
            max_length: how many words at most.

        Returns:
            Words as numbers, an int64 tensor (N, max_length): no `<START>`, and `<NULL>` after a
            row's `<END>`.
        """
        if self._start is None:
            raise ValueError("sample: word_to_idx has no '<START>', so there is no first word to "
                             "feed")
        features = self._features(features)
        N = len(features)
        captions = torch.full((N, max_length), self._null, device=self.device)
        state = self.first_state(features)
        word = torch.full((N,), self._start, device=self.device)
        ended = torch.zeros(N, dtype=torch.bool, device=self.device)
        for t in range(max_length):
            scores, state = self.next_scores(word, state)
            word = scores.argmax(dim=1).masked_fill(ended, self._null)
            captions[:, t] = word
            ended |= word == self._end
            if ended.all():
                break
        return captions

    def first_state(self, features):
        """The state before the first word: a list of tensors whose first axis is N."""
        raise NotImplementedError

    def next_scores(self, word, state):
        """Read a word (N,); returns the scores of each next word (N, V), and the next state."""
        raise NotImplementedError

    def _features(self, features):
        """Features as a tensor of the module's type and device; their sizes must fit."""
        features = torch.as_tensor(features)
        fits = tuple(self.sizes[letter] for letter in ("S", "D") if letter in self.sizes)
        if tuple(features.shape[1:]) != fits:
            raise ValueError(f"features have shape {tuple(features.shape)}, expected (N, "
                             f"{', '.join(map(str, fits))})")
        return features.to(self.device, self.dtype)

    def _words(self, captions):
        """Captions as an int64 tensor on the module's device."""
        captions = torch.as_tensor(captions)
        V = len(self.word_to_idx)
        if captions.ndim != 2 or captions.shape[1] < 2 or captions.is_floating_point():
            raise ValueError(f"captions are {captions.dtype} of shape {tuple(captions.shape)}, "
                             "expected integers (N, T + 1)")
        if captions.numel() and not 0 <= int(captions.min()) <= int(captions.max()) < V:
            raise ValueError(f"captions hold the words {int(captions.min())} to "
                             f"{int(captions.max())}, expected 0 to {V - 1}")
        return captions.to(self.device, torch.int64)


def torch_dtype(dtype):
    """The type of PyTorch that has the same name as NumPy's, such as `torch.float32`."""
    return getattr(torch, np.dtype(dtype).name)


def _without_params(model):
    """A copy of a NumPy captioner without its parameters, and without its work arrays."""
    bare = copy.copy(model)
    bare.params = {}
    if hasattr(bare, "room"):
        bare.room = type(bare.room)()
    return bare


# ---- With a recurrent network -------------------------------------------------------------------


class RecurrentModule(CaptioningModule):
    """`CaptioningRNN` as a module: one vector a picture (N, D)."""

    CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM}

    def __init__(self, model):
        super().__init__(model)
        if model.cell_type not in self.CELLS:
            raise ValueError(f"CaptioningModule.from_numpy: cell_type is {model.cell_type!r}, "
                             f"expected {' or '.join(map(repr, self.CELLS))}")
        self.cell_type = model.cell_type
        V, W, D, H = (self.sizes[letter] for letter in "VWDH")
        self.embed, self.proj = nn.Embedding(V, W), nn.Linear(D, H)
        self.cell = self.CELLS[model.cell_type](W, H, batch_first=True)
        self.vocab = nn.Linear(H, V)
        nn.init.zeros_(self.cell.bias_hh_l0).requires_grad_(False)
        gates = 4 if model.cell_type == "lstm" else 1
        self.places_of = {
            "W_embed": Place("embed.weight"), **affine("W_proj", "b_proj", "proj"),
            "Wx": Place("cell.weight_ih_l0", gates), "Wh": Place("cell.weight_hh_l0", gates),
            "b": Place("cell.bias_ih_l0", gates), **affine("W_vocab", "b_vocab", "vocab")}

    def hidden(self, features, words_in, words_out):
        h, targets = self.run_cell(self.proj(features), words_in, words_out)
        return (h.data, targets.data) if self.packed else (h.flatten(0, 1), targets.flatten())

    def run_cell(self, h0, words_in, words_out):
        """The hidden states after each word, from h0 (N, H) on, and the words to be predicted.

        Both are rectangles, (N, T, H) and (N, T), or, if captions are packed, a `PackedSequence`
        each, in the same order.
        """
        x = self.embed(words_in)  # (N, T, W)
        if self.packed:
            lengths = lengths_of(words_out != self._null)
            x, words_out = (nn.utils.rnn.pack_padded_sequence(
                rectangle, lengths, batch_first=True, enforce_sorted=False)
                for rectangle in (x, words_out))
        h, _ = self.cell(x, self._cell_state(h0))
        return h, words_out

    def _cell_state(self, h0):
        """The first state as PyTorch's cells want it: (1, N, H), for an LSTM two of these."""
        h0 = h0[None]
        return (h0, torch.zeros_like(h0)) if self.cell_type == "lstm" else h0

    def first_state(self, features):
        h0 = self.proj(features)
        return [h0, torch.zeros_like(h0)] if self.cell_type == "lstm" else [h0]

    def next_scores(self, word, state):
        state = self.step(word, state)
        return self.vocab(state[0]), state

    def step(self, word, state):
        """The state after one more word (N,): `[h]`, or `[h, c]` for an LSTM, (N, H) each."""
        state = tuple(part[None] for part in state)
        _, state = self.cell(self.embed(word)[:, None],
                             state if self.cell_type == "lstm" else state[0])
        return [part[0] for part in (state if self.cell_type == "lstm" else [state])]


def lengths_of(counts):
    """How many words each caption has up to the last that counts (N,), but at least 1.

    Args:
        counts: True where a word counts (N, T).

    Returns:
        A tensor on the CPU, where PyTorch wants the lengths of packed sequences.
    """
    steps = torch.arange(1, counts.shape[1] + 1, device=counts.device)
    return (steps * counts).amax(dim=1).clamp(min=1).cpu()


class AttentionModule(RecurrentModule):
    """`CaptioningAttention` as a module: a recurrent network that looks at regions (N, S, D)."""

    def __init__(self, model):
        super().__init__(model)
        S, H = self.sizes["S"], self.sizes["H"]
        self.places = nn.Parameter(torch.zeros(S, H))
        self.mix = nn.Linear(2 * H, H)
        self.places_of |= {"places": Place("places"), **affine("W_mix", "b_mix", "mix")}

    def looked_at(self, features):
        """The vectors of the regions (N, S, H): their features, and where they are."""
        return self.proj(features) + self.places

    def hidden(self, features, words_in, words_out):
        looked_at = self.looked_at(features)
        h, _ = self.run_cell(looked_at.mean(dim=1), words_in, words_out)
        if not self.packed:
            return self.look(h, looked_at).flatten(0, 1), words_out.flatten()
        # Attention is where the words of a caption have to stand together again.
        h, _ = nn.utils.rnn.pad_packed_sequence(h, batch_first=True)  # as long as the longest
        words_out = words_out[:, : h.shape[1]]
        counts = words_out != self._null
        return self.look(h, looked_at)[counts], words_out[counts]

    def look(self, h, looked_at):
        """Hidden states (N, T, H) mixed with what they take from the regions (N, S, H)."""
        heard = F.scaled_dot_product_attention(h, looked_at, looked_at)
        return torch.tanh(self.mix(torch.cat([h, heard], dim=2)))

    def first_state(self, features):
        looked_at = self.looked_at(features)
        h0 = looked_at.mean(dim=1)
        cell_state = [torch.zeros_like(h0)] if self.cell_type == "lstm" else []
        return [h0, *cell_state, looked_at]

    def next_scores(self, word, state):
        *state, looked_at = state
        state = self.step(word, state)
        mixed = self.look(state[0][:, None], looked_at)[:, 0]
        return self.vocab(mixed), [*state, looked_at]


# ---- Without recurrence -------------------------------------------------------------------------


class TransformerModule(CaptioningModule):
    """`CaptioningTransformer` as a module: every word looks at those before it and at regions."""

    def __init__(self, model):
        super().__init__(model)
        V, E, D, S = (self.sizes[letter] for letter in "VEDS")
        hidden = model.params["layer0_feed_b1"].shape[0]
        self.embed, self.proj = nn.Embedding(V, E), nn.Linear(D, E)
        self.places = nn.Parameter(torch.zeros(S, E))
        self.layers = nn.ModuleList(DecoderLayer(E, model.num_heads, hidden)
                                    for _ in range(model.num_layers))
        self.vocab = nn.Linear(E, V)
        self.places_of = {"W_embed": Place("embed.weight"), **affine("W_proj", "b_proj", "proj"),
                          "places": Place("places")}
        for layer in range(model.num_layers):
            self.places_of |= {f"layer{layer}_{name}": place._replace(name=f"layers.{layer}."
                                                                           f"{place.name}")
                               for name, place in DecoderLayer.places_of().items()}
        self.places_of |= affine("W_vocab", "b_vocab", "vocab")
        self._positions = torch.empty(0, E)

    def positions(self, T):
        """The vectors of the first T time steps (T, E), in the module's type, on its device."""
        known = self._positions
        if len(known) < T or known.dtype != self.dtype or known.device != self.device:
            known = torch.tensor(positional_encoding(T, self.sizes["E"]), dtype=self.dtype,
                                 device=self.device)
            self._positions = known
        return known[:T]

    def hidden(self, features, words_in, words_out):
        if self.packed:  # no further than the longest caption
            T = int(lengths_of(words_out != self._null).max())
            words_in, words_out = words_in[:, :T], words_out[:, :T]
        memory = self.proj(features) + self.places  # (N, S, E)
        x = self.embed(words_in) + self.positions(words_in.shape[1])  # (N, T, E)
        for layer in self.layers:
            x = layer(x, x, memory, is_causal=True)
        if not self.packed:
            return x.flatten(0, 1), words_out.flatten()
        counts = words_out != self._null
        return x[counts], words_out[counts]

    def first_state(self, features):
        """What can be looked at (N, S, E); for each layer, what has come into it (N, 0, E)."""
        memory = self.proj(features) + self.places
        return [memory, *(memory[:, :0] for _ in self.layers)]

    def next_scores(self, word, state):
        memory, *inputs = state
        position = inputs[0].shape[1]  # how many words were read before this one
        x = (self.embed(word) + self.positions(position + 1)[-1])[:, None]  # (N, 1, E)
        for i, layer in enumerate(self.layers):
            inputs[i] = torch.cat([inputs[i], x], dim=1)
            x = layer(x, inputs[i], memory)
        return self.vocab(x[:, 0]), [memory, *inputs]


class DecoderLayer(nn.Module):
    """One layer of a decoder: look at the words, look at the picture, think; see
    `cs231n.attention_layers.decoder_layer_forward`.

    Args:
        E: numbers in a vector.
        num_heads: K, a divisor of E.
        hidden: numbers in the hidden layer of the feed-forward network.
    """

    def __init__(self, E, num_heads, hidden):
        super().__init__()
        self.num_heads = num_heads
        for part in ("self", "cross"):
            looks = {name: nn.Linear(E, E) for name in PROJECTIONS}
            setattr(self, f"{part}_looks", nn.ModuleDict(looks))
        self.feed = nn.Sequential(nn.Linear(E, hidden), nn.ReLU(), nn.Linear(hidden, E))
        self.norms = nn.ModuleDict({part: nn.LayerNorm(E, eps=1e-5) for part in PARTS})

    @staticmethod
    def places_of():
        """Where the parameters of a layer are, by the names of `decoder_layer_forward`."""
        places = {}
        for part in PARTS:
            if part == "feed":
                places |= affine("feed_W1", "feed_b1", "feed.0")
                places |= affine("feed_W2", "feed_b2", "feed.2")
            else:
                for name in PROJECTIONS:
                    places |= affine(f"{part}_W_{name}", f"{part}_b_{name}", f"{part}_looks.{name}")
            places |= {f"{part}_gamma": Place(f"norms.{part}.weight"),
                       f"{part}_beta": Place(f"norms.{part}.bias")}
        return places

    def forward(self, x, words, memory, is_causal=False):
        """Vectors x (N, T, E) look at `words` (N, U, E), then at `memory` (N, S, E).

        With `is_causal`, a vector sees no word after its own; `words` is then x itself.
        """
        x = self.norms["self"](x + self.look(self.self_looks, x, words, is_causal))
        x = self.norms["cross"](x + self.look(self.cross_looks, x, memory))
        return self.norms["feed"](x + self.feed(x))

    def look(self, looks, x, sources, is_causal=False):
        """Attention with several heads: what x (N, T, E) takes from sources (N, U, E)."""
        query, key, value = (
            looks[name](vectors).unflatten(2, (self.num_heads, -1)).transpose(1, 2)
            for name, vectors in (("query", x), ("key", sources), ("value", sources)))
        taken = F.scaled_dot_product_attention(query, key, value, is_causal=is_causal)
        return looks["out"](taken.transpose(1, 2).flatten(2))


MODULES = {CaptioningTransformer: TransformerModule, CaptioningAttention: AttentionModule,
           CaptioningRNN: RecurrentModule}
