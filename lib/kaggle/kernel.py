# SPDX-License-Identifier: MIT
"""Runs one commit of a repository in a Kaggle session.

kgl-build(1) writes this program; what differs from one kernel to the next is
the JSON text below, in which nothing can be code. It needs Python 3.8 and its
standard library. In this order it

  - sets the environment of the target
  - looks for the device and the input data that were asked for
  - gets the commit: with git, or from the files that it carries
  - installs what pip is to install, and runs the target in the commit's root
  - keeps results, also when the target failed or was told to stop
  - writes session_summary.json, and after success only SESSION_COMPLETE

and ends with the target's status: 128 + N if signal N ended it, 1 if
something failed that is not the target.
"""
import json
import os

VALUES = json.loads(r'''{}''')


def set_environment():
    """Sets all that could matter to what is imported later."""
    chosen = VALUES["env"]
    os.environ.update(chosen)
    working = os.environ.get("KAGGLE_WORKING_DIR") or "/kaggle/working"
    inputs = os.environ.get("KAGGLE_INPUT_DIR") or "/kaggle/input"
    working, inputs = os.path.abspath(working), os.path.abspath(inputs)
    ours = {
        "KAGGLE_WORKING_DIR": working,
        "KAGGLE_INPUT_DIR": inputs,
        "KW_KERNEL": VALUES["kernel"],
        "KW_COMMIT": VALUES["commit"],
        "KW_BRANCH": VALUES["branch"],
        "PYTHONUNBUFFERED": "1",
        "WANDB_MODE": "offline",
        "WANDB_DIR": working,
        # Artifacts are staged here; elsewhere they were no output.
        "WANDB_DATA_DIR": os.path.join(working, "wandb-data"),
        "WANDB_GIT_COMMIT": VALUES["commit"],
        "WANDB_GIT_REMOTE_URL": VALUES["remote_url"],
    }
    for name, value in ours.items():
        if value and (name.startswith("KAGGLE_") or name not in chosen):
            os.environ[name] = value
    return working, inputs


WORKING, INPUT = set_environment()

# pylint: disable=wrong-import-position
import base64  # noqa: E402
import codecs  # noqa: E402
import fnmatch  # noqa: E402
import glob  # noqa: E402
import hashlib  # noqa: E402
import platform  # noqa: E402
import re  # noqa: E402
import shutil  # noqa: E402
import signal  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
import zlib  # noqa: E402

GRACE = 10  # seconds that the target has to end after a signal
SUMMARY = "session_summary.json"
MARKER = "SESSION_COMPLETE"


class Failure(Exception):
    """Why the session cannot go on."""


def say(text):
    """One line for the session's log, at once."""
    text = text.encode("unicode_escape").decode("ascii")
    sys.stdout.write("kgl-build: %s\n" % text)
    sys.stdout.flush()


def now():
    """The time as RFC 3339 in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class Session:
    """The program that runs, and the signal by which all of it is to stop."""

    def __init__(self):
        self.child = None
        self.signal = 0

    def stop(self, number, _frame):
        """Passes a signal on, and ends what does not heed it."""
        first = not self.signal
        self.signal = self.signal or number
        self.forward(number)
        if first:
            timer = threading.Timer(GRACE, self.forward, [signal.SIGKILL])
            timer.daemon = True
            timer.start()

    def forward(self, number):
        """Sends a signal to the program that runs and what it started."""
        child = self.child
        if child is not None:
            try:
                os.killpg(child.pid, number)
            except (ProcessLookupError, PermissionError):
                pass

    def run(self, argv, folder=None):
        """Runs argv to its end. Its status; 128 + N if signal N ended it."""
        if self.signal:
            return 128 + self.signal
        # What a notebook shows is sys.stdout, which is no file there.
        pipe = subprocess.PIPE if VALUES["notebook"] else None
        try:
            child = subprocess.Popen(
                argv,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=pipe,
                stderr=subprocess.STDOUT if pipe else None,
                start_new_session=True,  # a group, to be signalled as one
            )
        except (OSError, ValueError) as error:
            raise Failure("%s: %s" % (argv[0], error)) from error
        self.child = child
        if self.signal:  # it came while the program was being started
            self.forward(self.signal)
        if pipe:
            echo = threading.Thread(target=show, args=[child.stdout])
            echo.daemon = True
            echo.start()
        status = child.wait()
        self.child = None
        if pipe:
            echo.join(5)  # a program left behind may keep the pipe open
        return status if status >= 0 else 128 - status


def show(pipe):
    """Copies what comes from a pipe to the notebook."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for chunk in iter(lambda: os.read(pipe.fileno(), 65536), b""):
        sys.stdout.write(decoder.decode(chunk))
        sys.stdout.flush()


