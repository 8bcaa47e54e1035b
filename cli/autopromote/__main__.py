"""`python -m autopromote` does what `autopromote` does."""

import sys

from autopromote.main import main

if __name__ == "__main__":
    sys.exit(main())
