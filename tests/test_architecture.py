"""Imports point one way: a format imports no other format and no verb, a verb no format."""

import ast
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
    ("three_way",),
    ("reconcile",),
    ("edits",),
    ("merge_labels", "off_text", "torn"),
    ("needs",),
    ("blocks", "layout"),
    ("store",),
    ("revisions",),
    ("versions", "page"),
    ("formats/base",),
    ("checks", "formats"),
    ("check", "configs", "init", "formats/__init__", "formats/capabilities"),
    ("card", "parts", "faults"),
    ("merge",),
    ("merge_driver", "merge_versions"),
    ("convert",),
    ("doccano/processes",),
    ("import_", "doccano/__init__", "doccano/server", "doccano/answers", "doccano/state"),
    ("doccano/remote",),
    ("doccano/project",),
    ("doccano/fetch",),
    ("doccano/numbering",),
    ("doccano/pull",),
    ("doccano/push",),
    ("build",),
    ("loaders",),
    ("doccano/cli",),
    ("cli",),
)


def level(module: str) -> int:
    """The row of a module, or of the folder that it is in."""
    for name in (module, module.rpartition("/")[0]):
        for row, names in enumerate(LAYERS):
            if name in names:
                return row
    raise AssertionError(f"{module} stands in no row of LAYERS")


def imported(module: str) -> set[str]:
    """The modules of this package that a module imports at its top, or anywhere."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text())
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "samarkand":
            below = "/".join((node.module or "").split(".")[1:])
            for alias in node.names:
                for name in (f"{below}/{alias.name}".strip("/"), below, f"{below}/__init__"):
                    if name in MODULES:
                        found.add(name)
                        break
    return found


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_stands_above_it(module: str) -> None:
    if module == "__init__":  # loads `loaders` when asked for it
        return
    family = module.rpartition("/")[0]
    for name in imported(module):
        private = name.rpartition("/")[0] == family and (
            name.split("/")[-1][0] == "_" or family == "checks"
        )
        assert private or level(name) < level(module), f"{module} imports {name}"


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
