"""What pywbem makes of a MOF file, on standard output: a line of JSON for each class.

    python dump.py FILE

Compiles FILE and what it includes with pywbem's MOF compiler into its mock repository, which
resolves what classes inherit, and writes every class with every property, method, parameter,
qualifier, value and flavor. Needs pywbem (`requirements.txt`).
"""

import json
import os
import sys

import pywbem_mock

NAMESPACE = "root/dump"


def value(v):
    """A CIM value as JSON: numbers, booleans and NULL as themselves, all else as text."""
    if isinstance(v, list):
        return [value(e) for e in v]
    if v is None or isinstance(v, bool):
        return v
    if isinstance(v, int):
        return int(v)
    if isinstance(v, float):
        return float(v)
    return str(v)


def qualifier(q):
    return {
        "name": q.name,
        "type": q.type,
        "value": value(q.value),
        "to_subclass": bool(q.tosubclass),
        "overridable": bool(q.overridable),
        "translatable": bool(q.translatable),
        "to_instance": bool(q.toinstance),
        "propagated": bool(q.propagated),
    }


def qualifiers(element):
    return [qualifier(q) for q in element.qualifiers.values()]


def typed(element):
    return {
        "name": element.name,
        "type": element.type,
        "is_array": bool(element.is_array),
        "array_size": element.array_size,
        "class": element.reference_class,
        "value": value(element.value),
        "qualifiers": qualifiers(element),
    }


def inherited(element):
    return {"origin": element.class_origin, "propagated": bool(element.propagated)}


def method(m):
    return {
        "name": m.name,
        "type": m.return_type,
        "qualifiers": qualifiers(m),
        "parameters": [typed(p) for p in m.parameters.values()],
        **inherited(m),
    }


def cim_class(c):
    return {
        "name": c.classname,
        "superclass": c.superclass,
        "qualifiers": qualifiers(c),
        "properties": [{**typed(p), **inherited(p)} for p in c.properties.values()],
        "methods": [method(m) for m in c.methods.values()],
    }


def main():
    path = sys.argv[1]
    connection = pywbem_mock.FakedWBEMConnection(default_namespace=NAMESPACE)
    folder = os.path.dirname(path) or "."
    connection.compile_mof_file(path, namespace=NAMESPACE, search_paths=[folder])
    names = connection.EnumerateClassNames(DeepInheritance=True)
    for name in sorted(names):
        found = connection.GetClass(
            name, LocalOnly=False, IncludeQualifiers=True, IncludeClassOrigin=True
        )
        print(json.dumps(cim_class(found)))


if __name__ == "__main__":
    main()
