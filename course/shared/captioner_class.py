# %%
class CaptioningRNN(cs231n.classifiers.rnn.CaptioningRNN):
    """The captioner of this notebook, made of your own functions."""
