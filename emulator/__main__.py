"""`python -m emulator`: a Heroku, and a GitHub, on a port of this machine."""

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from emulator import accounts
from emulator.pace import Pace
from emulator.server import Host
from emulator.world import World


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal comes."""
    wanted = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)

    host = Host(_world(wanted), wanted.host, wanted.port)
    try:
        sys.stdout.write(f"Emulator listening on {host.url}\n")
        sys.stdout.write(f"GitHub listening on {host.world.github_url}\n")
        sys.stdout.flush()
        host.world.closing.wait()
    finally:
        host.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m emulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5001, help="0 takes any free one")
    parser.add_argument(
        "--token",
        action="extend",
        nargs="+",
        default=[],
        type=_token,
        metavar="TOKEN=email",
        help="a token that the API accepts, and whose it is",
    )
    parser.add_argument("--seed", choices=["demo"], help="start with the demonstration's apps")
    parser.add_argument("--retry-first", type=float, default=Pace().retry_first, metavar="SECONDS")
    parser.add_argument(
        "--retry-longest", type=float, default=Pace().retry_longest, metavar="SECONDS"
    )
    parser.add_argument("--event-gap", type=float, default=Pace().event_gap, metavar="SECONDS")
    return parser


def _token(text: str) -> tuple[str, str]:
    token, _, email = text.partition("=")
    if not token or "@" not in email:
        raise argparse.ArgumentTypeError("must be like HRKU-secret=ana@example.com")
    return token, email


def _world(wanted: argparse.Namespace) -> World:
    world = World(
        pace=Pace(
            event_gap=wanted.event_gap,
            retry_first=wanted.retry_first,
            retry_longest=wanted.retry_longest,
        )
    )
    for token, email in wanted.token:
        accounts.authorize(world, accounts.ensure_account(world, email), token=token)
    if wanted.seed:
        world.seed_demo()
    return world


def _stop(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
