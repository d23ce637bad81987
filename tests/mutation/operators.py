"""Mutation operators that cosmic-ray lacks: statements left out or swapped, and names taken for
their neighbours.

They are what goes wrong in a hand-written backward pass and in the order of updates: a forgotten
`t.gx *= gy`, a step of G before the step of D, `=` for `+=`, W for Wᵀ, the real rows for the
generated ones.
"""

import parso
from cosmic_ray.operators.operator import Example, Operator

# What a name is taken for. Names that don't exist in a place die at once and count for nothing.
NEIGHBOURS = {
    "T": ["real"],  # W for Wᵀ
    "maximum": ["minimum"],
    "minimum": ["maximum"],
    "multiply": ["divide"],
    "divide": ["multiply"],
    "subtract": ["add"],
    "greater": ["greater_equal", "less"],
    "sum": ["mean"],
    "mean": ["sum"],
    "log1p": ["log"],
    "any": ["all"],
    "all": ["any"],
    "gx": ["gy"],
    "gy": ["gx"],
    "x": ["y"],
    "y": ["x"],
    "n_in": ["n_out"],
    "n_out": ["n_in"],
    "first": ["last"],
    "last": ["first"],
    "start": ["stop"],
    "stop": ["start"],
    "theta": ["grad"],
    "real_dtype": ["dtype"],
    "a_real": ["a_fake"],
    "a_fake": ["a_real"],
    "out_real": ["out_fake"],
    "out_fake": ["out_real"],
    "real": ["fake"],
    "fake": ["real"],
    "pass_d": ["pass_dg"],
    "pass_dg": ["pass_d"],
    "p_z": ["p_data"],
    "p_data": ["p_z"],
    "G": ["D"],
    "D": ["G"],
    "optimizer_g": ["optimizer_d"],
    "optimizer_d": ["optimizer_g"],
    "ascend": ["descend"],
    "descend": ["ascend"],
    "saturating": ["non_saturating"],
    "non_saturating": ["saturating"],
    "saturating_slope": ["non_saturating_slope"],
    "non_saturating_slope": ["saturating_slope"],
    "v": ["s"],
    "s": ["v", "g"],
    "decay": ["momentum"],
    "momentum": ["decay"],
    "values": ["adjoints"],
    "adjoints": ["values"],
    "versions": ["drawn"],
}
AUGMENTED = {"+=": ["-=", "="], "-=": ["+=", "="], "*=": ["/=", "+=", "="]}


def _is_step(node):
    """Whether `node` is a line of its own in a function that does something: an assignment, a call
    or a yield.
    """
    if node.type != "simple_stmt" or parso.python.tree.search_ancestor(node, "funcdef") is None:
        return False
    return node.children[0].type in ("expr_stmt", "atom_expr", "power", "yield_expr")


def _next_step(node):
    siblings = node.parent.children
    following = siblings[siblings.index(node) + 1 :]
    return following[0] if following and _is_step(following[0]) else None


def _names(node):
    return {leaf.value for leaf in _leaves(node) if leaf.type == "name"}


def _leaves(node):
    leaf, last = node.get_first_leaf(), node.get_last_leaf()
    while leaf is not last:
        yield leaf
        leaf = leaf.get_next_leaf()
    yield last


def _commute(a, b):
    """Whether two lines plainly don't meet: both assign new values, and neither names what the
    other assigns.
    """
    targets = []
    for node in (a.children[0], b.children[0]):
        if (
            node.type != "expr_stmt"
            or node.children[1] != "="
            or "[" in node.children[0].get_code()
        ):
            return False
        targets.append(_names(node.children[0]) - {"self"})
    return not (targets[0] & _names(b.children[0]) or targets[1] & _names(a.children[0]))


class DeleteStep(Operator):
    """Leave out one line."""

    def mutation_positions(self, node):
        if _is_step(node):
            yield node.children[0].start_pos, node.children[0].end_pos

    def mutate(self, node, index):
        node.children[0] = parso.python.tree.Name(
            "pass", node.start_pos, prefix=node.get_first_leaf().prefix
        )
        return node

    @classmethod
    def examples(cls):
        return (Example("def f():\n    a += 1\n", "def f():\n    pass\n"),)


class SwapSteps(Operator):
    """Let two neighbouring lines change places, unless they plainly don't meet."""

    def mutation_positions(self, node):
        if _is_step(node) and _next_step(node) and not _commute(node, _next_step(node)):
            yield node.children[0].start_pos, node.children[0].end_pos

    def mutate(self, node, index):
        other = _next_step(node)
        ours, theirs = node.get_first_leaf(), other.get_first_leaf()
        ours.prefix, theirs.prefix = theirs.prefix, ours.prefix
        node.children[0], other.children[0] = other.children[0], node.children[0]
        return node

    @classmethod
    def examples(cls):
        return (Example("def f():\n    a = 1\n    b = 2\n", "def f():\n    b = 2\n    a = 1\n"),)


class ReplaceAugmented(Operator):
    """Another operation, or none, before the `=`."""

    def mutation_positions(self, node):
        if node.type == "operator" and node.value in AUGMENTED:
            for _ in AUGMENTED[node.value]:
                yield node.start_pos, node.end_pos

    def mutate(self, node, index):
        node.value = AUGMENTED[node.value][index]
        return node

    @classmethod
    def examples(cls):
        return (Example("a += 1", "a -= 1"), Example("a += 1", "a = 1", occurrence=1))


class ReplaceName(Operator):
    """A name taken for its neighbour, where it is read or called; not where it is a parameter or a
    keyword.
    """

    def mutation_positions(self, node):
        if node.type == "name" and node.value in NEIGHBOURS and not self._is_label(node):
            for _ in NEIGHBOURS[node.value]:
                yield node.start_pos, node.end_pos

    @staticmethod
    def _is_label(node):
        if (
            node.parent.type == "argument"
            and node.parent.children[0] is node
            and node.parent.children[1] == "="
        ):
            return True
        if node.parent.type in ("import_as_names", "import_from", "param", "funcdef", "classdef"):
            return True
        if node.value != "real" or node.get_previous_leaf() != ".":
            return False
        # The real part of a complex number, not the real rows
        return node.get_previous_leaf().get_previous_leaf() != "self"

    def mutate(self, node, index):
        node.value = NEIGHBOURS[node.value][index]
        return node

    @classmethod
    def examples(cls):
        return (
            Example("optimizer_d.ascend()", "optimizer_g.ascend()"),
            Example("optimizer_d.ascend()", "optimizer_d.descend()", occurrence=1),
        )


_ALL = {
    operator.__name__: operator
    for operator in (DeleteStep, SwapSteps, ReplaceAugmented, ReplaceName)
}


class Provider:
    """What cosmic-ray asks for operators, under the name "steps"."""

    def __iter__(self):
        return iter(_ALL)

    def __getitem__(self, name):
        return _ALL[name]
