"""TeX to MathML when the site is built: the browser fetches nothing and runs nothing for it."""

import re

from docutils import nodes
from latex2mathml.converter import convert

_NAME = "<mi>(?:log|exp|sinh|cosh|tanh)</mi>"
_FUNCTION = rf"(?<!<msup>){_NAME}|<msup>{_NAME}<mn>\d</mn></msup>"
_PRIMED = re.compile(r"<msup>(<mi>[^<]*</mi>)<mi>(&#x0203[2-4];)</mi></msup>")
_THIN = '<mspace width="0.17em" />'
_OPERATORS = {  # what the converter takes for names
    "<mi>&#x027E8;</mi>": '<mo form="prefix" stretchy="false">&#x027E8;</mo>',
    "<mi>&#x027E9;</mi>": '<mo form="postfix" stretchy="false">&#x027E9;</mo>',
    "<mi>&#x027FA;</mi>": '<mo lspace="0.5em" rspace="0.5em">&#x027FA;</mo>',
    "<mi>&#x027F9;</mi>": '<mo lspace="0.5em" rspace="0.5em">&#x027F9;</mo>',
}


def mathml(tex, **display):
    """MathML with thin spaces around log and its like, as TeX sets them."""
    found = convert(tex, **display)
    for wrong, right in _OPERATORS.items():
        found = found.replace(wrong, right)
    # A prime is small and high already: as a power it can't be read without a font for mathematics.
    found = _PRIMED.sub(r'<mrow>\1<mo lspace="0" rspace="0">\2</mo></mrow>', found)
    found = re.sub(rf"(?<=</mi>|</mn>|</mo>)({_FUNCTION})", rf"{_THIN}\1", found)
    found = re.sub(rf"(?<=</msub>|</msup>)({_FUNCTION})", rf"{_THIN}\1", found)
    found = re.sub(rf"({_FUNCTION})(?!<mo|</)", rf"\1{_THIN}", found)
    if re.search(r"<m[a-z]+>\\", found):
        raise ValueError(f"{tex}: has a command that latex2mathml does not know")
    return found


def inline(self, node):
    self.body.append(mathml(node.astext()) + "&#8288;")  # no line breaks before a full stop
    raise nodes.SkipNode


def block(self, node):
    """Formulas that \\qquad separates get a line each where the screen is narrow."""
    parts = re.split(r"\\qquad", node.astext())
    formulas = "\n".join(mathml(part, display="block") for part in parts if part.strip())
    self.body.append(f'<div class="math" tabindex="0">{formulas}</div>')
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
