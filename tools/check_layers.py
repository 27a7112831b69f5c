#!/usr/bin/env python3
"""Fails when a file of src/ includes a folder that CMakeLists.txt does not let it.

The rule is stated once, in CMakeLists.txt: graft_library(<folder> DEPENDS <folders>). A folder may include itself, the
folders it names and what those name. Only the folders marked TORCH, and infer's file for the libtorch back end, may
include libtorch.
"""
import pathlib
import re
import sys

TORCH_EXCEPTIONS = {"infer/libtorch.cpp"}


def declared(root):
    folders = {}
    for name, rest in re.findall(r"^graft_library\((\w+)([^)]*)\)", (root / "CMakeLists.txt").read_text(), re.M):
        words = rest.split()
        direct = [word for word in words if word not in ("DEPENDS", "TORCH")]
        unknown = [word for word in direct if word not in folders]
        if unknown:
            sys.exit(f"CMakeLists.txt: {name} depends on {unknown[0]}, which is not above it")
        allowed = {name}.union(*(folders[word][0] for word in direct))
        folders[name] = (allowed, "TORCH" in words)
    return folders


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    folders = declared(root)
    errors, files = [], 0
    for path in sorted((root / "src").rglob("*")):
        if path.suffix not in (".h", ".cpp"):
            continue
        files += 1
        relative = path.relative_to(root / "src")
        folder = relative.parts[0]
        if folder not in folders:
            errors.append(f"{path}: the folder {folder} is not in CMakeLists.txt")
            continue
        allowed, torch = folders[folder]
        if path.name == "graft-learn_main.cpp":  # the composition root of the program with libtorch
            allowed = allowed | folders["learn"][0]
        for number, line in enumerate(path.read_text().splitlines(), 1):
            include = re.match(r'#include ([<"])([^/>"]+)/', line)
            if not include:
                continue
            target = include[2]
            if include[1] == '"' and target not in allowed:
                errors.append(f"{path}:{number}: {folder}/ may not include {target}/")
            if target in ("torch", "ATen", "c10") and not torch and str(relative) not in TORCH_EXCEPTIONS:
                errors.append(f"{path}:{number}: {folder}/ may not include libtorch")
    print("\n".join(errors) or f"{files} files, every include points down")
    return 1 if errors or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
