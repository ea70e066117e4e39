"""The PyTorch engine of the training command: `python -m cs231n.train --engine torch`.

The run is that of `CaptioningSolver`: the same minibatches from the same random numbers, the same
checkpoints, validation and safety. Here a step of it is PyTorch's: forward and backward pass and
the update happen where the module is, on a processor or a GPU, and over several processes where
`torchrun` has started some. Parameters come back as arrays when they are written or compared.
"""

import contextlib
import math
import os
import re
import shutil
import socket

from cs231n.captioning_solver import CaptioningSolver
from cs231n.checkpoints import full_path
from cs231n.classifiers.module_pytorch import CaptioningModule
from cs231n.coco_utils import sample_coco_minibatch
from cs231n.import_pytorch import torch
from cs231n.optim_pytorch import Updates
from cs231n.processes_pytorch import (
    AgreedStop,
    Processes,
    all_processes,
    started_by_torchrun,
)
from cs231n.saved_run import read_run

DEVICES = ("cpu", "cuda", "mps")
PRECISIONS = {"float32": torch.float32, "bf16": torch.bfloat16}
ALONE = Processes()


# ---- The model ----------------------------------------------------------------------------------


class HostedModel:
    """A captioner as `CaptioningSolver` wants it, whose parameters live in a PyTorch module.

    Args:
        model: the NumPy captioner; its parameters are copied.
        device: a `torch.device`.
        precision: "float32", or "bf16" for products in bfloat16 (mixed precision: parameters,
            gradients, sums and the loss stay in float32).
        compiled: whether `torch.compile` turns a step into a program of its own.
        processes: those of the run.

    Attributes:
        module: the `CaptioningModule`.
        params: copies of the parameters, as the course has them.
        The rest is what a checkpoint compares models by.
    """

    def __init__(self, model, device=None, precision="float32", compiled=False, processes=ALONE):
        self.word_to_idx, self.processes = model.word_to_idx, processes
        for name in ("cell_type", "num_heads"):
            if hasattr(model, name):
                setattr(self, name, getattr(model, name))
        self.module = CaptioningModule.from_numpy(model, packed=not compiled)
        self.module.to(device or torch.device("cpu"))
        if compiled:
            self.module.compile()
        self._step = processes.parallel(self.module)
        self._precision = PRECISIONS[precision]

    @property
    def params(self):
        return self.module.numpy_params()

    def backward(self, features, captions, N):
        """Leave the gradients of the whole minibatch in the parameters.

        Args:
            features, captions: this process's share of a minibatch.
            N: how many captions the whole minibatch has.

        Returns:
            What the share adds to the loss of the minibatch, a tensor.
        """
        self.module.zero_grad(set_to_none=True)
        with self._mixed():
            mean = self._step(*self._tensors(features, captions))
        part = mean * (len(captions) / N)
        # Gradients are averaged over the processes, the parts of the loss are to be added up.
        (part * self.processes.count).backward()
        return part.detach()

    @torch.no_grad()
    def loss(self, features, captions):
        """The loss, a number, of this process alone, and None for the gradients."""
        with self._mixed():  # what is compiled is compiled for a whole minibatch: not for this
            return self.module.forward(*self._tensors(features, captions)).item(), None

    def sample(self, features, max_length=30):
        """Captions as `CaptioningRNN.sample` writes them."""
        with self._mixed():
            return self.module.sample(features, max_length).cpu().numpy()

    def _tensors(self, features, captions):
        module = self.module
        return (torch.as_tensor(features).to(module.device, module.dtype),
                torch.as_tensor(captions).to(module.device, torch.int64))

    def _mixed(self):
        return torch.autocast(self.module.device.type, torch.bfloat16,
                              enabled=self._precision == torch.bfloat16)


# ---- The run ------------------------------------------------------------------------------------


