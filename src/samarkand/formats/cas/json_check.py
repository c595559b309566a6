"""A JSON CAS as dkpro-cassis reads it, after a look at everything it says.

The format is told at github.com/apache/uima-uimaj-io-jsoncas (SPECIFICATION.adoc).
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from samarkand import jsonl
from samarkand.errors import Problem
from samarkand.formats.cas import check as check_of
from samarkand.formats.cas import known as known_of
from samarkand.formats.cas.check import INITIAL, Case, Loaded, Members, Record, Sofa
from samarkand.formats.cas.known import Known
from samarkand.formats.cas.strict import parse
from samarkand.formats.cas.types import library

TYPES, STRUCTURES, VIEWS = "%TYPES", "%FEATURE_STRUCTURES", "%VIEWS"
_SOFA = "uima.cas.Sofa"
#: What Python's values are called in JSON.
_SAID = {dict: "an object", list: "an array", str: "a string", int: "a number", float: "a number"}
_SAID |= {bool: "true or false", type(None): "null"}
_WANTED: dict[str, tuple[type, ...]] = {
    "number": (int,),
    "float": (int, float),
    "boolean": (bool,),
    "string": (str, type(None)),
}


def load(path: str, data: bytes, problems: list[Problem]) -> Loaded | None:
    """A CAS; None where there was a problem."""
    said = _parse(path, data, problems)
    if said is None:
        return None
    types = _types(path, said, problems)
    if types is None:
        return None
    faults: list[Problem] = []
    case = _case(path, said, Known(types), faults)
    if not faults:
        check_of.check(path, case, faults)
    problems += faults
    if faults:
        return None
    kept = json.dumps(_initial(said, case))
    read = library().load_cas_from_json
    cas = check_of.attempt(
        path, lambda: read(kept, typesystem=types, merge_typesystem=False), problems
    )
    return None if cas is None else check_of.loaded(cas, case)


def _parse(path: str, data: bytes, problems: list[Problem]) -> dict[str, Any] | None:
    """The JSON object that a file is."""
    text = jsonl.utf8(path, data, problems)
    if text is None:
        return None
    try:
        return _shape(parse(text))
    except json.JSONDecodeError as error:
        problems.append(Problem(path, error.lineno, f"not JSON: {error.msg.removesuffix(' at')}"))
    except ValueError as error:
        problems.append(Problem(path, 0, str(error)))
    return None


def _shape(said: Any) -> dict[str, Any]:
    """Errors: ValueError for what is no JSON CAS."""
    if not isinstance(said, dict) or VIEWS not in said:
        got = (
            f"the keys {', '.join(list(said)[:5])[:80]}" if isinstance(said, dict) else _name(said)
        )
        raise ValueError(f"wanted an object with {TYPES}, {STRUCTURES} and {VIEWS}, got {got}")
    said.setdefault(TYPES, {})
    said.setdefault(STRUCTURES, [])
    for key, wanted in ((TYPES, dict), (VIEWS, dict), (STRUCTURES, dict | list)):
        if not isinstance(said[key], wanted):
            names = "an object" if wanted is dict else "an array"
            raise ValueError(f"'{key}': wanted {names}, got {_name(said[key])}")
    return said


def _types(path: str, said: dict[str, Any], problems: list[Problem]) -> Any:
    faults = [Problem(path, 0, fault) for fault in _type_faults(said[TYPES])]
    if not faults:
        bodies = said[TYPES].values()
        used = [body["%SUPER_TYPE"] for body in bodies]
        used += [f["%RANGE"] for b in bodies for key, f in b.items() if not key.startswith("%")]
        faults = known_of.undefined(path, set(said[TYPES]), [(name, 0) for name in used])
    problems += faults
    if faults:
        return None
    types = json.dumps(said[TYPES])
    return check_of.attempt(path, lambda: known_of.from_json(types), problems)


def _type_faults(types: dict[str, Any]) -> Iterator[str]:
    for name, body in types.items():
        fault = known_of.bad_name(name.removesuffix("[]"), True)
        if fault:
            yield fault
        elif not isinstance(body, dict) or not isinstance(body.get("%SUPER_TYPE"), str):
            yield f"type {name}: wanted an object with a string '%SUPER_TYPE'"
        else:
            for feature, about in body.items():
                if feature.startswith("%"):
                    continue
                if not isinstance(about, dict) or not isinstance(about.get("%RANGE"), str):
                    yield f"feature {feature[:60]} of {name}: wanted an object with '%RANGE'"
                    continue
                fault = known_of.bad_name(feature)
                fault = fault or known_of.bad_name(about["%RANGE"].removesuffix("[]"), True)
                if fault:
                    yield fault


def _case(path: str, said: dict[str, Any], known: Known, problems: list[Problem]) -> Case:
    case = Case()
    for place, (id, body) in enumerate(_structures(said[STRUCTURES]), 1):
        try:
            if not _is(int, id) or not isinstance(body.get("%TYPE"), str):
                raise ValueError(f"feature structure number {place} lacks '%ID' or '%TYPE'")
            _structure(case, id, body, known)
        except ValueError as error:
            problems.append(Problem(path, 0, str(error)))
    for name, view in said[VIEWS].items():
        members = view.get("%MEMBERS") if isinstance(view, dict) else None
        if not isinstance(members, list) or not all(_is(int, member) for member in members):
            message = f"view {name[:60]!r}: wanted an object with '%MEMBERS', an array of ids"
            problems.append(Problem(path, 0, message))
            continue
        sofa = view.get("%SOFA")
        case.views.append(Members(0, sofa if _is(int, sofa) else -1, members))
    problems += check_of.unknown(path, case, TYPES)
    return case


def _structures(found: Any) -> Iterator[tuple[Any, Any]]:
    """Ids and bodies, of either way in which feature structures are listed."""
    if isinstance(found, dict):
        for id, fs in found.items():
            yield (int(id) if re.fullmatch("[0-9]{1,18}", id) else None), _object(fs)
    else:
        yield from ((_object(fs).get("%ID"), _object(fs)) for fs in found)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _structure(case: Case, id: int, body: dict[str, Any], known: Known) -> None:
    """Take in a feature structure. Errors: ValueError."""
    name = body["%TYPE"]
    if name == _SOFA:
        text, label = body.get("sofaString"), body.get("sofaID")
        if not isinstance(text, str | None) or not isinstance(label, str):
            raise ValueError(f"Sofa {id}: wanted strings as 'sofaID' and 'sofaString'")
        if not _is(int, body.get("sofaNum")):
            raise ValueError(f"Sofa {id}: 'sofaNum': wanted a number")
        elsewhere = body.get("sofaURI", "sofaArray" if "@sofaArray" in body else None)
        case.sofas.append(Sofa(id, 0, label, text, None if elsewhere is None else str(elsewhere)))
        return
    name = "uima.cas.FSArray" if name.endswith("[]") else name
    kind = known.kind(name)
    if kind is None:
        case.lack(f"type {name[:200]}", 0)
        return
    record = Record(id, 0, kind)
    for key, value in body.items():
        plain = key[1:] if key[:1] in ("@", "#") else key
        if key.startswith("%"):
            _elements(record, key, value)
        elif plain in kind.holds:
            _value(record, key, plain, value)
        else:
            case.lack(f"feature {plain[:60]!r} of {name}", 0)
    case.records.append(record)


def _elements(record: Record, key: str, value: Any) -> None:
    """Take in what is no feature: of that, only an array's elements. Errors: ValueError."""
    if key == "%ELEMENTS":
        if not isinstance(value, list | str | None):
            raise ValueError(f"{record.name}: '{key}': wanted an array, got {_name(value)}")
        if isinstance(value, list) and record.kind.name == "uima.cas.FSArray":
            record.refs += [(key, id) for id in value if _is(int, id)]


