"""An XMI file and a type system as dkpro-cassis reads them, after a look at every element."""

import io
import re
from typing import Any

from samarkand.errors import Problem
from samarkand.formats.cas import check as check_of
from samarkand.formats.cas import known as known_of
from samarkand.formats.cas.check import Case, Loaded, Members, Record, Sofa
from samarkand.formats.cas.known import Known
from samarkand.formats.cas.types import library
from samarkand.formats.cas.xml import Element, elements

_XMI = "{http://www.omg.org/XMI}"
_ID = f"{_XMI}id"
_CAS = "{http:///uima/cas.ecore}"
_SPECIFIER = "{http://uima.apache.org/resourceSpecifier}"
_SOFA = {"sofaNum", "sofaID", "mimeType", "sofaString", "sofaURI", "sofaArray", _ID}
_TYPE = re.compile(r"\{http:///([^{}]+)\.ecore\}([^{}]+)")
_NUMBER = re.compile(r"-?[0-9]{1,18}")


def type_system(path: str, data: bytes, problems: list[Problem]) -> Any:
    """A UIMA type system description; None where there was a problem."""
    found = elements(path, data, problems)
    if found is None:
        return None
    faults = _description(path, found)
    problems += faults
    if faults:
        return None
    return check_of.attempt(path, lambda: known_of.from_xml(data), problems)


def _description(path: str, found: list[Element]) -> list[Problem]:
    root = found[0]
    if root.name != f"{_SPECIFIER}typeSystemDescription":
        message = f"wanted a UIMA typeSystemDescription, got <{_short(root.name)}>"
        return [Problem(path, root.line, message)]
    problems: list[Problem] = []
    defined: set[str] = set()
    used: list[tuple[str, int]] = []
    wanted: dict[str, set[str]] = {"typeDescription": {"name", "supertypeName"}}
    wanted["featureDescription"] = {"name", "rangeTypeName"}
    open_: dict[str, tuple[Element, set[str]]] = {}
    closed: list[tuple[Element, set[str]]] = []
    for element in found:
        name, parent = _short(element.name), _short(element.parent)
        if name in wanted:
            open_[name] = element, set()
            closed.append(open_[name])
        if parent in open_:
            open_[parent][1].add(name)
        named = {"name", "supertypeName", "rangeTypeName", "elementType"}
        if parent in wanted and name in named:
            dotted = name != "name" or parent == "typeDescription"
            text = element.text.strip()
            fault = known_of.bad_name(text.removesuffix("[]") if dotted else text, dotted)
            if fault:
                problems.append(Problem(path, element.line, fault))
            elif dotted and name == "name":
                defined.add(text)
            elif dotted:
                used.append((text, element.line))
    problems += known_of.undefined(path, defined, used)
    for element, has in closed:
        name = _short(element.name)
        missing = sorted(wanted[name] - has)
        problems += [Problem(path, element.line, f"a {name} without {each}") for each in missing]
    return problems


def load(path: str, data: bytes, types: Any, place: str, problems: list[Problem]) -> Loaded | None:
    """A CAS; None where there was a problem. `place` says where the types are defined."""
    found = elements(path, data, problems)
    if found is None:
        return None
    faults: list[Problem] = []
    case = _case(path, found, Known(types), place, faults)
    if not faults:
        check_of.check(path, case, faults)
    problems += faults
    if faults:
        return None
    read = library().load_cas_from_xmi
    cas = check_of.attempt(path, lambda: read(io.BytesIO(data), typesystem=types), problems)
    return None if cas is None else check_of.loaded(cas, case)


def _case(
    path: str, found: list[Element], known: Known, place: str, problems: list[Problem]
) -> Case:
    case = Case()
    if found[0].name != f"{_XMI}XMI":
        message = f"wanted an xmi:XMI element, got <{_short(found[0].name)}>; is this a CAS?"
        problems.append(Problem(path, found[0].line, message))
        return case
    record: Record | None = None
    for element in found[1:]:
        try:
            if element.depth == 2:
                record = _second(case, element, known)
            elif element.depth > 3:
                raise ValueError(f"<{_short(element.name)}> stands too deep for a CAS")
            elif record is not None and element.name not in record.kind.holds:
                case.lack(f"feature {element.name[:60]!r} of {record.kind.name}", element.line)
        except ValueError as error:
            problems.append(Problem(path, element.line, str(error)))
    problems += check_of.unknown(path, case, place)
    return case


def _second(case: Case, element: Element, known: Known) -> Record | None:
    """Take in an element under the root. Errors: ValueError."""
    if element.name == f"{_CAS}View":
        said = element.attributes
        if "sofa" not in said:
            raise ValueError("a view without a sofa: there is no text in this CAS")
        ids = [_int("members", member) for member in said.get("members", "").split()]
        case.views.append(Members(element.line, _int("sofa", said["sofa"]), ids))
        return None
    id = _int("xmi:id", element.attributes.get(_ID))
    if element.name == f"{_CAS}Sofa":
        _sofa(case, element, id)
        return None
    matched = _TYPE.fullmatch(element.name)
    if not matched:
        raise ValueError(f"<{element.name[:80]}> is no UIMA type; wanted {{http:///PACKAGE.ecore}}")
    name = f"{matched[1].replace('/', '.')}.{matched[2]}".removeprefix("uima.noNamespace.")
    kind = known.kind(name)
    if kind is None:
        case.lack(f"type {name[:200]}", element.line)
        return None
    record = Record(id, element.line, kind)
    for key, value in element.attributes.items():
        if key in kind.holds:
            _attribute(record, key, value)
        elif key != _ID:
            case.lack(f"feature {key[:60]!r} of {name}", element.line)
    case.records.append(record)
    return record


def _sofa(case: Case, element: Element, id: int) -> None:
    said = element.attributes
    for key in ("sofaNum", "sofaID"):
        if key not in said:
            raise ValueError(f"a Sofa without {key}")
    _int("sofaNum", said["sofaNum"])
    if said.keys() - _SOFA:
        raise ValueError(f"a Sofa has no '{min(said.keys() - _SOFA)}'")
    elsewhere = said.get("sofaURI", "sofaArray" if "sofaArray" in said else None)
    case.sofas.append(Sofa(id, element.line, said["sofaID"], said.get("sofaString"), elsewhere))


def _attribute(record: Record, key: str, value: str) -> None:
    """Take in an attribute. Errors: ValueError."""
    kind = record.kind.holds[key]
    try:
        if key == "sofa":
            record.sofa = _int(key, value)
        elif key in record.kind.wanted:
            record.offsets[key] = _int(key, value)
        elif kind == "number":
            _int(key, value)
        elif kind == "float":
            _float(key, value)
        elif kind == "boolean" and value not in ("true", "false"):
            raise ValueError(f"'{key}': wanted true or false, got {value[:60]!r}")
        elif kind == "ref":
            record.refs.append((key, _int(key, value)))
        elif kind == "refs":
            record.refs += [(key, _int(key, id)) for id in value.split()]
    except ValueError as error:
        raise ValueError(f"{record.name}: {error}") from None


def _int(name: str, value: str | None) -> int:
    if value is None:
        raise ValueError(f"'{name}' is missing")
    if not _NUMBER.fullmatch(value):
        raise ValueError(f"'{name}': wanted a whole number, got {value[:60]!r}")
    return int(value)


def _float(name: str, value: str) -> None:
    try:
        float(value)
    except ValueError:
        raise ValueError(f"'{name}': wanted a number, got {value[:60]!r}") from None


def _short(name: str) -> str:
    return name.rpartition("}")[2]
