"""Caption pictures with a trained model: `python -m cs231n.caption --help`."""

import argparse
import sys
from pathlib import Path

from cs231n.image_utils import PictureError
from cs231n.photographs.captioner import open_captioner
from cs231n.photographs.listing import list_pictures, read_picture
from cs231n.photographs.page import caption_lines, write_page
from cs231n.train import whole

EPILOG = """\
examples:
  python -m cs231n.caption emoji-scenes://val/3 --model out/lstm
  python -m cs231n.caption scene.png --model out/lstm --beams 3
  python -m cs231n.caption photos --model out/mine --weights vgg16.h5 --html captions.html

What a model reads of a picture, its data set says. Models of Emoji Scenes have a network of their
own, which comes with the course and knows the drawn scenes only. Models of a data set that was
built from the features of `python -m cs231n.extract_features` need the weights of its network.
"""


def main(arguments=None):
    """Run the command; returns the exit code: 0, 1 after an error, 130 after Ctrl-C."""
    args = make_parser().parse_args(arguments)
    try:
        return run(args)
    except (OSError, ValueError, ImportError, MemoryError) as error:
        print(f"caption: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def make_parser():
    """The options of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m cs231n.caption", description="Caption pictures with a trained model.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("pictures", nargs="+", metavar="PICTURE", help="picture files, folders of them, addresses, "
        "or a list of these (.txt, one a line)")
    add("--model", required=True, metavar="CHECKPOINT", help="the trained model, as `python -m "
        "cs231n.train --checkpoint` keeps it")
    add("--data", metavar="FOLDER", help="the data set that it was trained on (default: it is "
        "looked for)")
    add("--weights", metavar="FILE", help="weights of the network that made its features")
    add("--beams", type=whole(1), metavar="K", help="the K best captions that a beam of K finds, "
        "with their probabilities (default: the greedy caption)")
    add("--html", metavar="FILE", help="write a page of pictures and captions, too")
    return parser


def run(args):
    """List the pictures, open the model, caption, and write the page."""
    if args.html and (not Path(args.html).parent.is_dir() or Path(args.html).is_dir()):
        raise FileNotFoundError(f"--html {args.html}: expected a file in a folder that is there")
    pictures = list_pictures(args.pictures)
    captioner = open_captioner(args.model, args.data, args.weights)
    print(f"The model reads {captioner.about}.")
    entries, done = [], 0
    for picture in pictures:
        try:
            pixels = read_picture(picture)
        except PictureError as error:
            print(f"{picture.id}: not read: {error}")
            continue
        captions = captioner.captions(pixels, args.beams)
        print_captions(picture.id, captions)
        if args.html:
            entries.append((picture.id, pixels, captions))
        done += 1
    if args.html and entries:
        write_page(Path(args.html), entries, f"The model reads {captioner.about}.")
        print(f"Page: {args.html}")
    return 0 if done else 1


def print_captions(name, captions):
    """Print the captions of a picture: one beside its name, several below."""
    lines = caption_lines(captions)
    if captions[0][1] is None:
        print(f"{name}: {lines[0]}")
    else:
        print("\n  ".join([f"{name}:", *lines]))


if __name__ == "__main__":
    sys.exit(main())
