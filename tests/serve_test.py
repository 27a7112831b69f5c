#!/usr/bin/python3
"""`graft serve` as its clients see it: every body and answer, swaps, overload, stop, TLS, SageMaker's API, hostile traffic."""
import base64
import concurrent.futures
import contextlib
import functools
import http.client
import http.server
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
from unittest import mock

import hostile
import support
from support import LABELS, backbone, images, trained_head


@functools.cache
def pictures():
    """Some test pictures' bytes."""
    return [path.read_bytes() for label in LABELS for path in sorted((images() / "test" / label).iterdir())[:3]]


@functools.cache
def predictions():
    """What `graft predict` says of them: [(label, probability)]."""
    files = [path for label in LABELS for path in sorted((images() / "test" / label).iterdir())[:3]]
    done = support.graft("predict", trained_head()[0], *files, "--json")
    lines = [json.loads(line)["predictions"][0] for line in done.stdout.splitlines()]
    return [(line["label"], line["probability"]) for line in lines]


class Server:
    """A running `graft serve`."""

    def __init__(self, *arguments, port=0, environment=None, tls=False):
        self.log = tempfile.TemporaryFile(mode="w+")
        where = ("--port", port) if port is not None else ()
        self.process = subprocess.Popen(support.command("serve", *arguments, *where), stdout=subprocess.PIPE, text=True,
                                        stderr=self.log, env={**support.environment(), **(environment or {})})
        self.line = self.process.stdout.readline()
        found = re.search(r"at (https?)://\S+:(\d+)$", self.line)
        if not found:
            self.process.wait()
            self.log.seek(0)
            raise AssertionError(f"graft serve did not start: {self.log.read()}")
        self.port = int(found[2])
        assert (found[1] == "https") == tls

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def stop(self):
        """Asks it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def ask(self, method, path, body=None, **headers):
        """(status, headers, body)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def invoke(self, body, content_type="image/jpeg", path="/invocations", **headers):
        return self.ask("POST", path, body, Content_Type=content_type, **headers)


def form(files, boundary="sample"):
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n'
             f"Content-Type: image/jpeg\r\n\r\n".encode() + data + b"\r\n" for name, data in files]
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


