"""What ships with a promotion, as people read it: how much, by whom, and each commit."""

import shutil
import sys
from collections.abc import Sequence

import click

from autopromote.output import GAP, copy, item, paint, say, section, tell
from autopromote.plain import plain_line
from autopromote.resources import Commit, Promotion, Pull, Ships
from autopromote.tables import columns_of, cut

SHORT = 7  # characters of a SHA
LONGEST_AUTHOR = 20
SHORTEST_SUBJECT = 20
FEW = 5  # commits, beside something else that is told
MOST = 20  # on a terminal, where more would push the rest out of sight
DOTS = "…"
UNTOLD = "-"

Fields = list[tuple[str, str | None]]


def in_cell(ships: Ships | None) -> str | None:
    """Return `4 commits`, `back 2`, `back 2, +4`, `same commit`; nothing by an older listener."""
    if ships is None:
        return None
    coming, leaving = ships["coming"], ships["leaving"]
    again = " again" if ships["rolled_back"] else ""
    match ships["relation"]:
        case "identical":
            return "same commit"
        case "behind":
            return f"back {leaving}"
        case "diverged":
            return f"back {leaving}, +{coming}{again}"
        case "ahead":
            return f"{coming} commit{'s' * (coming != 1)}{again}"
        case _:
            return UNTOLD


def fields(ships: Ships | None) -> Fields:
    """Return the lines of a block: how much by whom, from which commit to which, and the link."""
    if ships is None:
        return []
    return [
        ("Ships", ships["message"]),
        ("Commits", span(ships["from"], ships["to"])),
        ("Compare", ships["compare_url"]),
    ]


def span(older: str | None, newer: str | None) -> str | None:
    """Return `6e965e9 → cb04fdd`; nothing unless both ends are known."""
    if older is None or newer is None:
        return None
    return f"{older[:SHORT]} → {newer[:SHORT]}"


def show_in_full(ships: Ships | None) -> None:
    """Print the pull requests, the commits that leave and those that come, each below a header."""
    if ships is None:
        return
    if pulls := ships["pulls"]:
        section("Pull requests")
        show_pulls(pulls, ships["pull_count"])
    if leaves := ships.get("leaves"):
        section("Takes back")
        show_commits(leaves, ships["leaving"])
    if commits := ships.get("commits"):
        section("Commits")
        show_commits(commits, ships["coming"])


def show_below(ships: Ships | None) -> None:
    """Print what ships as lines below something else, and an empty one."""
    if ships is None:
        return
    item(f"Ships: {ships['message']}")
    if url := ships["compare_url"]:
        copy(f"Compare: {plain_line(url)}")  # in one piece
    if leaves := ships.get("leaves"):
        say("Takes back:")
        show_commits(leaves, ships["leaving"])
    if commits := ships.get("commits"):
        say("Brings:")
        show_commits(commits, ships["coming"])
    click.echo()


def show_pulls(pulls: Sequence[Pull], count: int) -> None:
    """Print a line for each pull request, and how many more there are."""
    for pull in pulls:
        by = f", {pull['author']}" if pull["author"] else ""
        title = f" {pull['title']}" if pull["title"] else ""
        item(f"#{pull['number']}{title}{by}")
    show_more(count - len(pulls))


def show_commits(commits: Sequence[Commit], count: int, *, err: bool = False) -> None:
    """Print a line for each commit, newest first, and how many more there are."""
    if (sys.stderr if err else sys.stdout).isatty():
        commits = commits[:MOST]
    width = max((columns_of(author_of(commit)) for commit in commits), default=0)
    for commit in commits:
        click.echo(commit_line(commit, width, err=err), err=err)
    show_more(count - len(commits), err=err)


def show_more(count: int, *, err: bool = False) -> None:
    """Print how many are not shown, if any."""
    if count > 0:
        (tell if err else say)(f"and {count} more")


def commit_line(commit: Commit, width: int, *, err: bool = False) -> str:
    """Return SHA, author and subject; on a terminal such as fits into a line."""
    stream = sys.stderr if err else sys.stdout
    author = author_of(commit)
    author += " " * (width - columns_of(author))
    subject = plain_line(commit["subject"])
    if stream.isatty():
        taken = SHORT + width + 2 * len(GAP)
        subject = ended(subject, max(shutil.get_terminal_size().columns - taken, SHORTEST_SUBJECT))
    sha = paint(plain_line(commit["sha"])[:SHORT], "quiet", stream=stream)
    return GAP.join([sha, author, subject] if width else [sha, subject]).rstrip()


def author_of(commit: Commit) -> str:
    """Return who wrote it, as GitHub or as the commit names them."""
    return ended(plain_line(commit["login"] or commit["author"] or ""), LONGEST_AUTHOR)


def ended(text: str, width: int) -> str:
    """Cut what is too wide at its end, and show that it was cut."""
    return text if columns_of(text) <= width else f"{cut(text, width - 1)}{DOTS}"


def sentence(ships: Ships | None) -> str | None:
    """Return what ships in words, beside something else: nothing where nobody tells it."""
    is_told = ships is not None and ships["goes_back"] is not None
    return ships["message"] if ships is not None and is_told else None


def tell_ships(promotion: Promotion) -> None:
    """Say on stderr what ships with a promotion, with a few of its commits."""
    ships = promotion.get("ships")
    if ships is None or (said := sentence(ships)) is None:
        return
    what = "Rollback" if promotion.get("kind") == "rollback" else "Promotion"
    tell(plain_line(f"{what} {promotion['id']} ships: {said}"))
    if leaves := ships.get("leaves"):
        show_commits(leaves[:FEW], ships["leaving"], err=True)
    elif commits := ships.get("commits"):
        show_commits(commits[:FEW], ships["coming"], err=True)
