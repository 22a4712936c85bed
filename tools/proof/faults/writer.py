"""Two other writers of the registry, told on standard input what to do, a JSON object a line; an answer for each.

{"do": "legacy", "n": 5, "hold": 0.5}  a tool that takes the kernel's lock as we do, and holds it so many seconds
{"do": "edit", "n": 7}                 a person's editor, which knows of no lock
"""
import ctypes
import fcntl
import json
import os
import re
import sys
import time

path = sys.argv[1]
libc = ctypes.CDLL(None, use_errno=True)
RENAME_EXCHANGE = 2
AT_FDCWD = -100


def read():
    with open(path, newline="") as file:
        return file.read()


def with_line(text, pattern, line):
    """The text with the line in the place of one like it, or at its top."""
    if re.search(pattern, text, re.M):
        return re.sub(pattern, line, text, count=1, flags=re.M)
    return line + "\n" + text


def written(text, name):
    temporary = os.path.join(os.path.dirname(path), name)
    try:
        with open(temporary, "w", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
    return temporary


def legacy(n, hold):
    with open(path + ".lock", "a") as lock:
        deadline = time.monotonic() + 5
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    return {"ok": False, "why": "locked"}
                time.sleep(0.01)
        before = read()
        time.sleep(hold)
        if read() != before:
            return {"ok": False, "wrong": "the registry was written while another program held its lock"}
        os.replace(written(with_line(before, r"^legacy_writer: \d+$", f"legacy_writer: {n}"), "legacy.new"), path)
        return {"ok": True}


def edit(n):
    """What stands there is taken in the same moment in which the new text is put there: so the editor itself loses nothing,
    and whatever is lost was lost by others."""
    for _ in range(20):
        before = read()
        new = with_line(before, r"^# edit \d+$", f"# edit {n}")
        temporary = written(new, "editor.new")
        exchange(temporary)
        with open(temporary, newline="") as file:
            taken = file.read()
        if taken == before:
            os.unlink(temporary)
            return {"ok": True}
        # Somebody wrote in between: theirs is put back, and all of it done again.
        exchange(temporary)
        with open(temporary, newline="") as file:
            mine = file.read()
        os.unlink(temporary)
        if mine != new:
            return {"ok": False, "why": "undecided"}
    return {"ok": False, "why": "busy"}


def exchange(temporary):
    done = libc.renameat2(AT_FDCWD, temporary.encode(), AT_FDCWD, path.encode(), RENAME_EXCHANGE)
    if done != 0:
        raise OSError(ctypes.get_errno(), "renameat2")


for line in sys.stdin:
    order = json.loads(line)
    try:
        answer = legacy(order["n"], order["hold"]) if order["do"] == "legacy" else edit(order["n"])
    except OSError as error:
        answer = {"ok": False, "why": str(error)}
    print(json.dumps(answer), flush=True)