@contextlib.contextmanager
def file_server(content, path="/roses.jpg"):
    """A web server on the loopback address with one file; yields its port."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = content if self.path == path else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))  # S3 always says it
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()


class ServeTest(support.ProductTest):
    def assert_is(self, prediction, number):
        label, probability = predictions()[number]
        self.assertEqual(prediction["label"], label)
        self.assertAlmostEqual(prediction["probability"], probability, delta=hostile.TOLERANCE)

    def json_of_answer(self, answer, content_type="application/json"):
        status, headers, body = answer
        self.assertEqual(status, 200, body)
        self.assertEqual(headers["Content-Type"], content_type)
        return json.loads(body)

    def error_of(self, answer, status):
        self.assertEqual(answer[0], status, answer[2])
        return json.loads(answer[2])["error"]


class Forms(ServeTest):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(trained_head()[0], "--allow-private-urls"))

    def test_a_picture_is_answered_with_labels_as_predict_says(self):
        for number, data in enumerate(pictures()):
            answer = self.json_of_answer(self.server.invoke(data))
            [prediction] = answer["predictions"]
            self.assert_is(prediction, number)
            self.assertEqual([entry["label"] for entry in prediction["top"]][0], prediction["label"])
            self.assertEqual({entry["label"] for entry in prediction["top"]}, set(LABELS))
            self.assertEqual(answer["model"], "model")
            self.assertGreater(answer["time_ms"], 0)

    def test_other_types_of_one_picture(self):
        for content_type in ("application/x-image", "application/octet-stream", "image/png"):
            [prediction] = self.json_of_answer(self.server.invoke(pictures()[0], content_type))["predictions"]
            self.assert_is(prediction, 0)

    def test_a_form_with_many_pictures(self):
        body, content_type = form([("a.jpg", pictures()[0]), ("b.jpg", b"no picture"), ("c.jpg", pictures()[5])])
        first, second, third = self.json_of_answer(self.server.invoke(body, content_type))["predictions"]
        self.assert_is(first, 0)
        self.assertEqual(first["name"], "a.jpg")
        self.assertEqual(set(second), {"name", "error"})
        self.assert_is(third, 5)

    def test_json_with_many_pictures(self):
        with file_server(pictures()[1]) as port:
            body = json.dumps({"instances": [{"b64": base64.b64encode(pictures()[0]).decode()},
                                             {"url": f"http://127.0.0.1:{port}/roses.jpg"},
                                             {"url": f"http://127.0.0.1:{port}/none.jpg"}], "top_k": 2})
            first, second, third = self.json_of_answer(self.server.invoke(body, "application/json"))["predictions"]
        self.assert_is(first, 0)
        self.assertEqual(len(first["top"]), 2)
        self.assert_is(second, 1)
        self.assertIn("404", third["error"])

    def test_an_instance_in_s3(self):
        environment = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
        with file_server(pictures()[2], "/bucket/some/key.jpg") as port:
            environment["AWS_ENDPOINT_URL_S3"] = f"http://127.0.0.1:{port}"
            with Server(trained_head()[0], environment=environment) as server:
                body = json.dumps({"instances": [{"s3": "s3://bucket/some/key.jpg"}]})
                [prediction] = self.json_of_answer(server.invoke(body, "application/json"))["predictions"]
                self.assert_is(prediction, 2)

    def test_lines_in_lines_out(self):
        lines = [json.dumps({"b64": base64.b64encode(data).decode()}) for data in pictures()[:3]]
        status, headers, body = self.server.invoke("\n".join([*lines, "{"]), "application/jsonlines")
        self.assertEqual((status, headers["Content-Type"]), (200, "application/jsonlines"))
        *answers, broken = [json.loads(line) for line in body.splitlines()]
        for number, answer in enumerate(answers):
            self.assert_is(answer, number)
            self.assertAlmostEqual(max(answer["prediction"]), answer["probability"])
        self.assertIn("error", broken)

    def test_lines_for_one_picture(self):
        status, _, body = self.server.invoke(pictures()[0], Accept="application/jsonlines")
        self.assertEqual(status, 200)
        self.assertTrue(body.endswith(b"}\n"))
        self.assertAlmostEqual(sum(json.loads(body)["prediction"]), 1, places=4)

    def test_the_published_examples_words(self):
        """A URL as text/plain gets the five likeliest labels, as words."""
        with file_server(pictures()[0]) as port:
            answer = self.json_of_answer(self.server.invoke(f"http://127.0.0.1:{port}/roses.jpg\n", "text/plain"))
        self.assertEqual(set(answer), set(LABELS))
        label, probability = predictions()[0]
        self.assertEqual(list(answer)[0], label)
        self.assertIsInstance(answer[label], str)
        self.assertAlmostEqual(float(answer[label]), probability, delta=hostile.TOLERANCE)

    def test_with_curl(self):
        """curl sends Expect: 100-continue before large bodies, and a type of its own where it is told none."""
        file = images() / "test" / "disc" / "200.jpg"
        url = f"http://127.0.0.1:{self.server.port}/invocations"
        for arguments in (["--data-binary", f"@{file}"], ["-T", str(file), "-X", "POST", "-H", "Content-Type: image/jpeg"],
                          ["-F", f"image=@{file}"],
                          ["--data-binary", f"@{file}", "-H", "Expect: 100-continue", "-H", "Content-Type: image/jpeg"],
                          ["--data-binary", f"@{file}", "-H", "Transfer-Encoding: chunked", "-H",
                           "Content-Type: application/x-image"]):
            done = subprocess.run(["curl", "-sS", *arguments, url], capture_output=True, text=True, timeout=60)
            self.assert_is(json.loads(done.stdout)["predictions"][0], 0)

    def test_what_is_wrong_is_said(self):
        self.assertIn("multipart/form-data", self.error_of(self.server.invoke(pictures()[0], "image/tiff"), 415))
        self.assertIn("application/jsonlines", self.error_of(self.server.invoke(pictures()[0], Accept="image/png"), 406))
        self.error_of(self.server.invoke(pictures()[0][:500]), 400)
        self.error_of(self.server.invoke(b""), 400)
        self.error_of(self.server.ask("GET", "/invocations"), 405)
        self.error_of(self.server.ask("GET", "/none"), 404)
        self.error_of(self.server.invoke(pictures()[0], path="/models/other/invoke"), 404)

    def test_what_platforms_ask(self):
        self.assertEqual(self.server.ask("GET", "/ping")[0], 200)
        parameters = self.json_of_answer(self.server.ask("GET", "/execution-parameters"))
        self.assertEqual(set(parameters), {"MaxConcurrentTransforms", "BatchStrategy", "MaxPayloadInMB"})
        self.server.invoke(pictures()[0])
        text = self.server.ask("GET", "/metrics")[2].decode()
        self.assertRegex(text, r'graft_requests_total\{route="/invocations",status="200"\} \d')
        for phase in ("decode", "wait", "compute", "all"):
            self.assertIn(f'graft_seconds_bucket{{phase="{phase}",le="+Inf"}}', text)
        self.assertRegex(text, r"graft_resident_bytes \d")
        self.assertIn(b"</html>", self.server.ask("GET", "/")[2])


class Options(ServeTest):
    def test_answers_of_the_built_in_algorithm(self):
        with Server(trained_head()[0], environment={"GRAFT_ANSWERS": "probabilities"}) as server:
            answer = self.json_of_answer(server.invoke(pictures()[0], "application/x-image", Accept="*/*"))
            self.assertEqual(len(answer), len(LABELS))
            self.assertAlmostEqual(max(answer), predictions()[0][1], delta=hostile.TOLERANCE)
            body, content_type = form([("a.jpg", pictures()[0]), ("b.jpg", pictures()[5])])
            self.assertEqual([len(row) for row in self.json_of_answer(server.invoke(body, content_type))], [3, 3])
            status, _, body = server.invoke(pictures()[0], Accept="application/jsonlines")
            self.assertEqual(set(json.loads(body)), {"prediction"})

    def test_a_private_address_is_not_fetched(self):
        with file_server(pictures()[0]) as port, Server(trained_head()[0]) as server:
            for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"):
                answer = server.invoke(f"http://{host}:{port}/roses.jpg", "text/plain")
                self.assertIn(answer[0], (400, 403), host)

    def test_tls(self):
        certificate, key = self.folder / "cert.pem", self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        with Server(trained_head()[0], "--cert", certificate, "--key", key, tls=True) as server:
            context = ssl.create_default_context(cafile=certificate)
            connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=60)
            connection.request("POST", "/invocations", pictures()[0], {"Content-Type": "image/jpeg"})
            self.assert_is(json.loads(connection.getresponse().read())["predictions"][0], 0)
            connection.close()
            self.assertEqual(server.stop(), 0)

    def test_what_cannot_be_served_is_said(self):
        self.refuse("serve", self.folder, "--port", 0, names=[self.folder, "not a bundle"])
        self.refuse("serve", backbone(), "--multi-model", self.folder, names=["either a BUNDLE"])
        with mock.patch.dict(os.environ, GRAFT_OPT_ML=str(self.folder)):
            self.refuse("serve", names=["BUNDLE"])
        self.refuse("serve", trained_head()[0], "--heads", self.folder, names=["--backbone"], code=2)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.refuse("serve", trained_head()[0], "--port", taken.getsockname()[1], names=["in use"])


def busily(server, clients, until, number=0):
    """Posts a picture from many threads until `until` is set; all answers' (status, body)."""
    def client():
        answers = []
        while not until.is_set():
            status, _, body = server.invoke(pictures()[number])
            answers.append((status, body))
        return answers

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        tasks = [pool.submit(client) for _ in range(clients)]
        return [answer for task in tasks for answer in task.result()]


