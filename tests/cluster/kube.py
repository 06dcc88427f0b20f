"""A few plain requests to an API server, for the tools beside this file.

Knows nothing of the programs under test. Credentials come from `kubectl config view`,
so that a kubeconfig is read by the program that defines it. Standard library only.
"""
import base64
import http.client
import json
import os
import ssl
import subprocess
import tempfile
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
# What a restore adds: of the default service account it depends on who makes it first, the cluster or the restore.
RESTORE_LABELS = ("velero.io/backup-name", "velero.io/restore-name")
SYSTEM_NAMESPACES = {"kube-system", "kube-public", "kube-node-lease"}


class Failed(Exception):
    """An answer that is not 2xx."""

    def __init__(self, status, text):
        super().__init__(f"HTTP {status}: {text[:300]}")
        self.status = status


def kubectl():
    """The path of the kubectl that belongs to the test servers."""
    return os.path.join(subprocess.check_output([os.path.join(HERE, "build"), "--bin"], text=True).strip(), "kubectl")


class Kube:
    """One keep-alive connection; not for several threads at once (see clone)."""

    def __init__(self, kubeconfig=None, settings=None):
        self.settings = settings or self._read(kubeconfig)
        self.connection = None

    @staticmethod
    def _read(kubeconfig):
        text = subprocess.check_output(
            [kubectl(), "--kubeconfig", kubeconfig, "config", "view", "--raw", "--minify", "-o", "json"])
        config = json.loads(text)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        context = ssl.create_default_context(
            cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        if "client-certificate-data" in user:
            with tempfile.NamedTemporaryFile() as file:
                for key in ("client-certificate-data", "client-key-data"):
                    file.write(base64.b64decode(user[key]) + b"\n")
                file.flush()
                context.load_cert_chain(file.name)
        server = urllib.parse.urlsplit(cluster["server"])
        return server.hostname, server.port, context, user.get("token")

    def clone(self):
        """Another connection with the same credentials."""
        return Kube(settings=self.settings)

    def request(self, method, path, body=None, accept="application/json", content="application/json"):
        """The answer's bytes; Failed where the server refuses."""
        host, port, context, token = self.settings
        headers = {"Accept": accept, "Content-Type": content, "User-Agent": "cluster-tools"}
        if token:
            headers["Authorization"] = "Bearer " + token
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        for fresh in (False, True):
            if self.connection is None or fresh:
                self.connection = http.client.HTTPSConnection(host, port, context=context, timeout=120)
            try:
                self.connection.request(method, path, body, headers)
                answer = self.connection.getresponse()
                data = answer.read()
                break
            except (http.client.HTTPException, OSError):
                self.connection.close()
                if fresh:
                    raise
        if answer.status >= 300:
            raise Failed(answer.status, data.decode(errors="replace"))
        return data

    def get(self, path, **options):
        """The answer as a document."""
        return json.loads(self.request("GET", path, **options))

    def kinds(self):
        """All listable kinds, each once, in its group's preferred version."""
        found = []
        for root in ("/api", "/apis"):
            for group in self.get(root, accept=AGGREGATED)["items"]:
                name, seen = group["metadata"].get("name", ""), set()
                for version in group["versions"]:
                    for resource in version.get("resources", []):
                        if resource["resource"] in seen or "list" not in resource["verbs"]:
                            continue
                        seen.add(resource["resource"])
                        found.append(Kind(name, version["version"], resource))
        return found


class Kind:
    """A listable kind of objects."""

    def __init__(self, group, version, resource):
        self.group, self.version, self.resource = group, version, resource["resource"]
        self.namespaced = resource["scope"] == "Namespaced"
        self.verbs = resource["verbs"]
        self.base = f"/apis/{group}/{version}" if group else f"/api/{version}"

    @property
    def name(self):
        """As Kubernetes writes it: deployments.apps, pods."""
        return f"{self.resource}.{self.group}" if self.group else self.resource

    def path(self, namespace=None, name=None):
        """Of the list, of a namespace's list, or of one object."""
        path = self.base
        if namespace:
            path += "/namespaces/" + namespace
        path += "/" + self.resource
        return path + "/" + urllib.parse.quote(name, safe="") if name else path


def is_system(kind, item):
    """Does the cluster itself make this object, so that nobody need save it?"""
    meta = item["metadata"]
    name, namespace = meta["name"], meta.get("namespace", "")
    labels, annotations = meta.get("labels") or {}, meta.get("annotations") or {}
    if kind in ("events", "events.events.k8s.io", "nodes", "componentstatuses", "ipaddresses.networking.k8s.io",
                "csinodes.storage.k8s.io"):
        return True
    if namespace in SYSTEM_NAMESPACES or (kind == "namespaces" and name in SYSTEM_NAMESPACES):
        return True
    if "kubernetes.io/bootstrapping" in labels or "kube-aggregator.kubernetes.io/automanaged" in labels:
        return True
    if "apf.kubernetes.io/autoupdate-spec" in annotations:
        return True
    if kind == "configmaps" and name == "kube-root-ca.crt":
        return True
    if kind == "serviceaccounts" and name == "default":
        plain = not any(item.get(field) for field in ("imagePullSecrets", "automountServiceAccountToken"))
        return plain and not annotations and not set(labels) - set(RESTORE_LABELS)
    if kind == "secrets" and item.get("type") == "kubernetes.io/service-account-token":
        return True
    if namespace == "default" and name == "kubernetes":
        return kind in ("services", "endpoints", "endpointslices.discovery.k8s.io")
    if kind == "servicecidrs.networking.k8s.io" and name == "kubernetes":
        return True
    return kind == "priorityclasses.scheduling.k8s.io" and name.startswith("system-")
