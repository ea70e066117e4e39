"""Train a captioner from the command line: `python -m cs231n.train --help`."""

import argparse
import contextlib
import math
import os
import sys
import time

import numpy as np

from cs231n.captioning_solver import CaptioningSolver
from cs231n.checkpoints import CheckpointError, full_path, write_elsewhere
from cs231n.classifiers.attention import CaptioningAttention
from cs231n.classifiers.fast_attention import FastCaptioningAttention
from cs231n.classifiers.fast_rnn import FastCaptioningRNN
from cs231n.classifiers.fast_transformer import FastCaptioningTransformer
from cs231n.classifiers.rnn import CELLS, CaptioningRNN
from cs231n.classifiers.transformer import CaptioningTransformer
from cs231n.coco_utils import decode_captions, load_coco_data, regions_as_features
from cs231n.decoding import beam_search
from cs231n.keeping import NotSaved
from cs231n.looking import look_table
from cs231n.metrics import plain, references_of, scenes_of, score_table, truth_table
from cs231n.saved_run import read_run

EPILOG = """\
examples:
  python -m cs231n.train                         an RNN on the default data
  python -m cs231n.train --cell lstm --checkpoint out/lstm
  python -m cs231n.train --cell lstm --checkpoint out/lstm --resume
  python -m cs231n.train --status out/lstm       how far is that run?
  python -m cs231n.train --model attention --epochs 4 --lr-decay 0.4
  python -m cs231n.train --model transformer --epochs 3 --lr-decay 0.2
  python -m cs231n.train --engine torch          on a GPU, if there is one
  torchrun --nproc-per-node 2 -m cs231n.train --engine torch

With --resume, the same command goes on where the checkpoint is, or starts if
there is none yet. Options that are left out are then as in the checkpoint.
Those of the data, the model, the rule and the batch cannot differ from it; how
long to train, and how often to print, validate and keep, can. Ctrl-C stops
after the iteration that is under way and keeps everything. A trained model is
in its checkpoint: in Python, CaptioningSolver.resume(path, model, data) puts
its parameters into a model.
"""


# What a captioner is made of: the readable class, and the fast one.
MODELS = {
    "vector": (CaptioningRNN, FastCaptioningRNN),
    "attention": (CaptioningAttention, FastCaptioningAttention),
    "transformer": (CaptioningTransformer, FastCaptioningTransformer),
}
WIDTH, WIDTH_OF_TRANSFORMER = 256, 128  # of word vectors, unless --wordvec says otherwise
BATCH, BATCH_OF_TRANSFORMER = 100, 50  # captions in a minibatch, unless --batch-size says otherwise


