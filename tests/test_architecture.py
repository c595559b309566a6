"""Imports point one way: a format imports no other format and no verb, a verb no format."""

import ast
import pkgutil
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "samarkand"
MODULES = sorted(
    path.relative_to(PACKAGE).with_suffix("").as_posix() for path in PACKAGE.rglob("*.py")
)

#: From the ground up; a module may import what stands in a row above its own.
LAYERS = (
    ("__init__", "errors", "schema", "progress", "parallel", "words"),
    ("cli_errors",),
    ("files", "jsonl", "text", "anchor"),
    ("labels",),
    ("corpus", "cuts"),
    ("tokens",),
    ("sentences",),
    ("lines", "iob", "match"),
    ("diff", "covered", "encode"),
    ("losses", "changes"),
    ("merge/three_way",),
    ("merge/reconcile",),
    ("merge/edits",),
    ("merge/labels", "merge/off_text", "merge/torn"),
    ("merge/needs",),
    ("agreement/resample",),
    ("agreement/alpha", "agreement/spans"),
    ("agreement/actors", "agreement/entities", "agreement/relations", "agreement/stances"),
    ("agreement/sides",),
    ("agreement/gamma",),
    ("agree", "leaks", "queue"),
    ("adjudication/__init__", "adjudication/alike"),
    ("adjudication/union",),
    ("adjudication/decisions", "adjudication/sheet"),
    ("blocks", "layout"),
    ("store",),
    ("revisions", "source"),
    ("versions", "page"),
    ("stats",),
    ("models/__init__", "models/words", "models/card", "models/linear", "models/found"),
    ("models/docs",),
    ("models/reader",),
    ("models/request", "models/embed", "align"),
    ("models/pairs", "models/pipeline", "models/tuples"),
    ("agreement",),
    ("formats/base",),
    ("checks", "formats"),
    ("check", "configs", "init", "formats/__init__", "formats/capabilities"),
    ("figures",),
    ("models/transformer",),
    ("models/model", "train"),
    ("annotate", "crossval", "curve", "evaluate"),
    ("card", "parts", "merge/faults"),
    ("merge/__init__",),
    ("merge/driver", "merge/versions"),
    ("convert",),
    ("adjudication/answers", "doccano/processes"),
    (
        "adjudicate",
        "import_",
        "doccano/__init__",
        "doccano/server",
        "doccano/answers",
        "doccano/state",
    ),
    ("doccano/remote",),
    ("doccano/project",),
    ("doccano/fetch",),
    ("doccano/numbering",),
    ("doccano/pull",),
    ("doccano/push",),
    ("build",),
    ("loaders",),
    ("commands/login",),
    ("commands",),
    ("cli",),
)


def level(module: str) -> int:
    """The row of a module, or of the nearest folder that it is in."""
    name = module
    while name:
        for row, names in enumerate(LAYERS):
            if name in names:
                return row
        name = name.rpartition("/")[0]
    raise AssertionError(f"{module} stands in no row of LAYERS")


def family(module: str) -> str:
    """The checks, or the format, that a module is a part of; "" where it stands alone."""
    parts = module.split("/")
    if parts[0] == "checks":
        return "checks"
    if module in ("formats/cas_json", "formats/cas_xmi"):
        return "cas"
    return parts[1] if parts[0] == "formats" and len(parts) == 3 else ""


def imported(module: str) -> set[str]:
    """The modules of this package that a module imports at its top, or anywhere."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text())
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "samarkand":
            below = "/".join((node.module or "").split(".")[1:])
            for alias in node.names:
                one = f"{below}/{alias.name}".strip("/")
                for name in (one, f"{one}/__init__", below, f"{below}/__init__"):
                    if name in MODULES:
                        found.add(name)
                        break
    return found


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_stands_above_it(module: str) -> None:
    if module == "__init__":  # loads `loaders` when asked for it
        return
    for name in imported(module):
        own = family(module) != "" and family(module) == family(name)
        assert own or level(name) < level(module), f"{module} imports {name}"


def test_no_verb_imports_a_format() -> None:
    formats = {name for name in MODULES if name.startswith("formats/")}
    allowed = {"convert", "import_", "parts", "formats/__init__"}
    tool = {name for name in MODULES if name.startswith("doccano/")}  # a format's own server
    for module in set(MODULES) - formats - allowed - tool:
        assert not imported(module) & formats, module


def test_files_and_functions_are_small() -> None:
    for module in MODULES:
        source = (PACKAGE / f"{module}.py").read_text()
        assert source.count("\n") <= 350, module
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.lineno <= 60, f"{module}.{node.name}"


def test_no_module_of_a_package_has_the_name_of_something_in_it() -> None:
    """To import a module sets its name in the package, over whatever had that name."""
    for package in {
        module.removesuffix("/__init__") for module in MODULES if "/__init__" in module
    }:
        name = f"samarkand.{package.replace('/', '.')}"
        parts = {part.name for part in pkgutil.iter_modules([str(PACKAGE / package)])}
        for node in ast.parse((PACKAGE / package / "__init__.py").read_text()).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                own = isinstance(node, ast.ImportFrom) and node.module == name
                bound = {alias.asname or alias.name for alias in node.names if not own}
            else:
                bound = {node.name} if isinstance(node, ast.FunctionDef | ast.ClassDef) else set()
            assert not bound & parts, f"{name}: {bound & parts}"
