# tools/own_folder.py: a test's folder among the system's temporary files. It is removed when the test passes. What a failed or a
# killed one leaves, the next run of the same test removes: there is never more of it than of one run.
import fcntl
import os
import pathlib
import shutil
import sys
import tempfile

_made = []


def make(name):
    """A new folder tidegate-NAME-…, locked as long as this process lives: that is how another run knows that it is in use."""
    for left in pathlib.Path(tempfile.gettempdir()).glob(f"tidegate-{name}-????????"):
        lock = _lock(left)
        if lock is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(lock)
    while True:
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"tidegate-{name}-"))
        if _lock(folder) is not None:
            _made.append(folder)
            return folder


def _lock(folder):
    """None: another process has it, or there is no such folder any more."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    if folder.exists():
        return handle
    os.close(handle)  # another process has removed it between the two
    return None


def run(main):
    """Ends the process with the exit code of main(), a test."""
    code = 1
    try:
        code = main() or 0
    finally:
        for folder in filter(pathlib.Path.exists, _made):  # some tests remove theirs as they go
            if code in (0, 77):  # passed, skipped
                shutil.rmtree(folder)
            else:
                print(f"What it left, until its next run: {folder}", flush=True)
    sys.exit(code)
