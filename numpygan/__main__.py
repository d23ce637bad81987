"""The program behind `python -m numpygan`."""

import sys

from .cli import main

sys.exit(main())
