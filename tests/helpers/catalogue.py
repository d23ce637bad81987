"""CASES: every correct function with its backward pass, {name: (function, backward, inputs, options)}.

They register themselves when their files are imported.
"""

from tests.helpers import (  # noqa: F401
    functions_arrays,
    functions_elementwise,
    functions_linear,
    functions_losses,
    functions_networks,
)
from tests.helpers.functions import CASES  # noqa: F401
