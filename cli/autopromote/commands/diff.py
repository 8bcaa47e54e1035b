"""`autopromote diff`: what a promotion would change, before anybody promotes."""

import click

from autopromote.apps import github_repo
from autopromote.command import command
from autopromote.commands.findings.view import show_finding
from autopromote.context import Context, pass_context
from autopromote.options import as_json, chosen_app, chosen_release, each_of, targets
from autopromote.output import block, say_json, section
from autopromote.resources import Change, ComparedRelease, Diff, ProcessTypes, Ref
from autopromote.ships import show_in_full
from autopromote.tables import table
from autopromote.times import when

SHORT = 8


@command(
    "diff --app example-app-staging --to example-app",
    "diff --app example-app-staging --to example-app,example-app-eu --release v42 --json",
    "diff --app example-app-staging --to example-app --repo example/shop",
)
@chosen_app
@targets(required=True)
@chosen_release
@click.option(
    "--repo",
    metavar="OWNER/NAME",
    help="the repository at GitHub, for a link where the listener knows none; else the git origin",
)
@as_json
@pass_context
def diff(
    context: Context,
    app: str,
    targets: tuple[str, ...],
    release: str | None,
    repo: str | None,
    as_json: bool,
) -> None:
    """show what a promotion would change

    Nothing is changed by it. The commits are read by the listener, from Heroku or GitHub; where
    neither tells them, there is a link to them: by --repo, or by the remote origin where a git
    remote here is one of the apps. Of config vars only the names are compared.
    """
    to = each_of(targets)
    repo = repo or github_repo((app, *to), context.env)
    diff = context.listener.diff(app, to, release=release, repo=repo)
    say_json(diff) if as_json else show_diff(diff)


def show_diff(diff: Diff) -> None:
    """Print each target, one below the other."""
    for number, change in enumerate(diff["targets"]):
        if number:
            click.echo()
        show_change(diff, change)


def show_change(diff: Diff, change: Change) -> None:
    """Print what would go to one target, what lies between, and what differs."""
    source, commits, ships = diff["source"], change["commits"], change.get("ships")
    block(
        f"⬢ {source['app']['name']} v{source['release']['version']} to ⬢ {change['app']['name']}",
        [
            ("Summary", change["message"]),
            ("Would run", release_line(source["app"], source["release"])),
            ("Runs now", release_line(change["app"], change["release"])),
            ("Ships", ships["message"] if ships else None),
            ("Commits", span(commits["from"], commits["to"])),
            ("Compare", (ships and ships["compare_url"]) or commits["compare_url"]),
            ("Processes", processes(change["process_types"])),
        ],
    )
    show_in_full(ships)
    if change["releases"]:
        of_source = f"Deploys of ⬢ {source['app']['name']}"
        section(f"{of_source} that it would undo" if change["relation"] == "older" else of_source)
        table(("Version", "By", "Created", "Description"), [row(it) for it in change["releases"]])
    section("Differences")
    for finding in change["parity"]:
        show_finding(finding)


def release_line(app: Ref, release: ComparedRelease | None) -> str | None:
    """Return app and version, who and when: `⬢ example-app v42 by ana@example.com, …`."""
    if release is None:
        return None
    by = f" by {release['by']}" if release["by"] else ""
    at = f", {when(release['created_at'])}" if release["created_at"] else ""
    return f"⬢ {app['name']} v{release['version']}{by}{at}"


def span(older: str | None, newer: str | None) -> str | None:
    """Return the commits as git writes them: `1a5f89db..9b2c3d4e`."""
    if older is None or newer is None:
        return None
    return newer[:SHORT] if older == newer else f"{older[:SHORT]}..{newer[:SHORT]}"


def processes(found: ProcessTypes | None) -> str:
    """Return which process types come and go."""
    if found is None:
        return "not known"
    parts = [
        f"{verb} {', '.join(names)}"
        for verb, names in (("adds", found["added"]), ("removes", found["removed"]))
        if names
    ]
    return "; ".join(parts) or "the same"


def row(release: ComparedRelease) -> tuple[str | None, ...]:
    """Return a release as a row of the table."""
    return (
        f"v{release['version']}",
        release["by"],
        when(release["created_at"]),
        release["description"],
    )
