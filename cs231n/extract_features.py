"""Extract the features of pictures: `python -m cs231n.extract_features --help`."""

import argparse
import os
import sys
from pathlib import Path

from cs231n.locks import LockHeld
from cs231n.photographs.extraction import extract, parts_folder
from cs231n.photographs.listing import list_pictures
from cs231n.photographs.networks import ENGINES, open_network

EPILOG = """\
examples:
  python -m cs231n.extract_features photos --out features/mine --weights vgg16.h5
  python -m cs231n.extract_features photos --captions captions.json --out features/mine
  python -m cs231n.extract_features list.txt photos --out features/mine
  torchrun --nproc-per-node 4 -m cs231n.extract_features photos --out features/mine

features/mine becomes features/mine_vgg16_fc7.h5, which `python -m cs231n.build_dataset` reads. A
run that is stopped goes on when the same command is given again. Without PyTorch, VGG-16 runs in
NumPy; other networks need PyTorch.
"""
SHOWN = 20  # pictures that could not be read and are named


def main(arguments=None):
    """Run the command; returns the exit code: 0, 1 after an error, 130 after Ctrl-C."""
    parser = make_parser()
    args = parser.parse_args(arguments)
    if not args.pictures and args.captions is None:
        parser.error("name pictures, a folder of them, or a captions file with --captions")
    try:
        return run(args)
    except LockHeld as holder:
        print(f"extract_features: {holder} does the same: wait until it ends", file=sys.stderr)
    except (OSError, ValueError, ImportError, MemoryError) as error:
        print(f"extract_features: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("extract_features: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return 1


def make_parser():
    """The options of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m cs231n.extract_features", description="Extract the features of pictures.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("pictures", nargs="*", metavar="PICTURES", help="folders, picture files, addresses, or a "
        "list of them (.txt, one a line)")
    add("--out", required=True, metavar="NAME", help="begin of the file's name; a name that ends "
        "in .h5 is taken as it is")
    add("--captions", metavar="FILE", help="the pictures that this captions file names, in its "
        "order; PICTURES are the folders in which they lie")
    add("--keep-rows", action="store_true", help="a row of zeros for a picture that cannot be "
        "read, so that row k belongs to picture k (default: no row)")
    add("--network", default="vgg16", metavar="NAME", help="vgg16, efficientnet-lite0, or "
        "torchvision:NAME (default: vgg16)")
    add("--weights", metavar="FILE", help="file of the network's weights")
    add("--engine", choices=ENGINES, default="auto", help="of VGG-16 (default: PyTorch if it is "
        "installed)")
    add("--device", metavar="NAME", help="of PyTorch, such as cpu or cuda:1")
    return parser


def run(args):
    """List the pictures, open the network, extract."""
    pictures = list_pictures(args.pictures, args.captions)
    network = open_network(args.network, weights=args.weights, engine=args.engine,
                           device=args.device)
    out = out_file(args.out, network)
    rank, workers = (int(os.environ.get(name, default))
                     for name, default in (("RANK", "0"), ("WORLD_SIZE", "1")))
    done = extract(network, pictures, out, keep_rows=args.keep_rows, rank=rank, workers=workers)
    if done is None:
        print(f"Process {rank} of {workers} has done its part; the last one joins "
              f"{parts_folder(out)}.")
        return 0
    if rank == 0 or workers == 1:
        report(out, done, network)
    return 0


def out_file(name, network):
    """`mine` becomes `mine_vgg16_fc7.h5`, or `mine_resnet50.h5`."""
    path = Path(name)
    if path.suffix == ".h5":
        return path
    what = network.describe()["network"].rpartition(":")[2]
    end = "vgg16_fc7" if what == "vgg16" else what
    return path.with_name(f"{path.name}_{end}.h5")


def report(out, done, network):
    """Say what there is, and which pictures could not be read."""
    for name, reason in done.unread[:SHOWN]:
        print(f"not read: {name}: {reason}")
    if len(done.unread) > SHOWN:
        print(f"and {len(done.unread) - SHOWN} more: the array `unread` of the file names all")
    print(f"Done: {out}, {done.rows:,} rows of {network.width:,} numbers; "
          f"{len(done.unread):,} pictures could not be read")


if __name__ == "__main__":
    sys.exit(main())
