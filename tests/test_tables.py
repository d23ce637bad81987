"""How an MLP, a tape and a report show themselves: numbers that are those of the arrays, names that
are escaped.
"""

import re

import numpy

import numpygan as ng
from numpygan.arrays import Stream


def played():
    net = ng.MLP(
        [ng.Dropout(0.5), ng.Affine(4, 6), ng.Maxout(2), ng.Affine(3, 2), ng.ReLU()], "float64"
    )
    net.initialize(Stream(0))
    tape = net.tape(5)
    Stream(1).normal(tape.x)
    net.draw_masks(tape, Stream(2))
    net.backward(net.forward(tape.x, tape), tape)
    return net, tape


def test_the_table_of_a_tape():
    net, tape = played()
    head, *lines = tape.table().splitlines()
    assert (
        head.split() == ["layer", "y", "min", "mean", "max", "‖y‖", "‖gy‖", "passes"]
        and len(lines) == 5
    )
    for layer, t, line in zip(net.layers, tape.layers, lines):
        cells = line.removeprefix(repr(layer)).split()
        assert cells[:3] == ["5", "×", str(t.y.shape[1])]
        expected = [t.y.min(), t.y.mean(), t.y.max(), (t.y**2).sum() ** 0.5, (t.gy**2).sum() ** 0.5]
        numpy.testing.assert_allclose([float(cell) for cell in cells[3:8]], expected, rtol=1e-3)
        assert len(cells) - 8 == len(t.own)
    assert lines[2].endswith("50.0%")  # one piece of two wins
    assert lines[0].endswith(f"{(tape.layers[0].mask != 0).mean():.1%}")


def test_without_training_no_mask_is_shown():
    net, _ = played()
    tape = net.tape(5, training=False)
    net.forward(tape.x, tape)
    assert "%" not in tape.table().splitlines()[1]


def test_in_a_notebook():
    net, tape = played()
    assert (
        net._repr_html_().count("<tr>") == 6
        and "W 4 × 6, b 6" in net._repr_html_()
        and "38 parameters" in net._repr_html_()
    )
    cells = [
        re.findall(r"<td[^>]*>([^<]*)</td>", row) for row in net._repr_html_().split("<tr>")[2:]
    ]
    assert [tuple(row[1:3]) for row in cells] == [
        (str(n_in), str(n_out)) for n_in, n_out in zip(net.widths, net.widths[1:])
    ]
    for cell in tape.table().splitlines()[2].split("  "):
        assert cell.strip() in tape._repr_html_()


def test_a_report_in_a_notebook_says_what_is_wrong():
    class Twice(ng.Layer):
        """y = 2x, its adjoint forgotten."""

        def forward(self, x, t):
            self.xp.multiply(x, 2, out=t.y)

        def backward(self, gy, t):
            t.gx[...] = gy

        def __repr__(self):
            return "<b>Twice</b>"

    good, bad = (
        ng.gradcheck([ng.Affine(2, 3)])._repr_html_(),
        ng.gradcheck([ng.Affine(2, 3), Twice()])._repr_html_(),
    )
    assert "every derivative is right" in good and "2 not ok" not in good
    assert (
        "not ok" in bad
        and "&lt;b&gt;Twice" in bad
        and "<b>" not in bad
        and "a factor of ½ too small" in bad
    )
