"""``python -m entivec.cli`` is the command ``entivec``."""

import sys

from entivec.cli import main

sys.exit(main())
