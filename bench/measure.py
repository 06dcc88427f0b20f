"""Control planes, and what processes cost, for the programs beside this file."""
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CLUSTER = os.path.join(ROOT, "tests", "cluster")
sys.path.insert(0, CLUSTER)
from kube import Kube  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
NAME = "bench"


def tool(*arguments, **options):
    return subprocess.check_output([os.path.join(CLUSTER, arguments[0]), *arguments[1:]], text=True, **options)


def cpu(pid):
    """CPU seconds of a process and of the children it waited for."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return sum(int(field) for field in fields[11:15]) / TICK


def machine_cpu():
    """CPU seconds that the whole machine has been busy."""
    with open("/proc/stat", encoding="ascii") as file:
        fields = [int(field) for field in file.readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICK


class Cluster:
    """The control plane and what its processes cost."""

    def __init__(self, name=NAME):
        self.kubeconfig = tool("up", name, "--no-controllers").strip()
        self.run = os.path.dirname(self.kubeconfig)
        self.kube = Kube(self.kubeconfig)
        self.pids = {}
        for name in ("apiserver", "etcd"):
            with open(os.path.join(self.run, name + ".pid"), encoding="ascii") as file:
                self.pids[name] = int(file.read())

    def floor_options(self):
        host, port, _, _ = self.kube.settings
        pki = os.path.join(self.run, "pki")
        return ["--server", f"https://{host}:{port}", "--cert", f"{pki}/admin.crt", "--key", f"{pki}/admin.key",
                "--cacert", f"{pki}/ca.crt"]


class Run:
    """One measured run: wall, client CPU, the servers' CPU, all others' CPU, peak."""

    def __init__(self, cluster, work):
        before = {name: cpu(pid) for name, pid in cluster.pids.items()}
        busy, start = machine_cpu(), time.monotonic()
        self.client, self.peak, self.note = work()
        self.wall = time.monotonic() - start
        busy = machine_cpu() - busy
        self.servers = {name: cpu(pid) - before[name] for name, pid in cluster.pids.items()}
        self.other = max(0.0, busy - self.client - sum(self.servers.values()))


def program(*command, env=None):
    """Work for Run: a program, measured by what the kernel says of it."""
    def work():
        with tempfile.TemporaryFile("w+") as output, tempfile.NamedTemporaryFile("r") as peak:
            # By way of a small program: a child's peak counts its parent's memory before it runs.
            child = subprocess.Popen(["time", "-f", "%M", "-o", peak.name, *command], stdout=output, stderr=output,
                                     env=env)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            text = output.read()
            if child.returncode:
                raise SystemExit(f"{' '.join(command)}: status {child.returncode}\n{text[-2000:]}")
            return usage.ru_utime + usage.ru_stime, int(peak.read().split()[-1]) / 1024, (text.strip().splitlines() or [""])[-1]
    return work


def peak_mib(pid):
    """The most memory that a process ever held."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("VmHWM:")).split()[1]) / 1024


def work_folder():
    """A new folder in memory where that can be: the figures should not be the disk's."""
    return tempfile.mkdtemp(prefix="seaworthy-bench-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
