"""What lies behind an exception, told from a statement: its operators, calls and names."""

from cs231n.feedback import rules_on_names as names
from cs231n.feedback import rules_on_shapes as shapes
from cs231n.feedback import rules_on_values as values
from cs231n.feedback.scene import Scene, places

RULES = [  # the first that applies is the one that is said
    names.method_of_torch,
    names.tensors_expected,
    names.torch_in_words,
    names.not_a_function,
    names.entry_as_attribute,
    names.attribute_without_self,
    names.argument_under_another_name,
    values.none_from_a_method,
    names.method_not_called,
    names.keys_for_values,
    shapes.shape_in_another_order,
    values.tuple_not_unpacked,
    values.unique_without_inverse,
    values.text_joined,
    values.cache_of_all_steps,
    values.number_of_results,
    shapes.cache_in_another_order,
    values.max_for_argmax,
    values.table_before_words,
    values.floats_handed_on,
    values.add_at_arguments,
    shapes.vanilla_before,
    values.named_in_another_order,
    shapes.joined_along_the_first_axis,
    shapes.split_along_the_first_axis,
    shapes.concatenate_arguments,
    shapes.joined_along_another_axis,
    shapes.stack_of_different_lengths,
    shapes.squeezed,
    shapes.axis_too_high,
    shapes.reshape_that_does_not_fit,
    values.sort_for_argsort,
    values.nothing_from_call,
    values.functions_called,
    shapes.shape_as_arguments,
    values.math_function,
    shapes.array_of_a_cache,
    values.fraction_as_index,
    values.words_as_floats,
    values.set_in_a_branch,
    shapes.vanilla_in_lstm,
    shapes.affine_over_time,
    shapes.time_axis_gone,
    shapes.lost_axis,
    shapes.product_for_elementwise,
    values.best_of_everything,
    shapes.star_for_a_product,
    shapes.axis_missing,
    shapes.best_along_another_axis,
    values.number_to_count_to,
    values.no_such_entry,
    values.no_such_attribute,
    values.no_such_function,
    values.used_before_it_is_set,
]


def telling_advice(crash, rules=None):
    """The sentence on what is behind an exception, where a statement of the learner's tells it.

    The function that is checked comes first, then those that it calls: that they are right by
    themselves is known already.

    Args:
        crash: the exception.
        rules: those of the exercise, where it has its own; usually `RULES`.

    Returns:
        A list with one sentence, or with none.
    """
    scenes = [scene for scene in (Scene(crash, place) for place in places(crash))
              if scene.statement is not None]
    said = (_said(rule, scene) for scene in scenes for rule in rules or RULES)
    return [sentence for sentence in said if sentence][:1]


def _said(rule, scene):
    """What a rule says; nothing where it meets values that it does not know what to do with."""
    try:
        return rule(scene)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None
