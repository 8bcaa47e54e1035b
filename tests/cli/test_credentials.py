"""The credential is found where the Heroku CLI keeps it, and only for the Heroku it is for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from autopromote.credentials import Credential, get_credential
from autopromote.errors import Failure

HEROKU = "https://api.heroku.com"
HERE = "http://127.0.0.1:5001"
FAKE_CLI = """#!/bin/sh
[ "$1" = auth:token ] || exit 9
echo "asked for $HEROKU_HOST" >> "$HOME/asked"
echo "Warning: token will expire" >&2
echo "HRKU-from-cli"
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path), "PATH": f"{tmp_path}/bin:/bin:/usr/bin"}


def write_netrc(env: dict[str, str], text: str) -> Path:
    path = Path(env["HOME"], ".netrc")
    path.write_text(text, encoding="utf-8")
    return path


def install_heroku(env: dict[str, str], script: str = FAKE_CLI) -> Path:
    """Put a `heroku` on the PATH; return the file in which it notes what it was asked."""
    program = Path(env["HOME"], "bin", "heroku")
    program.parent.mkdir()
    program.write_text(script, encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return Path(env["HOME"], "asked")


def test_the_environment_comes_first(env: dict[str, str]) -> None:
    write_netrc(env, "machine api.heroku.com login ana@example.com password HRKU-netrc\n")
    asked = install_heroku(env)

    assert get_credential({**env, "HEROKU_API_KEY": " HRKU-env\n"}, HEROKU) == Credential(
        "HRKU-env", "HEROKU_API_KEY"
    )
    assert not asked.exists()


def test_netrc_comes_next(env: dict[str, str]) -> None:
    path = write_netrc(
        env, "machine api.heroku.com\n  login ana@example.com\n  password HRKU-netrc\n"
    )
    asked = install_heroku(env)

    assert get_credential(env, HEROKU) == Credential("HRKU-netrc", str(path))
    assert not asked.exists()


def test_netrc_tells_machines_apart_by_their_port(env: dict[str, str]) -> None:
    write_netrc(
        env,
        "machine api.heroku.com login a password HRKU-real\n"
        "machine 127.0.0.1 login a password HRKU-other\n"
        "machine 127.0.0.1:5001 login a password HRKU-here\n",
    )
    assert get_credential(env, HERE).token == "HRKU-here"


def test_the_heroku_cli_is_asked_last(env: dict[str, str]) -> None:
    asked = install_heroku(env)

    assert get_credential(env, HEROKU) == Credential("HRKU-from-cli", "heroku auth:token")
    assert asked.read_text(encoding="utf-8") == "asked for heroku.com\n"


@pytest.mark.parametrize(
    "others",
    [
        "machine github.com protocol https login a password x\n",
        'machine github.com login "" password x\n',
        "login stray password nobodys\n",
        "machine\n",
        "machine github.com login\n",
        "macdef init\nmachine api.heroku.com password of-a-macro\n\n",
        "# machine api.heroku.com password of-a-comment\n",
        "machine a.example password machine\n",
    ],
)
def test_an_unusual_entry_of_another_machine_hides_no_other(
    env: dict[str, str], others: str
) -> None:
    wanted = "machine api.heroku.com\n  login ana@example.com # me\n  password HRKU-netrc\n"
    for text in (others + wanted, wanted + others):
        write_netrc(env, text)
        assert get_credential(env, HEROKU).token == "HRKU-netrc"


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ('machine api.heroku.com login a password "with \\" and space"', 'with " and space'),
        ("machine api.heroku.com password HRKU-1 login a", "HRKU-1"),
        ("machine api.heroku.com login a\nmachine api.heroku.com password HRKU-2", "HRKU-2"),
        ("machine api.heroku.com login a password", "HRKU-from-cli"),
        ("machine api.heroku.com login password\nmachine b password x", "HRKU-from-cli"),
        ("default login a password x", "HRKU-from-cli"),
    ],
)
def test_a_password_is_that_of_the_machine(env: dict[str, str], text: str, token: str) -> None:
    install_heroku(env)
    write_netrc(env, text)
    assert get_credential(env, HEROKU).token == token


def test_a_netrc_that_cannot_be_read_is_not_called_empty(env: dict[str, str]) -> None:
    path = Path(env["HOME"], ".netrc")
    path.write_bytes(b"machine api.heroku.com login a password \xff")
    with pytest.raises(Failure, match=r"netrc cannot be read \(it is not UTF-8\)"):
        get_credential(env, HEROKU)
    path.unlink()
    path.mkdir()
    with pytest.raises(Failure, match=r"netrc cannot be read \(Is a directory\)"):
        get_credential(env, HEROKU)
    path.rmdir()
    with pytest.raises(Failure, match="netrc has none"):
        get_credential(env, HEROKU)


def test_the_heroku_cli_is_told_which_heroku_is_meant(env: dict[str, str]) -> None:
    asked = install_heroku(env)

    get_credential({**env, "HEROKU_API_URL": HERE, "HEROKU_HOST": "heroku.com"}, HERE)
    assert asked.read_text(encoding="utf-8") == f"asked for {HERE}\n"


def test_the_heroku_clis_token_never_goes_to_a_heroku_it_does_not_know(env: dict[str, str]) -> None:
    asked = install_heroku(env)

    with pytest.raises(
        Failure, match=r"Found no Heroku credential for https://heroku\.example\.com"
    ):
        get_credential(env, "https://heroku.example.com")
    assert not asked.exists()


@pytest.mark.parametrize(
    "script", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\necho\n", "#!/no/such/program\n"]
)
def test_without_a_credential_it_says_what_to_do(env: dict[str, str], script: str) -> None:
    install_heroku(env, script)

    with pytest.raises(Failure) as raised:
        get_credential(env, HEROKU)
    assert raised.value.message == (
        "Found no Heroku credential for https://api.heroku.com: HEROKU_API_KEY is not set,"
        " netrc has none, and `heroku auth:token` gave none.\n"
        "Run `heroku login`, or set HEROKU_API_KEY."
    )


def test_a_credential_does_not_show_its_token() -> None:
    assert repr(Credential("HRKU-secret", "netrc")) == "Credential(origin='netrc')"


def test_a_machine_of_another_name_is_no_credential(env: dict[str, str]) -> None:
    write_netrc(env, "machine api.heroku.com.evil.example login a password HRKU-x\n")
    with pytest.raises(Failure):
        get_credential({**env, "PATH": os.devnull}, HEROKU)
