"""Runs what docs/lessons/ holds for Python: the notebook, and the code of pytorch.md.

python3 Tests/Lessons/run.py GANYMEDE    in an environment with the packages of requirements.txt
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

import nbformat
from nbclient import NotebookClient

LESSONS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "lessons"


def run_notebook(folder):
    notebook = nbformat.read(LESSONS / "notebook.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code" and (cell.outputs or cell.execution_count is not None):
            sys.exit("docs/lessons/notebook.ipynb: outputs are not stored: clear them")
    NotebookClient(notebook, timeout=300, kernel_name="python3",
                   resources={"metadata": {"path": folder}}).execute()
    pictures = sum("image/png" in output.get("data", {}) for cell in notebook.cells
                   if cell.cell_type == "code" for output in cell.outputs)
    if pictures < 3:
        sys.exit(f"docs/lessons/notebook.ipynb: {pictures} pictures were drawn, and not 3")
    print(f"notebook.ipynb: {len(notebook.cells)} cells, {pictures} pictures")


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.S | re.M)


def run_pytorch(folder):
    """The page's commands and code, on the run of the notebook."""
    page = (LESSONS / "pytorch.md").read_text()
    commands, code = blocks(page, "sh"), blocks(page, "python")
    options = subprocess.run(["ganymede", "generate", "--help"], capture_output=True, text=True, check=True).stdout
    if "--save-noise" not in options:
        print("pytorch.md: NOT RUN: this ganymede generate has no --save-noise")
        return
    if len(commands) != 1 or len(code) != 1:
        sys.exit("docs/lessons/pytorch.md holds one block of commands and one of Python")
    lines = [line for line in code[0].splitlines() if line.strip() and not line.startswith(("import", "from"))]
    if len(lines) > 30:
        sys.exit(f"docs/lessons/pytorch.md promises thirty lines, and has {len(lines)}")
    subprocess.run(commands[0], shell=True, check=True, cwd=folder)
    done = subprocess.run([sys.executable, "-c", code[0]], check=True, cwd=folder, capture_output=True, text=True)
    found = re.fullmatch(r"64 digits, at most (\d+) grey levels apart\n", done.stdout)
    if not found or int(found[1]) > 1:
        sys.exit(f"docs/lessons/pytorch.md: {done.stdout or done.stderr}")
    # The comparison can fail: other noise makes other digits.
    wrong = code[0].replace('np.load("z.npy")', 'np.load("z.npy")[::-1].copy()')
    done = subprocess.run([sys.executable, "-c", wrong], check=True, cwd=folder, capture_output=True, text=True)
    if int(re.search(r"at most (\d+)", done.stdout)[1]) < 30:
        sys.exit("docs/lessons/pytorch.md: digits of other noise pass for the same")
    print(f"pytorch.md: {len(lines)} lines, {found[0].strip()}")


def main():
    ganymede = pathlib.Path(sys.argv[1]).resolve()
    os.environ["PATH"] = f"{ganymede.parent}:{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as folder:
        run_notebook(folder)
        run_pytorch(folder)


main()