def _value(record: Record, key: str, plain: str, value: Any) -> None:
    """Take in what a feature holds. Errors: ValueError."""
    if key[:1] == "@":
        if not _is(int, value) and value is not None:
            raise ValueError(f"{record.name}: '{key}': wanted an id, got {_name(value)}")
        if plain == "sofa":
            record.sofa = value
        else:
            record.refs.append((key, value or 0))
    elif key[:1] != "#":
        wanted = _WANTED.get(record.kind.holds[plain])
        if wanted is None or not any(_is(each, value) for each in wanted):
            names = " or ".join(sorted({_SAID[each] for each in wanted or ()})) or f"'@{plain}'"
            raise ValueError(f"{record.name}: '{key}': wanted {names}, got {_name(value)}")
        if key in record.kind.wanted:
            record.offsets[key] = value


def _initial(said: dict[str, Any], case: Case) -> dict[str, Any]:
    """What the initial view holds: dkpro-cassis does not read a JSON CAS with a second one."""
    gone = {sofa.id for sofa in case.sofas if sofa.name != INITIAL}
    gone |= {record.id for record in case.records if record.sofa in gone}
    found = said[STRUCTURES]
    if isinstance(found, dict):
        kept: Any = {id: fs for id, fs in found.items() if int(id) not in gone}
    else:
        kept = [fs for fs in found if fs["%ID"] not in gone]
    views = {name: view for name, view in said[VIEWS].items() if name == INITIAL}
    return {TYPES: {}, STRUCTURES: kept, VIEWS: views}


def _is(kind: type, value: Any) -> bool:
    """Whether a value is of that type; true and false are no numbers."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _name(value: Any) -> str:
    return _SAID[type(value)]
