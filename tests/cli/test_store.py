"""The login is one file, for its owner alone, whole or not there."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from autopromote.errors import Failure
from autopromote.store import Login, Store, directory

LOGIN = Login(url="https://example.com", token="secret", email="ana@example.com", role="admin")


@pytest.mark.parametrize(
    ("env", "path"),
    [
        ({"HOME": "/home/ana"}, "/home/ana/.config/autopromote"),
        ({"HOME": "/home/ana", "XDG_CONFIG_HOME": "/etc/ana"}, "/etc/ana/autopromote"),
        ({"HOME": "/home/ana", "XDG_CONFIG_HOME": ""}, "/home/ana/.config/autopromote"),
        ({"HOME": "/home/ana", "XDG_CONFIG_HOME": "relative"}, "/home/ana/.config/autopromote"),
    ],
)
def test_the_directory_follows_the_xdg_rules(env: dict[str, str], path: str) -> None:
    assert directory(env) == Path(path)


def test_what_is_saved_is_found(tmp_path: Path) -> None:
    Store(tmp_path / "deep" / "autopromote").save(LOGIN)
    assert Store(tmp_path / "deep" / "autopromote").find() == LOGIN


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "autopromote"
    folder.mkdir(mode=0o755)
    before = os.umask(0)
    try:
        Store(folder).save(LOGIN)
    finally:
        os.umask(before)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "login.json").stat().st_mode) == 0o600


def test_a_later_login_takes_the_place_of_an_open_one(tmp_path: Path) -> None:
    (tmp_path / "login.json").write_text("{}", encoding="utf-8")
    (tmp_path / "login.json").chmod(0o644)
    Store(tmp_path).save(LOGIN)

    assert stat.S_IMODE((tmp_path / "login.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["login.json"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '"text"', json.dumps({"url": "https://example.com"})]
)
def test_a_file_that_makes_no_sense_is_no_login(tmp_path: Path, text: str) -> None:
    (tmp_path / "login.json").write_text(text, encoding="utf-8")
    assert Store(tmp_path).find() is None


def test_forgetting_twice_is_no_error(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(LOGIN)
    store.forget()
    store.forget()
    assert store.find() is None


def test_what_is_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "autopromote").write_text("a file", encoding="utf-8")
    store = Store(tmp_path / "autopromote")

    with pytest.raises(Failure, match=f"Couldn't write {store.path}: File exists"):
        store.save(LOGIN)
    with pytest.raises(Failure, match=f"Couldn't read {store.path}: Not a directory"):
        store.find()
    with pytest.raises(Failure, match=f"Couldn't remove {store.path}: Not a directory"):
        store.forget()


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "login.json").mkdir()
    (tmp_path / "login.json" / "in the way").touch()

    with pytest.raises(Failure, match="Couldn't write"):
        Store(tmp_path).save(LOGIN)
    assert [path.name for path in tmp_path.iterdir()] == ["login.json"]


def test_a_login_does_not_show_its_token() -> None:
    assert "secret" not in repr(LOGIN)
