"""Photographs: what a captioner reads of them, and where that comes from.

The features of the assignment are layer fc7 of a VGG-16, 4,096 numbers a picture, then PCA. Here is
the whole way from a photograph to them:

- `listing.py`: which pictures are meant, and what each is called; `reading.py`: their pixels
- `preparing.py`: cutting a picture to the size that a network expects
- `vgg16.py`: the network in NumPy; `vgg16_weights.py`: its published weights
- `networks_pytorch.py`: the same in PyTorch, and other networks; `networks.py` chooses
- `extraction.py`: the features of many pictures, in parts, so that an interruption costs little

The command is `python -m cs231n.extract_features`.
"""
