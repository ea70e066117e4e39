"""The catalogue: exercises with their usual mistakes, a module for each group.

Every module here with a list `EXERCISES` is found by itself. `NOTEBOOKS` says in which order a
learner meets them; modules that are not in it come last.
"""

NOTEBOOKS = {
    "Foundations": ["foundations"],
    "RNN_Captioning": ["vanilla_rnn", "word_embedding", "captioner_loss", "captioner_steps",
                       "sampling", "clipping"],
    "LSTM_Captioning": ["lstm", "orthogonal", "gru"],
    "Evaluating_Captions": ["temperature", "beam", "precision", "diverse"],
    "Character_Captioning": ["characters"],
    "Fast_Captioning": ["input_products", "packed_rows", "softmax_in_place", "online_softmax"],
    "Attention_Captioning": ["attention", "attention_captioner"],
    "Transformer_Captioning": ["transformer_places", "transformer_heads", "transformer_norm",
                               "transformer_layer", "transformer_loss"],
    "RNN_Captioning_pytorch": ["layers_pytorch", "loss_pytorch"],
}