def main(arguments=None):
    """Run the command; returns the exit code: 0, 1 after an error, 130 after Ctrl-C."""
    parser = make_parser()
    args = parser.parse_args(arguments)
    args.given = given_options(arguments)
    if args.resume and not args.checkpoint:
        parser.error("--resume needs --checkpoint PATH")
    check_engine(parser, args)
    try:
        return show_status(args.status) if args.status else run(args)
    except (OSError, ValueError, FloatingPointError, MemoryError, RuntimeError,
            ImportError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before or after training: there was nothing to keep
        return 130


def make_parser():
    """The options of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m cs231n.train", usage="%(prog)s [options]",
        description="Train a captioner and see how good it is.", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument_group("data and model").add_argument
    add("--data", metavar="FOLDER", help="folder of a data set (default: COCO if it is there, "
        "else Emoji Scenes)")
    add("--max-train", type=whole(1), metavar="N", help="train on N captions drawn at random")
    add("--model", choices=list(MODELS), default="vector", help="what the captioner has of a "
        "picture: one vector; or regions to look at, after a recurrent network (attention) or "
        "with a transformer (default: vector)")
    add("--cell", choices=list(CELLS), default="rnn",
        help="cell type of a recurrent network (default: rnn)")
    add("--hidden", type=whole(1), default=256, metavar="H", help="hidden state (default: 256)")
    add("--wordvec", type=whole(1), metavar="W", help=f"word vector (default: {WIDTH}); of a "
        f"transformer, all its vectors (default: {WIDTH_OF_TRANSFORMER})")
    add("--heads", type=whole(1), default=4, metavar="K", help="of a transformer (default: 4)")
    add("--layers", type=whole(1), default=2, metavar="L", help="of a transformer (default: 2)")
    add("--plain", action="store_true", help="the readable model instead of the fast one")
    add("--seed", type=whole(0), default=231, help="of all random numbers (default: 231)")

    add = parser.add_argument_group("training").add_argument
    add("--rule", choices=["sgd", "sgd_momentum", "rmsprop", "adam"], default="adam",
        help="update rule (default: adam)")
    add("--learning-rate", type=positive, default=2e-3, metavar="LR", help="default: 0.002")
    add("--lr-decay", type=positive, default=0.7, metavar="F",
        help="factor of the learning rate after each epoch (default: 0.7)")
    add("--batch-size", type=whole(1), metavar="N", help="captions in a minibatch (default: "
        f"{BATCH}; for a transformer {BATCH_OF_TRANSFORMER})")
    add("--epochs", type=whole(1), default=10, metavar="N", help="default: 10")
    add("--clip-norm", type=positive, metavar="X", help="longest gradient (default: no limit)")
    add("--print-every", type=whole(1), default=100, metavar="N",
        help="iterations between two printed losses (default: 100)")

    add = parser.add_argument_group("engine").add_argument
    add("--engine", choices=["numpy", "torch"], default="numpy",
        help="what computes: NumPy, or PyTorch, which `make pytorch` installs (default: numpy)")
    add("--device", default="auto", metavar="D", help="of PyTorch: cpu, cuda, cuda:1 or mps "
        "(default: a GPU of NVIDIA's if there is one, else cpu)")
    add("--precision", choices=["float32", "bf16"], default="float32",
        help="of PyTorch's products; bf16 is mixed precision (default: float32)")
    add("--compile", action="store_true", help="let PyTorch compile a step; needs a C++ compiler")

    add = parser.add_argument_group("safety").add_argument
    add("--checkpoint", metavar="PATH", help="keep a checkpoint in this file (.npz)")
    add("--checkpoint-every", type=whole(1), default=100, metavar="N",
        help="iterations between two checkpoints (default: 100)")
    add("--resume", action="store_true", help="go on from the checkpoint, if there is one")
    add("--status", metavar="PATH", help="say how far the run with this checkpoint is, and stop")

    add = parser.add_argument_group("evaluation").add_argument
    add("--eval-every", type=whole(0), default=200, metavar="N",
        help="iterations between two validations; 0 for none (default: 200)")
    add("--eval-size", type=whole(1), default=500, metavar="N",
        help="captions and pictures of a validation (default: 500)")
    add("--final-size", type=whole(0), default=2000, metavar="N",
        help="pictures that are captioned and scored at the end; 0 for none (default: 2000)")
    add("--beam", type=whole(1), default=1, metavar="K",
        help="width of the beam at the end (default: 1, greedy)")
    return parser


def check_engine(parser, args):
    """Refuse options that the NumPy engine does not know, and those of the other's twin."""
    of_torch = [name for name in ("device", "precision", "compile") if name in args.given]
    if args.engine == "numpy" and of_torch:
        parser.error(f"--{of_torch[0]} needs --engine torch")
    if args.engine == "torch" and "plain" in args.given:
        parser.error("--plain is of the NumPy engine, and means nothing with --engine torch")
    if args.engine == "numpy" and int(os.environ.get("WORLD_SIZE", 1)) > 1:
        parser.error("torchrun has started several processes, but NumPy trains in one: add "
                     "--engine torch")


def given_options(arguments):
    """The options that were given, without those that have their default: a dictionary."""
    parser, not_given = make_parser(), object()
    names = vars(parser.parse_args([]))
    options = parser.parse_args(arguments, argparse.Namespace(**dict.fromkeys(names, not_given)))
    return {name: value for name, value in vars(options).items() if value is not not_given}


def whole(smallest):
    """An argument type: whole numbers from `smallest` on."""
    def whole_number(text):
        if not text.isdecimal() or int(text) < smallest:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number of at least {smallest}")
        return int(text)

    return whole_number


def positive(text):
    """An argument type: finite numbers above zero."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


# ---- The run ------------------------------------------------------------------------------------

# Options that make a run what it is, and those of `CaptioningSolver` that may change on the way.
OF_THE_RUN = ("max_train", "model", "cell", "hidden", "wordvec", "heads", "layers", "plain", "seed",
              "rule", "learning_rate", "batch_size")
CHANGEABLE = {"lr_decay": "lr_decay", "epochs": "num_epochs", "print_every": "print_every",
              "clip_norm": "clip_norm", "eval_every": "eval_every", "eval_size": "eval_size",
              "checkpoint_every": "checkpoint_every"}


class NumpyEngine:
    """What computes a run: NumPy, in this process. (`TorchEngine` has the same attributes.)"""

    solver_class = CaptioningSolver
    is_first = True  # of several processes, one prints, judges and writes
    settings = {}  # keywords of the solver that this process needs

    def agreed(self, value):
        """Whether the first process found something to be so."""
        return value

    def host(self, model):
        """A captioner as the solver wants it."""
        return model

    def trained(self, model):
        """What `host` returned, as a NumPy captioner."""
        return model


def run(args):
    """Choose the engine, and let it run."""
    if args.engine == "numpy":
        return run_with(NumpyEngine(), args)
    from cs231n.training_pytorch import torch_engine  # only here: PyTorch is optional

    with torch_engine(args) as engine:
        return run_with(engine, args)


def run_with(engine, args):
    """Load, train, evaluate."""
    exists = bool(args.checkpoint) and full_path(args.checkpoint).exists()
    going_on = engine.agreed(exists)
    if going_on and not args.resume:
        raise FileExistsError(f"{full_path(args.checkpoint)} is the checkpoint of a run. Add "
                              "--resume to go on with it, or name another file.")
    if going_on and not exists:
        raise FileNotFoundError(f"this process does not see {full_path(args.checkpoint)}, which "
                                "the first one goes on with: processes on several machines need "
                                "the checkpoint in a folder that they share.")
    if going_on:
        take_options_of_checkpoint(args)
    elif not args.checkpoint:
        print("The trained model will not be kept: to keep it, add --checkpoint PATH.")
    np.random.seed(args.seed)
    data = load_coco_data(args.data, max_train=args.max_train, regions=args.model != "vector")
    if args.model != "vector":
        data = regions_as_features(data)
    model = engine.host(make_model(args, data))
    solver = (go_on if going_on else start)(engine, args, model, data)
    not_saved = train(solver)
    if not solver.finished:
        return 130
    if args.final_size and engine.is_first:
        with keeps_the_model(solver):
            print(evaluation(engine.trained(model), data, args.final_size, args.beam))
    if not_saved:
        raise not_saved
    return 0


def make_model(args, data):
    """The captioner that was asked for, of sizes that fit the data."""
    model_class = MODELS[args.model][0 if args.plain else 1]
    *regions, input_dim = data["train_features"].shape[1:]
    sizes = {"input_dim": input_dim, "wordvec_dim": args.wordvec or WIDTH}
    if regions:
        sizes["num_regions"] = regions[0]
    if args.model == "transformer":
        sizes |= {"wordvec_dim": args.wordvec or WIDTH_OF_TRANSFORMER, "num_heads": args.heads,
                  "num_layers": args.layers}
    else:
        sizes |= {"hidden_dim": args.hidden, "cell_type": args.cell}
    return model_class(data["word_to_idx"], **sizes)


def train(solver):
    """Train, and return the error that the trained model could not be saved, if it could not."""
    # A loss that is lost ends the run with a sentence; NumPy's warnings on the way there say less.
    with keeps_the_model(solver), np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        try:
            solver.train()
        except NotSaved as error:  # the model is still here, and its scores can be told
            return error
    return None


@contextlib.contextmanager
def keeps_the_model(solver):
    """If judging a trained model fails, it must not be lost with its scores."""
    try:
        yield
    except (FloatingPointError, CheckpointError):  # not worth keeping; not this run's to keep
        raise
    except Exception as error:
        if not solver.finished:
            raise
        path = solver.checkpoint_path or write_elsewhere("model", solver.content())[0]
        where = f"the trained model is in {path}" if path else "the trained model is NOT saved"
        raise RuntimeError(f"the model could not be judged ({type(error).__name__}: {error}); "
                           f"{where}") from error


def start(engine, args, model, data):
    """A new solver."""
    settings = {keyword: getattr(args, option) for option, keyword in CHANGEABLE.items()}
    settings |= {"checkpoint_path": args.checkpoint, **engine.settings}
    if args.batch_size is None:
        args.batch_size = BATCH_OF_TRANSFORMER if args.model == "transformer" else BATCH
    solver = engine.solver_class(
        model, data, update_rule=args.rule, optim_config={"learning_rate": args.learning_rate},
        batch_size=args.batch_size, **settings)
    solver.notes = {"data": args.data, **{name: getattr(args, name) for name in OF_THE_RUN}}
    return solver


def go_on(engine, args, model, data):
    """The solver of the checkpoint, with the changes that were asked for."""
    changes = {keyword: args.given[option] for option, keyword in CHANGEABLE.items()
               if option in args.given}
    return engine.solver_class.resume(args.checkpoint, model, data, **changes, **engine.settings)


def take_options_of_checkpoint(args):
    """Fill in options that were not given as the checkpoint says, and refuse those that differ."""
    path = full_path(args.checkpoint)
    known = options_of(read_run(path))
    differ = []
    for name in OF_THE_RUN:
        given, option = args.given.get(name), "--" + name.replace("_", "-")
        if name not in args.given:
            setattr(args, name, known.get(name, getattr(args, name)))
        elif name in known and given != known[name]:
            differ.append(f"{option} is {given}, but was {known[name] or 'not given'}")
        elif name not in known and name in ("seed", "learning_rate"):  # only used at the start
            differ.append(f"{option} is {given}, but the checkpoint does not say what it was")
    if differ:
        raise ValueError(f"{path} is the checkpoint of another run: {'; '.join(differ)}. Leave the "
                         "option out to go on with that run, or name another file.")
    if "data" not in args.given:
        args.data = known.get("data", args.data)


def options_of(content):
    """The options of a run as far as its checkpoint says: those of this command's and others'."""
    settings, params = content["settings"], content["params"]
    known = {"cell": content["model"].get("cell type") or "rnn", "rule": settings["update_rule"],
             "batch_size": settings["batch_size"], **settings.get("optim_config", {})}
    if "W_embed" in params and "W_proj" in params:
        known.update(wordvec=params["W_embed"].shape[-1], hidden=params["W_proj"].shape[-1])
    known["model"] = ("vector" if "places" not in params else
                      "attention" if "W_mix" in params else "transformer")
    if known["model"] == "transformer":
        known["layers"] = sum(name.endswith("_feed_W1") for name in params)
        known["heads"] = content["model"].get("heads", 4)
        del known["hidden"]
    notes = content.get("notes", {})
    defaults = vars(make_parser().parse_args([]))
    for name in (*OF_THE_RUN, "data"):
        if name not in notes:
            continue
        sort = {"max_train": int, "data": str, "wordvec": int,
                "batch_size": int}.get(name, type(defaults[name]))
        if isinstance(notes[name], sort) or notes[name] is defaults[name]:
            known.setdefault(name, notes[name])
    return known


def evaluation(model, data, size, beam):
    """Scores of captions of `size` validation pictures, beside the baselines: a text."""
    references = references_of(data)
    # COCO has a few pictures whose captions were all too long for the data set. One caption of a
    # picture stands for a person, so pictures should have two; a data set may have none like that.
    enough = 2 if any(len(captions) > 1 for captions in references) else 1
    pictures = [i for i, captions in enumerate(references) if len(captions) >= enough][:size]
    remark = "" if enough == 2 else ("\nEach picture has one caption only: there is none left over "
                                     "to score people by, so their row is left out.")
    captions = write_captions(model, data, data["val_features"][pictures], beam)
    training = plain(decode_captions(data["train_captions"], data["idx_to_word"]))
    scenes = scenes_of(data["val_urls"][pictures])
    table = score_table({"this model": captions}, [references[i] for i in pictures], training,
                        scenes)
    text = f"\n{table}{remark}"
    if scenes is not None:
        text += f"\n\n{truth_table(captions, scenes)}"
        if hasattr(model, "next_scores_and_looks"):
            features, length = data["val_features"][pictures], data["val_captions"].shape[1]
            text += f"\n\n{look_table(model, features, scenes, data['idx_to_word'], length)}"
    return text


def write_captions(model, data, features, beam):
    """Captions as texts, by greedy decoding or, for a beam wider than 1, by beam search."""
    length = data["val_captions"].shape[1]
    texts = []
    for start in range(0, len(features), 100):
        words = beam_search(model, features[start : start + 100], beam, length)
        texts += plain(decode_captions(words, data["idx_to_word"]))
    return texts


def show_status(path):
    """Print what the checkpoint of a run says; the run goes on undisturbed."""
    content = read_run(path)
    done, last = content["iteration"], content["last_iteration"]
    minutes = (time.time() - full_path(path).stat().st_mtime) / 60
    of_all = f"of {last} ({100 * done / last:.0f} %)" if last else "before training"
    print(f"iteration {done} {of_all}, written {minutes:.1f} minutes ago")
    if done:
        print(f"loss: {content['loss_history'][-1]:f}")
    if content["val_iterations"]:
        true = content["val_true_history"][-1]
        captions = "" if true is None else f", true captions: {100 * true:.1f} %"
        print(f"validation loss: {content['val_loss_history'][-1]:f}{captions} "
              f"(iteration {content['val_iterations'][-1]})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
