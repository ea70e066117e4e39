"""What `check` says of functions on tensors, as learners write them."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from learners_code import defined  # noqa: E402

from cs231n.feedback import check as check_arrays  # noqa: E402
from cs231n.feedback.check_pytorch import check  # noqa: E402

STEP = "def rnn_step_forward(x, prev_h, Wx, Wh, b):\n    "
FORWARD = "def rnn_forward(x, h0, Wx, Wh, b):\n    "
LOOP = "hs, h = [], h0\n    for t in range(x.shape[1]):\n        "
FILL = "h = torch.zeros(len(x), x.shape[1], len(Wh){})\n    p = h0\n    " \
       "for t in range(x.shape[1]):\n        p = torch.tanh(x[:, t] @ Wx + p @ Wh + b)\n" \
       "        h[:, t] = p\n    return h"
EMBED = "def word_embedding_forward(x, W):\n    return "
LOSS = "def loss(self, features, captions):\n    p = self.params\n    " \
       "h = self.first_state(features)[0]\n    x = p['W_embed'][captions[:, :-1]]\n    " \
       "h = self.cell()[1](x, h, p['Wx'], p['Wh'], p['b'])\n    " \
       "s = (h @ p['W_vocab'] + p['b_vocab']).flatten(0, 1)\n    " \
       "y = captions[:, 1:].flatten()\n    N = len(features)\n    "
SAMPLE = "def sample(self, features, max_length=30):\n    s = self.first_state(features)\n    " \
         "w = torch.full((len(features),), self._start)\n    out = []\n    " \
         "for t in range(max_length):\n        z, s = self.next_scores(w, s)\n        {}\n" \
         "        out.append(w)\n    return {}"
A = "x @ Wx + prev_h @ Wh + b"
TANH = "h = torch.tanh(x[:, t] @ Wx + {} @ Wh + b)\n        hs.append(h)\n    return {}"

WRONG = {
    "detached": (STEP + f"return torch.tanh({A}).detach()", "cut off from the graph"),
    "prev_h detached": (STEP + f"return torch.tanh({A.replace('prev_h', 'prev_h.detach()')})",
                        "no gradient reaches `prev_h`"),
    "data": (STEP + f"return torch.tanh({A.replace('Wh', 'Wh.data')})", "`.data` gives"),
    "new leaf": (STEP + f"return torch.tanh({A.replace('prev_h', 'torch.tensor(prev_h)')})",
                 "new leaf"),
    "new leaf that requires": (STEP + "p = prev_h.clone().detach().requires_grad_()\n    "
                               f"return torch.tanh({A.replace('prev_h', 'p')})",
                               "no gradient reaches `prev_h`"),
    "no_grad": (STEP + f"with torch.no_grad():\n        return torch.tanh({A})",
                "`torch.no_grad()` is on"),
    "inference_mode": (STEP + f"with torch.inference_mode():\n        return torch.tanh({A})",
                       "nothing is recorded"),
    "np.tanh": (STEP + f"return np.tanh({A})", "NumPy's `tanh`"),
    "numpy()": (STEP + f"return torch.from_numpy(np.tanh(({A}).numpy()))", "NumPy's `tanh`"),
    "detach().numpy()": (STEP + f"return torch.from_numpy(np.tanh(({A}).detach().numpy()))",
                         "cut off from the graph"),
    "returns array": (STEP + f"return torch.tanh({A}).detach().numpy()", "is a NumPy array"),
    "cache": (STEP + f"return torch.tanh({A}), (x, prev_h)", "A cache is not needed"),
    "nothing": (STEP + f"torch.tanh({A})", "returns nothing"),
    "cuda": (STEP + f"return torch.tanh({A.replace('x', 'x.cuda()', 1)})", "device is fixed"),
    "cpu": (STEP + f"return torch.tanh({A.replace('x', 'x.cpu()', 1)})", "device is fixed"),
    "float()": (STEP + f"return torch.tanh({A}).float()", "dtype is lost"),
    "float32 meets": (STEP + f"return torch.tanh({A.replace('x', 'x.float()', 1)})",
                      "Float32 and float64 meet"),
    "in place argument": (STEP + "x += 1\n    x -= 1\n    " f"return torch.tanh({A})",
                          "changed in place"),
    "in place result": (STEP + f"h = torch.tanh({A})\n    g = h * h\n    h.add_(0)\n    "
                        "return h + 0 * g", "changed in place"),
    "requires_grad_ on inputs": (STEP + f"Wx.requires_grad_()\n    return torch.tanh({A})",
                                 "`requires_grad` of `Wx` is turned on"),
    "backward inside": (STEP + f"h = torch.tanh({A})\n    h.sum().backward(retain_graph=True)\n"
                        "    return h", "`backward()` is called"),
    "bias missing": (STEP + "return torch.tanh(x @ Wx + prev_h @ Wh)", "bias is missing"),
    "tanh missing": (STEP + f"return {A}", "`tanh` is missing"),
    "sigmoid": (STEP + f"return torch.sigmoid({A})", "sigmoid"),
    "tan": (STEP + f"return torch.tan({A})", "`torch.tan` is the tangent"),
    "Wx transposed": (STEP + "return torch.tanh(x @ Wx.T + prev_h @ Wh + b)", "`Wx.T`"),
    "torch unknown": (STEP + "return F.tanh(x @ Wx)", "import torch.nn.functional"),
    "astype": (STEP + f"return torch.tanh({A}).astype(float)", "`.to(dtype)`"),
    "list": (FORWARD + LOOP + TANH.format("h", "hs"), "torch.stack"),
    "tensor of list": (FORWARD + LOOP + TANH.format("h", "torch.tensor(hs)"), "torch.stack"),
    "time first": (FORWARD + LOOP + TANH.format("h", "torch.stack(hs)"), "(T, N, H)"),
    "side by side": (FORWARD + LOOP + TANH.format("h", "torch.cat(hs, dim=1)"), "torch.stack"),
    "truncated": (FORWARD + LOOP + TANH.format("h.detach()", "torch.stack(hs, 1)"), "`.detach()`"),
    "state not handed on": (FORWARD + LOOP + TANH.format("h0", "torch.stack(hs, 1)"), "h0"),
    "filled without dtype": (FORWARD + FILL.format(""), "dtype is lost"),
    "filled leaf": (FORWARD + FILL.format(", dtype=x.dtype, requires_grad=True"),
                    "without `requires_grad=True`"),
    "filled and read": (FORWARD + FILL.format(", dtype=x.dtype").replace(
        "p @ Wh", "(h[:, t - 1] if t else p) @ Wh"), "`backward()` fails"),
    "columns": (EMBED + "W.T[x]", "columns"),
    "embedding data": (EMBED + "W.data[x]", "cut off from the graph"),
    "float words": (EMBED + "W[x.float()]", "integers"),
    "loss item": (LOSS + "return F.cross_entropy(s, y, ignore_index=0, reduction='sum').item() / N",
                  "`.item()`"),
    "loss mean": (LOSS + "return F.cross_entropy(s, y, ignore_index=0)", "reduction=\"mean\""),
    "loss sum": (LOSS + "return F.cross_entropy(s, y, ignore_index=0, reduction='sum')",
                 "divided by N"),
    "loss without mask": (LOSS + "return F.cross_entropy(s, y, reduction='sum') / N", "Padding"),
    "loss softmaxed": (LOSS + "return F.cross_entropy(s.softmax(-1), y, ignore_index=0, "
                       "reduction='sum') / N", "twice"),
    "loss nll": (LOSS + "return F.nll_loss(s, y, ignore_index=0, reduction='sum') / N",
                 "log_softmax"),
    "loss not flat": (LOSS + "return F.cross_entropy(s, captions[:, 1:], reduction='sum') / N",
                      "flatten both"),
    "sample worst": (SAMPLE.format("w = z.argmin(1)", "torch.stack(out, 1)"), "argmin"),
    "sample random": (SAMPLE.format("w = torch.multinomial(z.softmax(-1), 1)[:, 0]",
                                    "torch.stack(out, 1)"), "random"),
    "sample of the state": (SAMPLE.format("w = s[0].argmax(1)", "torch.stack(out, 1)"),
                            "hidden state"),
    "sample list": (SAMPLE.format("w = z.argmax(1)", "out"), "torch.stack"),
}

RIGHT = {
    "addmm": STEP + "return torch.addmm(b, x, Wx).add(prev_h.mm(Wh)).tanh()",
    "einsum": STEP + "return torch.tanh(torch.einsum('nd,dh->nh', x, Wx) + prev_h @ Wh + b)",
    "linear": STEP + "return (F.linear(x, Wx.T, b) + F.linear(prev_h, Wh.T)).tanh()",
    "joined": STEP + "return torch.tanh(torch.cat([x, prev_h], 1) @ torch.cat([Wx, Wh]) + b)",
    "own sum in place": STEP + "a = x @ Wx\n    a += prev_h @ Wh\n    a += b\n    return a.tanh()",
    "stacked": FORWARD + LOOP + TANH.format("h", "torch.stack(hs, dim=1)"),
    "stacked and transposed": FORWARD + LOOP + TANH.format("h", "torch.stack(hs).transpose(0, 1)"),
    "catted": FORWARD + LOOP + TANH.format("h", "torch.cat([h[:, None] for h in hs], 1)"),
    "filled": FORWARD + FILL.format(", dtype=x.dtype, device=x.device"),
    "products first": FORWARD + "a = x @ Wx + b\n    " + LOOP +
    "h = torch.tanh(a[:, t] + h @ Wh)\n        hs.append(h)\n    return torch.stack(hs, 1)",
    "F.embedding": EMBED + "F.embedding(x, W)",
    "one-hot": EMBED + "F.one_hot(x.long(), len(W)).to(W.dtype) @ W",
    "cross_entropy": LOSS +
    "return F.cross_entropy(s, y, ignore_index=self._null, reduction='sum') / N",
    "masked": LOSS +
    "return (F.cross_entropy(s, y, reduction='none') * (y != self._null)).sum() / N",
    "goes on after the end": SAMPLE.format("w = z.max(1).indices", "torch.stack(out, 1)"),
}


def report_on(source):
    space = defined(source, torch=torch, **({} if "F.tanh" in source else
                                            {"F": torch.nn.functional}))
    name = source.partition("(")[0].removeprefix("def ")
    return check(space[name], more=True)


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_function_is_named(kind):
    source, says = WRONG[kind]
    report = report_on(source)
    assert report.word == "FAIL" and says in " ".join(report.hints), report


@pytest.mark.parametrize("kind", RIGHT)
def test_a_right_function_passes_in_any_style(kind):
    report = report_on(RIGHT[kind])
    assert report.word == "PASS", report


def test_random_states_and_the_default_dtype_are_left_alone():
    torch.manual_seed(5)
    np.random.seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    source = STEP + f"torch.set_default_dtype(torch.float64); torch.randn(3)\n    return {A}"
    report_on(source)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])
    assert torch.get_default_dtype() == torch.float32


def test_each_edition_has_its_own_exercises_of_the_same_names():
    assert set(check.exercises) <= {*check_arrays.exercises}
    for name, exercise in check.exercises.items():
        assert exercise is not check_arrays.exercises[name]


def test_a_function_of_tensors_is_told_apart_by_the_check_on_arrays():
    space = defined(STEP + f"return torch.tanh({A}), None", torch=torch)
    assert "check_pytorch" in str(check_arrays(space["rnn_step_forward"], more=True))
