#!/usr/bin/env python3
"""Checks that the folders of a module use each other in one direction only.

usage: layers.py ROOT FOLDER ...    from the ground up; A+B are one

Files of a module need no imports, so the compiler does not see its folders.
This looks at names: a folder may use what folders before it declare (types,
functions and constants of files, and members that extensions add), and not
what a later one does. Names that two folders declare say nothing.
"""

import os
import re
import sys
from collections import defaultdict

TYPE = re.compile(r"^(?:@\w+(?:\([^)]*\))?\s+)*(?:public |package )?(?:final |indirect )?"
                  r"(?:struct|class|enum|protocol|actor|typealias) (\w+)")
FREE = re.compile(r"^(?:public |package )?(?:func|let|var) (\w+)")
EXTENSION = re.compile(r"^(?:public |package )?extension (\w+)")
MEMBER = re.compile(r"^    (?:public |package )?(?:static |mutating )*(?:func|let|var) (\w+)")
ANY = re.compile(r"\b(?:func|let|var|case) (\w+)")


def code(text):
    """The text without comments and the content of strings, except interpolations."""
    def inside(match):
        return " " + " ".join(re.findall(r"\\\((.*?)\)", match[0], re.S)) + " "
    text = re.sub(r'"""(?:.|\n)*?"""', inside, text)
    text = re.sub(r'"(?:\\\((?:[^()"]|"[^"]*"|\([^()]*\))*\)|\\.|[^"\\\n])*"', inside, text)
    return re.sub(r"//.*", "", text)


def read(root):
    """The code of every file, by folder."""
    found = defaultdict(dict)
    for folder, _, names in os.walk(root):
        for name in names:
            if name.endswith(".swift"):
                path = os.path.join(folder, name)
                top = os.path.relpath(path, root).split(os.sep)
                with open(path, encoding="utf-8") as file:
                    found[top[0] if len(top) > 1 else ""][path] = code(file.read())
    return found


def declared(files):
    """The folder of each name that only one folder declares: of names, and of members."""
    names, members, counts = defaultdict(set), defaultdict(set), defaultdict(int)
    types = defaultdict(set)
    for folder, texts in files.items():
        for text in texts.values():
            for name in ANY.findall(text):
                counts[name] += 1
            for line in text.split("\n"):
                for pattern in (TYPE, FREE):
                    if match := pattern.match(line):
                        names[match[1]].add(folder)
                        if pattern is TYPE:
                            types[match[1]].add(folder)
    for folder, texts in files.items():
        for text in texts.values():
            extended = None
            for line in text.split("\n"):
                if match := EXTENSION.match(line):
                    extended = match[1]
                elif line.startswith("}"):
                    extended = None
                elif extended and folder not in types[extended]:
                    match = MEMBER.match(line)
                    if match and counts[match[1]] == 1:
                        members[match[1]].add(folder)
    return ({name: min(at) for name, at in names.items() if len(at) == 1},
            {name: min(at) for name, at in members.items() if len(at) == 1})


def faults(root, order):
    files = read(root)
    place = {folder: index for index, layer in enumerate(order)
             for folder in layer.split("+")}
    for folder in sorted(files):
        if folder and folder not in place:
            yield f"{root}/{folder}: not among the folders that are listed"
    names, members = declared(files)
    for folder in place:
        for path, text in sorted(files[folder].items()):
            used = set(re.findall(r"\b\w+\b", text)) & set(names)
            used |= {name for name in re.findall(r"\.(\w+)", text) if name in members}
            for name in sorted(used):
                home = names.get(name) or members.get(name)
                if place.get(home, -1) > place[folder]:
                    yield f"{path}: uses {name} of {home}, which comes after {folder}"


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    found = list(faults(sys.argv[1], sys.argv[2:]))
    print("\n".join(found), end="\n" if found else "")
    sys.exit(1 if found else 0)
