"""What the OCI provider of Terraform takes, from the package that Pulumi generates of that provider's own schema.

Usage: provider-schema.py WHEEL TYPE...     with `data.` before the type of a data source; `provider` for the provider itself

The package is read, and never run. Prints JSON: for each type its `arguments`, each with whether it is `required` and,
where it is a block, the arguments of that; and the `attributes` that it gives. A type that is not there is left out.
"""

import ast
import json
import re
import sys
import zipfile

# Pulumi's name where it is not Terraform's.
RENAMED = {"objectstorage_object": "objectstorage_storage_object"}


def key(name):
    """`resource_scheduler_schedule` and the file resourcescheduler/schedule.py mean the same."""
    return re.sub(r"[^a-z]", "", name)


def classes(source):
    return {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}


def attributes(node):
    methods = [one for one in node.body if isinstance(one, ast.FunctionDef)]
    return ["id", *(one.name for one in methods if any("property" in ast.unparse(each) for each in one.decorator_list))]


def arguments(of, inputs):
    """Of a class of arguments, by its constructor: what has no default is required."""
    constructor = next(one for one in of.body if isinstance(one, ast.FunctionDef) and one.name == "__init__")
    result = {}
    for argument, default in zip(constructor.args.kwonlyargs, constructor.args.kw_defaults):
        result[argument.arg] = {"required": default is None}
        block = re.search(r"'(\w+Args)'", ast.unparse(argument.annotation))
        if block:
            result[argument.arg]["block"] = arguments(inputs[block.group(1)], inputs)
    return result


def resource(archive, path):
    own = classes(archive.read(path))
    inputs = classes(archive.read(path.rsplit("/", 1)[0] + "/_inputs.py"))
    taken = next(name for name in own if name.endswith("Args"))
    return {"arguments": arguments(own[taken], inputs), "attributes": attributes(own[taken[: -len("Args")]])}


def data_source(archive, path):
    source = archive.read(path)
    function = next(one for one in ast.parse(source).body if isinstance(one, ast.FunctionDef) and one.name.startswith("get_"))
    given = next(node for name, node in classes(source).items() if name.endswith("Result"))
    # The generated function has a default for every argument: which are required it does not tell.
    names = [one.arg for one in function.args.args if one.arg != "opts"]
    return {"arguments": {name: {"required": False} for name in names}, "attributes": attributes(given)}


def main():
    wheel, *types = sys.argv[1:]
    archive = zipfile.ZipFile(wheel)
    places = {}
    for path in archive.namelist():
        found = re.fullmatch(r"pulumi_oci/([a-z]+)/(get_)?([a-z0-9_]+)\.py", path)
        if found:
            module, get, name = found.groups()
            places[("data." if get else "") + key(module + name)] = path
    result = {}
    for full in types:
        if full == "provider":
            own = classes(archive.read("pulumi_oci/provider.py"))
            result[full] = {"arguments": arguments(own["ProviderArgs"], {}), "attributes": []}
            continue
        prefix, name = re.fullmatch(r"(data\.)?oci_(\w+)", full).groups(default="")
        path = places.get(prefix + key(RENAMED.get(name, name)))
        if path:
            result[full] = (data_source if prefix else resource)(archive, path)
    json.dump(result, sys.stdout)


main()