class UnderLoad(ServeTest):
    def test_a_new_bundle_on_disk_answers_and_no_request_fails(self):
        served, other = self.folder / "served", self.folder / "other"
        shutil.copytree(trained_head()[0], served)
        shutil.copytree(served, other)
        description = json.loads((other / "graft.json").read_text())
        description["labels"] = [f"new {label}" for label in description["labels"]]
        (other / "graft.json").write_text(json.dumps(description))
        stop = threading.Event()
        with Server(served) as server, concurrent.futures.ThreadPoolExecutor(1) as pool:
            answers = pool.submit(busily, server, 4, stop)
            try:
                time.sleep(0.5)
                for name in ("model.safetensors", "graph.json", "graft.json"):
                    shutil.copy(other / name, served / name)
                deadline = time.monotonic() + 30
                while b"new " not in server.invoke(pictures()[0])[2] and time.monotonic() < deadline:
                    time.sleep(0.1)
                self.assertEqual(server.ask("POST", "/models/served", b"")[0], 200)  # and once more, when asked
                time.sleep(0.5)
            finally:
                stop.set()
            answers = answers.result()
        self.assertEqual({status for status, _ in answers}, {200})
        labels = [json.loads(body)["predictions"][0]["label"] for _, body in answers]
        self.assertEqual(set(labels), {predictions()[0][0], "new " + predictions()[0][0]})

    def test_asked_to_stop_it_answers_what_is_there_and_ends_well(self):
        with Server(trained_head()[0], "--batch-delay", 2000) as server, concurrent.futures.ThreadPoolExecutor(8) as pool:
            tasks = [pool.submit(server.invoke, picture) for picture in pictures()[:8]]
            deadline = time.monotonic() + 20
            while b"graft_queue_pictures 8" not in server.ask("GET", "/metrics")[2] and time.monotonic() < deadline:
                self.assertFalse(any(task.done() for task in tasks))
            begun = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - begun, 30)
            for number, task in enumerate(tasks):
                self.assert_is(self.json_of_answer(task.result())["predictions"][0], number)

    def test_when_it_is_full_it_says_so_at_once(self):
        arguments = ("--queue", 2, "--batch-delay", 3000)
        with Server(trained_head()[0], *arguments) as server, concurrent.futures.ThreadPoolExecutor(2) as pool:
            tasks = [pool.submit(server.invoke, pictures()[0]) for _ in range(2)]
            while b"graft_queue_pictures 2" not in server.ask("GET", "/metrics")[2]:
                self.assertFalse(any(task.done() for task in tasks))
            begun = time.monotonic()
            status, headers, body = server.invoke(pictures()[0])
            self.assertLess(time.monotonic() - begun, 1.5)
            self.assertEqual((status, headers["Retry-After"]), (503, "1"), body)
            for task in tasks:
                self.assertEqual(task.result()[0], 200)

    def test_hostile_traffic(self):
        with Server(trained_head()[0]) as server:
            counts = hostile.attack(server.port, pictures(), seconds=10, seed="serve_test",
                                    truth=[label for label, _ in predictions()])
            self.assertGreater(counts["valid"], 10)
            self.assertEqual(server.stop(), 0)


