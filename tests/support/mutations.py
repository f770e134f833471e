"""How many damaged copies of each kind of file the tests read.

`make mutations` reads fifty times as many.
"""

from __future__ import annotations

import os

MUTATIONS = int(os.environ.get("WORDKIN_MUTATIONS", "2000"))