# ---- the machine ----


def gpu_names():
    """The names of the GPUs, "Tesla T4, Tesla T4"; "" without any."""
    places = os.environ.get("PATH", os.defpath) + ":/opt/bin"
    program = shutil.which("nvidia-smi", path=places)
    if not program:
        return ""
    try:
        done = subprocess.run(
            [program, "--query-gpu=name", "--format=csv,noheader"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    names = [line.strip() for line in lines]
    return ", ".join(n for n in names if n and n != "No devices were found")


def has_tpu():
    """Whether there is a TPU: its device files, or what its image sets."""
    return bool(
        os.environ.get("TPU_ACCELERATOR_TYPE")
        or glob.glob("/dev/accel[0-9]*")
        or glob.glob("/dev/vfio/[0-9]*")
    )


def check_device(summary):
    """Notes the GPUs; fails if the device that was asked for is not there."""
    summary["gpu"] = gpu_names() or None
    device = VALUES["device"]
    if device == "gpu" and not summary["gpu"]:
        raise Failure("asked for a GPU, but nvidia-smi shows none")
    if device == "tpu" and not has_tpu():
        raise Failure("asked for a TPU, but there is none")
    say("device %s, GPU %s" % (device, summary["gpu"]))


# ---- input data ----


def descend(folder, parts):
    """The folder below folder that parts lead to, in any case, or None."""
    for part in parts:
        try:
            names = os.listdir(folder)
        except OSError:
            return None
        if part not in names:
            # Of a model the framework is written in one case or the other.
            names = [n for n in names if n.lower() == part.lower()]
            part = names[0] if names else ""
        folder = os.path.join(folder, part)
        if not part or not os.path.isdir(folder):
            return None
    return folder


def newest_version(folder):
    """The folder of a model's highest version, or folder if it has none."""
    versions = [n for n in os.listdir(folder) if n.isdigit()]
    return os.path.join(folder, max(versions, key=int)) if versions else folder


def find_input(kind, ref):
    """The folder of one source, in the older layout or the newer one."""
    parts = ref.split("/")
    if kind == "models":
        layouts = [parts[1:], ["models"] + parts]
    elif kind == "competitions":
        layouts = [parts, ["competitions"] + parts]
    else:
        layouts = [parts[1:2], [kind] + parts[:2]]
    for layout in layouts:
        found = descend(INPUT, layout)
        if found:
            return newest_version(found) if len(parts) == 4 else found
    if kind == "notebooks":  # a utility script is no input
        say("no input %s" % ref)
        return None
    places = ["/".join([INPUT] + layout) for layout in layouts]
    raise Failure("no input %s: neither %s nor %s" % (ref, *places))


def find_inputs():
    """Exports the folders: KW_INPUT_NAME for each, KW_INPUTS for all."""
    found = {}
    for kind, ref in VALUES["inputs"]:
        folder = find_input(kind, ref)
        if folder is None:
            continue
        found[ref] = folder
        parts = ref.split("/")
        slug = parts[0] if len(parts) == 1 else parts[1]
        name = "KW_INPUT_" + re.sub("[^A-Z0-9]", "_", slug.upper())
        os.environ.setdefault(name, folder)
        say("input %s is %s" % (ref, folder))
    os.environ["KW_INPUTS"] = json.dumps(found, sort_keys=True)


# ---- the commit ----


def clone(session, root):
    """Gets exactly the commit, without its history if the server lets us."""
    commit = VALUES["commit"]
    # Those of a hook or a rebase that this may be started from.
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        os.environ.pop(name, None)
    os.environ["GIT_TERMINAL_PROMPT"] = "0"

    def git(*argv):
        if not shutil.which("git"):
            raise Failure("there is no git here; kgl-build --embed needs none")
        return session.run(["git", "-C", root] + list(argv)) == 0

    say("getting %s from %s" % (commit, VALUES["remote_url"]))
    every = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]
    got = (
        git("init", "-q")
        and git("remote", "add", "--", "origin", VALUES["remote_url"])
        and (
            git("fetch", "-q", "--depth=1", "--no-tags", "origin", commit)
            # Some servers give no single commit: then all of it is fetched.
            or git("fetch", "-q", "--no-tags", "origin", *every)
        )
        and git("checkout", "-q", "--detach", commit)
    )
    if session.signal:
        return
    if not got:
        raise Failure("git could not get %s" % commit)
    head = subprocess.run(
        ["git", "-C", root, "rev-parse", "HEAD"],
        stdout=subprocess.PIPE,
        check=False,
    ).stdout.decode()
    if head.strip() != commit:
        raise Failure("git got %s, not %s" % (head.strip(), commit))


def safe_place(root, name):
    """The path of a file of the commit, its folder made. Stays below root."""
    parts = name.split("/")
    if not all(parts) or {".", "..", ".git"} & set(parts) or "\0" in name:
        raise Failure("%r is no name of a file" % name)
    path = os.path.join(root, *parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def unpack(root):
    """Writes the files that this program carries.

    They are one stream, each a line of JSON [kind, size, name] and its bytes.
    """
    data = zlib.decompress(base64.b64decode(VALUES["files"]))
    links = []
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        kind, size, name = json.loads(data[at:end].decode())
        content = data[end + 1 : end + 1 + size]
        at = end + 1 + size
        if kind == "link":
            links.append((name, content))
            continue
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        mode = 0o777 if kind == "program" else 0o666
        with open(os.open(safe_place(root, name), flags, mode), "wb") as file:
            file.write(content)
    for name, content in links:  # last, so that no file goes through one
        os.symlink(content, os.fsencode(safe_place(root, name)))


# ---- the target ----


def install(session, root):
    """Installs what --requirements and --pip name."""
    argv = [sys.executable, "-m", "pip", "install"]
    argv += ["--no-input", "--disable-pip-version-check"]
    for name in VALUES["requirements"]:
        argv += ["-r", name]
    argv += ["--"] + VALUES["pip"]
    if not VALUES["requirements"] and not VALUES["pip"]:
        return
    status = session.run(argv, root)
    if status and not session.signal:
        raise Failure("pip ended with status %d" % status)


def run_target(session, summary, root):
    """All that leads to the target, and the target. Its status."""
    check_device(summary)
    find_inputs()
    if VALUES["files"] is not None:
        unpack(root)
    else:
        clone(session, root)
    install(session, root)
    script = VALUES["script"]
    if not os.path.isfile(os.path.join(root, script)):
        if session.signal:
            return 128 + session.signal
        raise Failure("the commit has no file %s" % script)
    program = "bash" if script.endswith(".sh") else sys.executable
    say("running %s" % " ".join([script] + VALUES["args"]))
    return session.run([program, script] + VALUES["args"], root)


# ---- results ----


def files_below(folder, left_out=()):
    """The names of the regular files below a folder, sorted, but for some."""
    names = []
    for where, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if f != ".git" or where != folder]
        for name in files:
            name = os.path.relpath(os.path.join(where, name), folder)
            if name not in left_out:
                names.append(name)
    return sorted(names)


def is_kept(name, pattern):
    """Whether a pattern matches the file or a folder that it is in."""
    while name:
        if fnmatch.fnmatchcase(name, pattern.rstrip("/")):
            return True
        name = os.path.dirname(name)
    return False


def keep(root):
    """Copies results from the commit's folder to the session's output."""
    names = files_below(root, (SUMMARY, MARKER))
    lost = []
    for pattern in VALUES["keep"]:
        kept = 0
        for name in names:
            source = os.path.join(root, name)
            if not is_kept(name, pattern) or not os.path.isfile(source):
                continue
            target = os.path.join(WORKING, name)
            try:
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy2(source, target)
                kept += 1
            except OSError as error:  # the others may still be kept
                lost.append("%s: %s" % (name, error.strerror))
        say("kept %d files of %s" % (kept, pattern))
    if lost:
        raise Failure("could not keep " + ", ".join(lost))
    return 0


def sha256_of(path):
    """The SHA-256 of a file of any size."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()


def output_files():
    """What the session's output holds, but for what a notebook adds to it."""
    ours = (SUMMARY, MARKER, "__notebook__.ipynb", "__results__.html")
    files = []
    for name in files_below(WORKING, ours):
        path = os.path.join(WORKING, name)
        if os.path.islink(path) or not os.path.isfile(path):
            continue
        files.append(
            {
                "name": os.fsencode(name).decode("utf-8", "replace"),
                "bytes": os.path.getsize(path),
                "sha256": sha256_of(path),
            }
        )
    return files


def write_json(name, value):
    """Writes a file of the output, whole or not at all."""
    path = os.path.join(WORKING, name)
    with open(path + ".tmp", "w", encoding="ascii") as file:
        json.dump(value, file, indent=1)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".tmp", path)


