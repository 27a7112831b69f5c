#!/usr/bin/python3
"""deploy/kubernetes: what can be known without a cluster. Each field is one that Kubernetes 1.28 has at that place,
numbers and names agree with each other, and graft takes the command lines."""
import unittest

import yaml

import support

FOLDER = support.ROOT / "deploy/kubernetes"
# The fields that the manifests may use, as in Kubernetes' API reference; a list stands for lists of such objects,
# str, int and bool for themselves, and dict for names of one's own.
METADATA = {"name": str, "labels": dict}
KEY = {"name": str, "key": str}
CONTAINER = {
    "name": str, "image": str, "command": list,
    "env": [{"name": str, "value": str,
             "valueFrom": {"fieldRef": {"fieldPath": str}, "secretKeyRef": KEY}}],
    "resources": {"requests": dict, "limits": dict},
    "volumeMounts": [{"name": str, "mountPath": str, "readOnly": bool}],
}
POD = {
    "subdomain": str, "restartPolicy": str, "containers": [CONTAINER],
    "topologySpreadConstraints": [{"maxSkew": int, "topologyKey": str, "whenUnsatisfiable": str,
                                   "labelSelector": {"matchLabels": dict}}],
    "volumes": [{"name": str, "persistentVolumeClaim": {"claimName": str, "readOnly": bool},
                 "emptyDir": {"medium": str, "sizeLimit": str}}],
}
KINDS = {
    ("batch/v1", "Job"): {"completionMode": str, "completions": int, "parallelism": int, "backoffLimit": int,
                          "template": {"metadata": METADATA, "spec": POD}},
    ("v1", "Service"): {"clusterIP": str, "publishNotReadyAddresses": bool, "selector": dict,
                        "ports": [{"name": str, "port": int}]},
}


class Kubernetes(support.ProductTest):
    def check(self, value, form, place):
        if isinstance(form, dict):
            self.assertIsInstance(value, dict, place)
            for name, inner in value.items():
                self.assertIn(name, form, f"{place} has no such field")
                self.check(inner, form[name], f"{place}.{name}")
        elif isinstance(form, list):
            self.assertIsInstance(value, list, place)
            for number, inner in enumerate(value):
                self.check(inner, form[0], f"{place}[{number}]")
        else:
            self.assertIs(type(value), form, place)

    def documents(self, name):
        return list(yaml.safe_load_all((FOLDER / name).read_text()))

    def pod(self, name):
        [job] = [d for d in self.documents(name) if d["kind"] == "Job"]
        return job, job["spec"]["template"]["spec"]

    def files(self):
        return sorted(path.name for path in FOLDER.iterdir())

    def test_fields_are_kubernetes_own(self):
        self.assertEqual(self.files(), ["one-pod.yaml", "several-pods.yaml"])
        for name in self.files():
            for document in self.documents(name):
                form = {"apiVersion": str, "kind": str, "metadata": METADATA,
                        "spec": KINDS[document["apiVersion"], document["kind"]]}
                self.check(document, form, f"{name}: {document['kind']}")

    def test_what_is_mounted_is_there(self):
        for name in self.files():
            _, pod = self.pod(name)
            volumes = {volume["name"] for volume in pod["volumes"]}
            self.assertEqual(volumes, {mount["name"] for mount in pod["containers"][0]["volumeMounts"]})

    def test_ranks_find_each_other(self):
        job, pod = self.pod("several-pods.yaml")
        [service] = [d for d in self.documents("several-pods.yaml") if d["kind"] == "Service"]
        variables = {v["name"]: v.get("value") for v in pod["containers"][0]["env"]}
        spec = job["spec"]
        self.assertEqual({spec["completions"], spec["parallelism"]}, {int(variables["WORLD_SIZE"])})
        self.assertEqual(spec["completionMode"], "Indexed")
        self.assertEqual(service["spec"]["clusterIP"], "None")
        self.assertEqual(service["spec"]["selector"], {"job-name": job["metadata"]["name"]})
        self.assertEqual(pod["subdomain"], service["metadata"]["name"])
        self.assertEqual(variables["MASTER_ADDR"], f"{job['metadata']['name']}-0.{service['metadata']['name']}")
        self.assertEqual(int(variables["MASTER_PORT"]), service["spec"]["ports"][0]["port"])
        self.assertIn("RANK", variables)

    def test_graft_takes_the_command(self):
        for name in self.files():
            program, *arguments = self.pod(name)[1]["containers"][0]["command"]
            self.assertEqual(program, "graft")
            replaced = {"/images": self.folder / "none", "/models/mine": self.folder / "out"}
            done = support.graft(*(replaced.get(word, word) for word in arguments))
            # Wrong usage would be 2; here only the images are missing.
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(str(self.folder / "none"), done.stderr)


if __name__ == "__main__":
    unittest.main()
