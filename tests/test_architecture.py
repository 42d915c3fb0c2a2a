"""The arrows of docs/architecture.md, checked from the syntax trees: who may import whom."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = {"fulfillment", "devices", "picking", "label_templates", "kiosk_ui", "simulators", "tests"}
STANDARD = set(sys.stdlib_module_names) | {"__future__"}

# package → what it may import besides the standard library and itself
ALLOWED = {
    "fulfillment/domain": {"fulfillment.domain"},
    "fulfillment/scanning": {"fulfillment.domain", "fulfillment.scanning", "biip"},
    "fulfillment/flows": {"fulfillment.domain", "fulfillment.scanning", "fulfillment.flows"},
    "fulfillment/models": {
        "fulfillment.domain", "fulfillment.models", "fulfillment.db", "sqlalchemy", "flask_sqlalchemy",
    },
    "fulfillment/hot": {"fulfillment.hot", "sqlalchemy", "pysqlite3", "psycopg"},
    "fulfillment/safekeeping": {
        "fulfillment.safekeeping", "fulfillment.services", "fulfillment.hot", "fulfillment.models", "fulfillment.db",
        "fulfillment.migrations", "sqlalchemy", "alembic", "psycopg",
    },
    "picking": {"picking", "numpy", "ortools", "numba", "llvmlite", "fast_tsp"},
    "devices": {"devices", "serial", "escpos", "zebra"},
    "label_templates": {"label_templates", "jinja2", "markupsafe", "PIL", "escpos"},
    "simulators": {"simulators", "zplkit", "zxingcpp", "numpy", "PIL", "cryptography"},
    "kiosk_ui": {
        "kiosk_ui", "flask", "flask_babel", "babel", "werkzeug", "markupsafe", "msgspec", "qrcode",
        "fulfillment.services", "fulfillment.web", "fulfillment.domain", "fulfillment.bootstrap",
    },
    "fulfillment/web": {
        "fulfillment.web", "fulfillment.services", "fulfillment.domain", "fulfillment.bootstrap",
        "fulfillment.settings", "fulfillment.logs", "fulfillment.VERSION", "flask", "werkzeug", "msgspec", "sqlalchemy",
        "prometheus_client",
    },
}  # fmt: skip

# services may use every pure room and the outer rooms' public faces, but nothing above them
SERVICES_NEVER = (
    "fulfillment.web", "fulfillment.app", "fulfillment.cli", "fulfillment.commands", "kiosk_ui", "simulators", "flask",
    "tests",
)  # fmt: skip


def modules(package: str) -> Iterator[Path]:
    return (path for path in sorted((ROOT / package).rglob("*.py")) if "versions" not in path.parts)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            assert node.module is not None
            yield node.lineno, node.module
            if node.module in ("fulfillment",):
                yield from ((node.lineno, f"fulfillment.{alias.name}") for alias in node.names)


def is_within(module: str, allowed: set[str]) -> bool:
    return any(module == name or module.startswith(name + ".") for name in allowed)


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_a_room_imports_only_along_the_arrows(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in modules(package)
        for line, module in imports(path)
        if module.split(".")[0] not in STANDARD and module != "fulfillment" and not is_within(module, ALLOWED[package])
    ]
    assert not wrong, "\n".join(wrong)


def test_services_know_nothing_of_pages_commands_or_simulators() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in modules("fulfillment/services")
        for line, module in imports(path)
        if is_within(module, set(SERVICES_NEVER))
    ]
    assert not wrong, "\n".join(wrong)


def test_only_the_command_line_and_the_tests_import_simulators() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for package in OURS - {"simulators", "tests"}
        for path in modules(package)
        for line, module in imports(path)
        if is_within(module, {"simulators"}) and path.parent.name != "commands"
    ]
    assert not wrong, "\n".join(wrong)


def test_the_domain_is_the_standard_library_and_itself() -> None:
    for path in modules("fulfillment/domain"):
        for line, module in imports(path):
            outside = module.split(".")[0] not in STANDARD and not module.startswith("fulfillment.domain")
            assert not outside, f"{path}:{line} imports {module}"


@pytest.mark.parametrize("package", ["fulfillment", "devices", "picking", "label_templates", "kiosk_ui", "simulators"])
def test_nothing_runs_at_import(package: str) -> None:
    """Module level holds definitions, constants and one guarded `main()`; no thread, socket, file or query."""
    wrong = []
    for path in modules(package):
        if path.name == "__main__.py" or "migrations" in path.parts:
            continue
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                # Attaching a command or an operation to its written-out registry is a definition.
                called = ast.unparse(node.value.func)
                if not called.endswith((".add_command", ".add_app_template_global")):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} calls {called}")
            elif isinstance(node, ast.For | ast.While | ast.With | ast.Try):
                if isinstance(node, ast.Try) and all(isinstance(s, ast.Import | ast.ImportFrom) for s in node.body):
                    continue
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} runs a {type(node).__name__.lower()}")
    assert not wrong, "\n".join(wrong)


def test_the_top_level_is_the_agreed_one() -> None:
    agreed = OURS | {"docs", "pyproject.toml", "README.md", "Makefile", "LICENSE", "CHANGELOG.md"}
    present = {path.name for path in ROOT.iterdir() if not path.name.startswith(".") and path.suffix != ".egg-info"}
    assert present <= agreed, sorted(present - agreed)


def test_every_package_is_installed() -> None:
    """What is run from the sources finds them anyway: one that is missing breaks on other people's machines only."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    there = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for package in OURS - {"tests"}
        for path in (ROOT / package).rglob("__init__.py")
    }
    assert set(project["tool"]["setuptools"]["packages"]) == there


def test_no_bare_except_and_no_failure_as_false() -> None:
    wrong = []
    for package in OURS - {"tests"}:
        for path in modules(package):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ExceptHandler) and node.type is None:
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} bare except")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("module", ["fulfillment.app", "fulfillment.cli"])
def test_only_the_planner_brings_a_solver_along(module: str) -> None:
    """Each web worker, the worker that prints and every command would pay a second at the start and 150 MB."""
    solvers = ("numba", "llvmlite", "ortools", "pandas", "fast_tsp")
    seen = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print([m for m in {solvers} if m in sys.modules])"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    assert seen.stdout == "[]\n"


def test_a_command_starts_without_what_the_others_need() -> None:
    """A floor starts its processes by its commands, again after each crash: each second is one of standing still."""
    heavy = ("escpos", "simulators", "kiosk_ui", "babel", "PIL", "fulfillment.web")
    asked = "import sys, fulfillment.cli, fulfillment.commands.serving"
    program = f"{asked}; print([m for m in {heavy} if m in sys.modules])"
    seen = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert seen.stdout == "[]\n"


def test_without_a_companys_log_in_its_library_is_not_loaded() -> None:
    """It is an extra: a floor that does not want it may not have it."""
    library = ("authlib", "joserfc")
    program = f"import sys, fulfillment.app, fulfillment.cli; print([m for m in {library} if m in sys.modules])"
    seen = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert seen.stdout == "[]\n"
