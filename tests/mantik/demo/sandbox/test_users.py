"""The users file."""

from __future__ import annotations

from pathlib import Path

import pytest

from mantik.demo.sandbox.sandbox_site import ensure_users
from mantik.demo.sandbox.users import SiteUser, UsersFileError, generated_users, read_users, write_users


def test_the_first_start_makes_users_with_passwords_of_their_own(tmp_path: Path) -> None:
    made = {user.login: user for user in ensure_users(tmp_path / "users.json")}
    assert {login: user.role for login, user in made.items()} == {"demo": "user", "other": "user", "admin": "admin"}
    assert len({user.password for user in made.values()} | {user.password for user in generated_users()}) == 6
    assert all(len(user.password) >= 12 for user in made.values())


def test_only_its_owner_can_read_the_file_and_it_stays(tmp_path: Path) -> None:
    file = tmp_path / "users.json"
    first = ensure_users(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert ensure_users(file) == first


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    user = SiteUser("ann", "pässword", "CN=Ann,O=Lab", "admin", uid="a1", group="staff")
    write_users(tmp_path / "users.json", [user])
    assert read_users(tmp_path / "users.json") == [user]


def test_a_password_is_all_that_is_needed(tmp_path: Path) -> None:
    file = tmp_path / "users.json"
    file.write_text('{"ann": {"password": "secret"}}')
    assert read_users(file) == [SiteUser("ann", "secret", "CN=ann,O=Mantik,C=EU", "user", uid="ann", group="users")]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("nonsense", "cannot be read"),
        ("[]", "must hold an object"),
        ("{}", "must hold an object"),
        ('{"ann": "secret"}', 'The user "ann"'),
        ('{"ann": {}}', 'needs a "password"'),
        ('{"ann": {"password": 5}}', 'needs a "password"'),
        ('{"ann": {"password": "x", "role": "king"}}', 'has the role "king"; use "user" or "admin"'),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, content: str, complaint: str) -> None:
    file = tmp_path / "users.json"
    file.write_text(content)
    with pytest.raises(UsersFileError) as failure:
        read_users(file)
    assert complaint in str(failure.value)
    assert str(file) in str(failure.value)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsersFileError, match="cannot be read"):
        read_users(tmp_path / "nope.json")


def test_a_user_does_not_show_the_password() -> None:
    assert "secret" not in repr(SiteUser("ann", "secret", "CN=ann"))
