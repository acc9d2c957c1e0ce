"""``python -m bmm.cli``."""

from bmm.cli import main

main()