class TorchSolver(CaptioningSolver):
    """`CaptioningSolver` for a `HostedModel`; arguments, attributes and errors are the same."""

    def __init__(self, model, data, **settings):
        super().__init__(model, data, **settings)
        self._processes = model.processes
        if self.batch_size < self._processes.count:
            raise ValueError(f"CaptioningSolver: batch_size is {self.batch_size}, but there are "
                             f"{self._processes.count} processes, and each needs a caption")
        self._parameters = [p for p in model.module.parameters() if p.requires_grad]
        self._updates = Updates(model.module, self.update_rule, self.optim_configs)
        if self._validation is not None:
            self._validation = JudgedByTheFirst(self._validation, self._processes)

    def _ctrl_c(self):
        self._stop = AgreedStop(self._processes)
        return self._stop

    def _step(self):
        """One iteration, of which each process computes its share."""
        captions, features, _ = sample_coco_minibatch(self.data, self.batch_size, split="train")
        share = self._processes.share(self.batch_size)
        self._last_batch = features[share], captions[share]
        part = self.model.backward(*self._last_batch, self.batch_size)
        loss, want_to_stop = self._processes.sums(part, self._stop.wanted)
        self._stop.agree(want_to_stop)
        self._check_loss(loss, features)
        if self.clip_norm is not None:
            norm = clip_gradients(self._parameters, self.clip_norm)
            if not math.isfinite(norm):
                self._stop_diverged(f"the norm of the gradients is {norm}", features)
        self._remember_params()
        self._updates.step(self.optim_configs)
        self.loss_history.append(loss)

    def _check_last_update(self):
        features, captions = self._last_batch
        mean, _ = self.model.loss(features, captions)
        [loss] = self._processes.sums(mean * len(captions) / self.batch_size)
        self._check_loss(loss, features, "after the last iteration")

    @torch.no_grad()
    def _remember_params(self):
        if self._last_params is None:
            self._last_params = [p.clone() for p in self._parameters]
        else:
            torch._foreach_copy_(self._last_params, self._parameters)

    @torch.no_grad()
    def _stop_diverged(self, what, features, where=None):
        if self._last_params is not None:
            torch._foreach_copy_(self._parameters, self._last_params)
            self._last_params = None
        super()._stop_diverged(what, features, where)

    def content(self):
        self._updates.remember_in(self.optim_configs)
        return super().content()

    def _restore(self, content, last_iteration):
        super()._restore(content, last_iteration)
        self.model.module.load_numpy(content["params"])
        self._updates = Updates(self.model.module, self.update_rule, self.optim_configs)


class JudgedByTheFirst:
    """A `Validation` that the first process makes, and all get to know the result of."""

    def __init__(self, validation, processes):
        self._validation, self._processes = validation, processes
        self.features = validation.features

    def loss(self, model):
        is_first = self._processes.is_first
        return self._processes.from_first(self._validation.loss(model) if is_first else 0)[0]

    def share_true(self, model):
        if self._validation.scenes is None:
            return None
        is_first = self._processes.is_first
        return self._processes.from_first(self._validation.share_true(model) if is_first else 0)[0]


@torch.no_grad()
def clip_gradients(parameters, clip_norm):
    """Scale the gradients of parameters, in place, so that together they are at most `clip_norm`
    long; returns how long they were.

    (`torch.nn.utils.clip_grad_norm_` does so too, but makes them shorter by one in a million.)
    """
    grads = [p.grad for p in parameters]
    norm = math.hypot(*torch.stack(torch._foreach_norm(grads)).tolist())
    if clip_norm < norm < math.inf:
        torch._foreach_mul_(grads, clip_norm / norm)
    return norm


# ---- For the command ----------------------------------------------------------------------------


class TorchEngine:
    """What `cs231n.train` needs to know of this engine; `NumpyEngine` there says the same.

    Attributes:
        solver_class: what trains.
        is_first: whether this process prints, judges and writes; of several, one does.
        settings: keywords of the solver that this process needs.
    """

    solver_class = TorchSolver

    def __init__(self, device, precision, compiled, processes):
        self._settings_of_model = device, precision, compiled, processes
        self._processes = processes
        self.is_first = processes.is_first
        self.settings = {} if self.is_first else {"checkpoint_path": None, "verbose": False}

    def agreed(self, value):
        """Whether the first process found something to be so."""
        return bool(self._processes.from_first(value)[0])

    def host(self, model):
        """A NumPy captioner as the solver wants it."""
        return HostedModel(model, *self._settings_of_model)

    def trained(self, model):
        """What `host` returned, as a NumPy captioner with the parameters that it has now."""
        return model.module.to_numpy()