def forget(name):
    """Removes a file that an earlier session, or the target, wrote."""
    try:
        os.unlink(os.path.join(WORKING, name))
    except FileNotFoundError:
        pass


def attempt(summary, work, *argv):
    """Calls work; what it returns, or 1 with the failure noted."""
    try:
        return work(*argv)
    except (Failure, OSError, ValueError, zlib.error) as error:
        say("failed: %s" % error)
        summary.setdefault("failure", str(error))
        return 1


def run_session(session):
    """The session from its beginning to its end. Its status."""
    summary = {
        "kernel": VALUES["kernel"],
        "commit": VALUES["commit"],
        "branch": VALUES["branch"],
        "started_at": now(),
        "ended_at": None,
        "exit_status": None,
        "device": VALUES["device"],
        "gpu": None,
        "python": platform.python_version(),
    }
    os.makedirs(WORKING, exist_ok=True)
    forget(MARKER)
    forget(SUMMARY)
    root = tempfile.mkdtemp(prefix="kgl-build-")
    try:
        status = attempt(summary, run_target, session, summary, root)
        stopped = session.signal
        kept = attempt(summary, keep, root)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    status = status or kept
    if stopped:
        summary["signal"] = signal.Signals(stopped).name
        status = status or 128 + stopped
    forget(MARKER)
    summary["ended_at"] = now()
    summary["exit_status"] = status
    summary["files"] = output_files()
    write_json(SUMMARY, summary)
    if status == 0:
        done = ("kernel", "commit", "ended_at")
        write_json(MARKER, {name: summary[name] for name in done})
    say("ended with status %d" % status)
    return status


def main():
    """Runs the session with our handlers, and restores those before them."""
    session = Session()
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, session.stop) for number in numbers]
    try:
        status = run_session(session)
    finally:
        for number, handler in zip(numbers, before):
            signal.signal(number, handler or signal.SIG_DFL)
    if status:  # a notebook takes any SystemExit for a failure
        sys.exit(status)


if __name__ == "__main__":
    main()