class ManyModels(ServeTest):
    def test_sagemakers_multi_model_container(self):
        opt_ml = self.folder / "ml"
        for name in ("1a2b", "3c4d"):
            shutil.copytree(trained_head()[0], opt_ml / "models" / name / "model")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        environment = {"GRAFT_OPT_ML": str(opt_ml), "SAGEMAKER_MULTI_MODEL": "true", "SAGEMAKER_BIND_TO_PORT": str(port)}
        with Server(port=None, environment=environment) as server:
            self.assertEqual(server.port, port)
            self.assertEqual(server.ask("GET", "/ping")[0], 200)
            for name in ("1a2b", "3c4d"):
                body = json.dumps({"model_name": name, "url": str(opt_ml / "models" / name / "model")})
                self.assertEqual(server.ask("POST", "/models", body, Content_Type="application/json")[0], 200)
                self.assertEqual(server.ask("POST", "/models", body, Content_Type="application/json")[0], 409)
            listed = self.json_of_answer(server.ask("GET", "/models"))["models"]
            self.assertEqual([model["modelName"] for model in listed], ["1a2b", "3c4d"])
            self.assertEqual(self.json_of_answer(server.ask("GET", "/models/1a2b"))["modelUrl"],
                             str(opt_ml / "models/1a2b/model"))
            answer = server.invoke(pictures()[0], path="/models/1a2b/invoke", X_Amzn_SageMaker_Target_Model="any.tar.gz")
            self.assert_is(self.json_of_answer(answer)["predictions"][0], 0)
            self.assertEqual(server.ask("DELETE", "/models/1a2b")[0], 200)
            self.assertEqual(server.ask("DELETE", "/models/1a2b")[0], 404)
            self.assertEqual(server.invoke(pictures()[0], path="/models/1a2b/invoke")[0], 404)
            body = json.dumps({"model_name": "out", "url": str(trained_head()[0])})
            self.assertEqual(server.ask("POST", "/models", body)[0], 403)

    def test_sagemakers_one_model_container(self):
        opt_ml = self.folder / "ml"
        shutil.copytree(trained_head()[0], opt_ml / "model")
        with Server(environment={"GRAFT_OPT_ML": str(opt_ml)}) as server:
            self.assertIn("0.0.0.0", server.line)
            self.assert_is(self.json_of_answer(server.invoke(pictures()[0]))["predictions"][0], 0)

    def test_many_heads_on_one_backbone(self):
        head = trained_head()[0] / "head.safetensors"
        heads = self.folder / "heads"
        heads.mkdir()
        for number in range(20):
            shutil.copy(head, heads / f"customer-{number}.safetensors")
        (heads / "whole").mkdir()
        shutil.copy(head, heads / "whole" / "head.safetensors")
        with Server("--backbone", backbone(), "--heads", heads) as server:
            for name in ("customer-7", "whole"):
                for answer in (server.invoke(pictures()[3], X_Amzn_SageMaker_Target_Model=name),
                               server.invoke(pictures()[3], path=f"/models/{name}/invoke")):
                    answer = self.json_of_answer(answer)
                    self.assert_is(answer["predictions"][0], 3)
                    self.assertEqual(answer["model"], name)
            self.assertIn("X-Amzn-SageMaker-Target-Model", self.error_of(server.invoke(pictures()[0]), 404))
            shutil.copy(head, heads / "later.safetensors")
            os.remove(heads / "customer-7.safetensors")
            deadline = time.monotonic() + 10
            while server.ask("GET", "/models/later")[0] != 200 and time.monotonic() < deadline:
                time.sleep(0.1)
            self.assertEqual(server.ask("GET", "/models/later")[0], 200)
            self.assertEqual(server.ask("GET", "/models/customer-7")[0], 404)


if __name__ == "__main__":
    unittest.main()
