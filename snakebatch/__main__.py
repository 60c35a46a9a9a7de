"""``python -m snakebatch``: the same as the command ``snakebatch``."""

from __future__ import annotations

import sys

from snakebatch.cli import main

sys.exit(main())