@contextlib.contextmanager
def torch_engine(args):
    """The engine that the options ask for, while its processes talk to each other.

    If a run of several processes fails, one of them says why; the others end without a word.
    """
    with all_processes() as processes, contextlib.ExitStack() as stack:
        if not processes.is_first:
            silence = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
            stack.enter_context(contextlib.redirect_stdout(silence))
        try:
            device = pick_device(args.device)
            check_precision(args.precision, device)
            if args.compile:
                check_compiler(device)
            processes.join(device)
            yield TorchEngine(device, args.precision, args.compile, processes)
        except Exception as error:
            if processes.count > 1 and not processes.speaks():
                raise SystemExit(1) from error
            if processes.lost(error):
                raise RuntimeError(_say_lost(processes, args.checkpoint, error)) from error
            if type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
                raise RuntimeError(_say_not_compiled(error)) from error
            raise


def _say_lost(processes, checkpoint, error):
    # Of what the library says: neither the place in its code that comes first, nor its advice.
    reason = re.sub(r"^\[[^]]*\] *", "", " ".join(str(error).split())).split(". ")[0][:200]
    return (f"another of the {processes.count} processes of this run has ended, so that process "
            f"{processes.rank} on {socket.gethostname()} cannot go on ({reason}). "
            f"{_what_is_kept(checkpoint)}")


def _say_not_compiled(error):
    reason = " ".join(str(error).split())[:200]
    return (f"--compile: PyTorch's compiler failed ({reason}). A run that was killed while it "
            "compiled can leave half a file behind: delete the folder torchinductor_... among the "
            "temporary files, or leave the option out.")


def _what_is_kept(checkpoint):
    if not checkpoint:
        return "Nothing is kept: there was no --checkpoint."
    path = full_path(checkpoint)
    try:
        done = read_run(path)["iteration"]
    except (OSError, ValueError):
        return f"{path} holds no run."
    return (f"{path} holds iteration {done}: the same command with --resume goes on from there, "
            "with as many processes as you like.")


def pick_device(name):
    """The `torch.device` that `--device` names; "auto" is a GPU of this process's own, or the CPU.

    Raises:
        ValueError: there is no such device, or processes would have to share one.
    """
    several = started_by_torchrun() > 1
    local_rank = int(os.environ.get("LOCAL_RANK", 0)) if several else 0
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        name = "cuda" if gpus else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in DEVICES:
        raise ValueError(f"--device is {name!r}, expected auto, {', '.join(DEVICES)}, or one of "
                         "several, such as cuda:1")
    if device.type == "cuda" and not gpus:
        raise ValueError(f"--device {name}: PyTorch {torch.__version__} finds no NVIDIA GPU here. "
                         "Use --device cpu, or see docs/scaling.md for a build with CUDA.")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ValueError(f"--device {name}: PyTorch finds no GPU of Apple's here. Use --device "
                         "cpu.")
    if several and device.type == "mps" or several and device.index is not None:
        raise ValueError(f"--device {name}: several processes cannot share one device. Use "
                         "--device cuda, which gives each a GPU of its own, or --device cpu.")
    if device.type != "cuda":
        return device
    index = local_rank if device.index is None else device.index
    if index >= gpus:
        raise ValueError(f"--device {name}: this would be GPU {index}, but there are only {gpus} "
                         f"here, from 0 to {gpus - 1}"
                         f"{': start no more processes than that' if several else ''}.")
    torch.cuda.set_device(index)
    return torch.device("cuda", index)


def check_precision(precision, device):
    """Refuse bf16 where the device cannot compute in it."""
    if precision == "bf16" and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        raise ValueError(f"--precision bf16: {torch.cuda.get_device_name(device)} does not compute "
                         "in bfloat16. Leave the option out.")


def check_compiler(device):
    """`torch.compile` writes C++ or, on a GPU, what a C compiler has to link."""
    compilers = [os.environ.get("CXX"), "g++", "clang++", "c++", "cl"]
    if device.type != "mps" and not any(name and shutil.which(name) for name in compilers):
        raise ValueError("--compile needs a C++ compiler, and none was found (Debian, Ubuntu: sudo "
                         "apt install g++; macOS: xcode-select --install). Leave the option out.")
