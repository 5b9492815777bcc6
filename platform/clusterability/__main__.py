"""`python -m clusterability` is the command `clusterability`."""

import sys

from clusterability.cli import main

sys.exit(main())
