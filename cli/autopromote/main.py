"""The table of commands, and the way in.

A command's module is imported when it is run, so `--version` and `--help` wait for nothing.
"""

import errno
import os
import sys

# name: (module below autopromote.commands, what it does: the first line of its help)
COMMANDS = {
    "init": ("init", "set up the first rule"),
    "login": ("login", "log in to a listener with your Heroku account"),
    "login:client": ("client", "bind logins to this listener by an OAuth client"),
    "login:code": ("code", "print a code that logs a browser in to approve"),
    "logout": ("logout", "forget the login, and end its token at the listener"),
    "whoami": ("whoami", "show who you are to the listener, and your role"),
    "open": ("browse", "open the listener's page in a browser"),
    "rules": ("rules.index", "list the rules by which releases are promoted"),
    "rules:add": ("rules.add", "add a rule to promote releases of one app to others"),
    "rules:info": ("rules.info", "show a rule, and from which release on it acts"),
    "rules:update": ("rules.update", "change a rule"),
    "rules:remove": ("rules.remove", "remove a rule and cancel what waits under it"),
    "rules:calendar": ("rules.calendar", "show when a rule's promotions may go, for two weeks"),
    "rules:backtest": ("rules.backtest", "show what a rule would have done until now"),
    "rules:export": ("rules.export", "print rules and freezes as a file that rules:apply takes"),
    "rules:check": ("rules.check", "check a file of rules and freezes, and apply nothing"),
    "rules:apply": (
        "rules.apply",
        "make rules and freezes what a file says: all, or nothing",
    ),
    "notify:secrets": ("notify.secrets", "show the secrets by which receivers verify events"),
    "notify:test": ("notify.test", "tell somebody something, to see whether notices arrive"),
    "webhooks": ("webhooks.index", "list the listener's webhooks on source apps"),
    "webhooks:add": ("webhooks.add", "have Heroku tell the listener of an app's releases"),
    "webhooks:info": ("webhooks.info", "show an app's webhook and its health"),
    "webhooks:rotate": ("webhooks.rotate", "give an app's webhook a new secret"),
    "webhooks:remove": ("webhooks.remove", "remove an app's webhook at Heroku"),
    "webhooks:deliveries": (
        "webhooks.deliveries",
        "list what Heroku delivered, and what became of it",
    ),
    "webhooks:replay": ("webhooks.replay", "decide anew on what a delivery was about"),
    "promotions": ("promotions.index", "list promotions, newest first"),
    "promotions:info": ("promotions.info", "show a promotion, its gates and what happened"),
    "promotions:approve": ("promotions.approve", "approve a promotion that waits for it"),
    "promotions:reject": ("promotions.reject", "reject a promotion that waits to be approved"),
    "promotions:output": (
        "promotions.output",
        "show what the release phase of a promotion prints",
    ),
    "promotions:cancel": ("promotions.cancel", "cancel a promotion that waits"),
    "promotions:retry": ("promotions.retry", "try a promotion again that failed or was cancelled"),
    "promote": ("promote", "promote a release by hand, behind the same gates"),
    "rollback": ("rollback", "take an app back to what it ran before, and hold it"),
    "events": ("events", "tell what Heroku delivered and what was decided"),
    "stats": ("stats", "show how often, fast and well releases reach production"),
    "explain": ("explain", "explain what was decided about a release, and why"),
    "diff": ("diff", "show what a promotion would change"),
    "holds": ("holds.index", "list the holds that keep apps from being promoted to"),
    "holds:add": ("holds.add", "keep automatic promotion from an app"),
    "holds:info": ("holds.info", "show a hold"),
    "holds:release": ("holds.release", "release a hold, and show what goes next"),
    "commits": ("commits.index", "list the commits that are blocked from being promoted"),
    "commits:block": (
        "commits.block",
        "keep a commit, and all that holds it, from being promoted",
    ),
    "commits:unblock": ("commits.unblock", "let a blocked commit be promoted again"),
    "people": ("people.index", "list who has logged in, and what is still good"),
    "people:revoke": ("people.revoke", "end all that somebody is logged in with"),
    "tokens": ("tokens.index", "list the tokens of machines, such as CI"),
    "tokens:create": ("tokens.create", "make a token for a machine, such as CI"),
    "tokens:revoke": ("tokens.revoke", "end the token of a machine"),
    "wall": ("wall.index", "list the links that show lanes without a login"),
    "wall:create": ("wall.create", "make a link that shows lanes on a wall, without a login"),
    "wall:remove": ("wall.remove", "end a link that shows lanes"),
    "audit": ("audit", "list who changed what, newest first"),
    "doctor": ("doctor", "find what is wrong or may go wrong, and what mends it"),
    "completion": ("completion", "print what makes a shell complete this program"),
}
ALIASES = {"subscriptions": "webhooks"}


def main() -> int:
    """Run the program and return its exit code."""
    try:
        return run(sys.argv[1:])
    except KeyboardInterrupt:  # pragma: no cover - only in the milliseconds before click has begun
        return 130
    except BrokenPipeError:
        # Nobody reads on, as in `autopromote promotions | head`: what is left goes nowhere.
        drop_the_rest()
        return 1
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise
        drop_the_rest()
        from autopromote.output import complain

        complain(f"Couldn't write all of it: {error.strerror}.")
        return 1


def drop_the_rest() -> None:
    """Let what is still to be printed go nowhere, so that the end of Python does not stop at it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(arguments: list[str]) -> int:
    """Say the version and the list of commands at once; load the rest for everything else."""
    match arguments:
        case ["--version"]:
            from autopromote.version import version_line

            return say(f"{version_line()}\n")
        case [] | ["--help" | "-h" | "help"]:
            from autopromote.overview import overview

            return say(overview(COMMANDS))
        case ["__complete", *words]:
            from autopromote.completion.answer import answer

            return answer(COMMANDS, ALIASES, words)
        case _:
            from autopromote import program

            code = program.run(COMMANDS, ALIASES, arguments)
            sys.stdout.flush()
            return code


def say(text: str) -> int:
    """Print it now, so that a reader who has left is noticed."""
    sys.stdout.write(text)
    sys.stdout.flush()
    return 0
