"""Functions as learners write them, right and wrong, and what a good teacher says about each.

One module for each family of exercises. A function's name says what is special about it; its
decorator says which exercise it is meant for and what the report has to say. None of it comes from
the catalogue of mistakes: these are kinds that were seen in learners' public work, written anew.

    @wrong("rnn_step_backward", says=["`Wh.T`"], never=["cache"])
    def forgets_to_transpose_Wh(dnext_h, cache): ...
"""
