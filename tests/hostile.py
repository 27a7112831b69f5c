#!/usr/bin/python3
"""Hostile traffic for `graft serve`, with valid pictures between it whose answers are checked.

By hand, against a server of the asan preset:

    build/asan/bin/graft serve MODEL --port 8080 &
    /usr/bin/python3 tests/hostile.py 8080 --seconds 600 --seed 1 PICTURE.jpg...

Exit code 0: the server is still there, every valid picture was answered right, and nothing was answered with a 500.
"""
import argparse
import base64
import collections
import http.client
import json
import pathlib
import random
import socket
import struct
import threading
import time

THREADS = 8
CAUSE = (400, 403, 404, 405, 406, 408, 411, 413, 414, 415, 417, 431, 501, 503, 505)  # what a client may be told
TOLERANCE = 2e-3  # of a probability; pictures that are computed together round otherwise than one alone


class Failure(Exception):
    pass


def post(port, body, content_type="image/jpeg", path="/invocations", headers=()):
    """Status and body, whole."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", path, body, {"Content-Type": content_type, **dict(headers)})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def ask(port, picture):
    """(label, probability) of a valid picture; who is told to come back does."""
    while True:
        status, body = post(port, picture)
        if status == 200:
            [prediction] = json.loads(body)["predictions"]
            return prediction["label"], prediction["probability"]
        if status != 503:
            raise Failure(f"a valid picture got {status}: {body[:200]}")
        time.sleep(0.05)


def raw(port, data, read=True, wait=0.0):
    """Sends bytes; returns the answer's status, or None where there is none."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        try:
            connection.sendall(data)
            if wait:
                time.sleep(wait)
            if not read:  # leaves with a reset, as a client that crashes
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return None
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(4096)
        except (ConnectionError, TimeoutError):
            return None
    return int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else None


def head(length, content_type="image/jpeg", extra=""):
    return (f"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {length}\r\n{extra}\r\n").encode()


class Attacker:
    """One thread's traffic: a function of its seed."""

    def __init__(self, port, pictures, seed):
        self.port, self.chance = port, random.Random(seed)
        self.pictures = pictures  # (bytes, (label, probability))
        self.counts = collections.Counter()

    def picture(self):
        return self.chance.choice(self.pictures)[0]

    def expect(self, status, *allowed):
        if status is not None and status not in (allowed or CAUSE):
            raise Failure(f"status {status}, not one of {allowed or CAUSE}")

    def valid(self):
        data, (label, probability) = self.chance.choice(self.pictures)
        got, how_sure = ask(self.port, data)
        if got != label or abs(how_sure - probability) > TOLERANCE:
            raise Failure(f"a valid picture is {got} {how_sure}, not {label} {probability}")

    def valid_chunked(self):
        data, (label, _) = self.chance.choice(self.pictures)
        pieces = [data[i:i + 7000] for i in range(0, len(data), 7000)]
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", "/invocations", iter(pieces), {"Content-Type": "image/jpeg"}, encode_chunked=True)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        self.expect(answer.status, 200, 503)
        if answer.status == 200 and json.loads(body)["predictions"][0]["label"] != label:
            raise Failure("a valid picture in chunks is answered wrong")

    def truncated_picture(self):
        data = self.picture()
        self.expect(post(self.port, data[:self.chance.randrange(len(data) - 2)])[0], 400, 503)

    def damaged_picture(self):
        data = bytearray(self.picture())
        for _ in range(self.chance.randrange(1, 40)):
            data[self.chance.randrange(len(data))] = self.chance.randrange(256)
        self.expect(post(self.port, bytes(data))[0], 200, 400, 503)

    def random_bytes_as_picture(self):
        self.expect(post(self.port, self.chance.randbytes(self.chance.randrange(100000)))[0], 400, 503)

    def random_bytes_as_http(self):
        self.expect(raw(self.port, self.chance.randbytes(self.chance.randrange(1, 5000))))

    def huge_picture(self):
        """A PNG that says it has 60000 x 60000 pixels."""
        data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 60000, 60000, 8, 2, 0, 0, 0) + bytes(64)
        self.expect(post(self.port, data, "image/png")[0], 400, 503)

    def huge_length(self):
        self.expect(raw(self.port, head(1 << self.chance.choice((27, 40, 62)))))

    def huge_header(self):
        self.expect(raw(self.port, b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 200000 + b"\r\n\r\n"))

    def wrong_type(self):
        self.expect(post(self.port, self.picture(), self.chance.choice(("text/html", "image/tiff", "x", "")))[0], 200, 415,
                    503)

    def wrong_method(self):
        self.expect(raw(self.port, b"PUT /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"))

    def wrong_lengths(self):
        length = self.chance.choice(("-1", "1e3", "0x10", "5, 6", " ", "9" * 30))
        self.expect(raw(self.port, head(length) + b"hello"))

    def smuggled(self):
        extra = "Transfer-Encoding: chunked\r\n"
        self.expect(raw(self.port, head(5, extra=extra) + b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n"))

    def broken_chunks(self):
        data = b"POST /invocations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.expect(raw(self.port, data + self.chance.choice((b"zz\r\n", b"5\r\nhelloX", b"ffffffffffffffffff\r\n"))))

    def half_open(self):
        data = head(5000) + self.picture()[:self.chance.randrange(4000)]
        raw(self.port, data[:self.chance.randrange(len(data))], read=False, wait=self.chance.uniform(0, 0.5))

    def gone_before_the_answer(self):
        data = self.picture()
        raw(self.port, head(len(data)) + data, read=False)

    def slow(self):
        data = head(3) + b"abc"
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            for byte in data[:self.chance.randrange(20)]:
                connection.sendall(bytes([byte]))
                time.sleep(0.05)

    def broken_json(self):
        body = self.chance.choice((b"{", b"[" * 100000, b'{"instances": 3}', b'{"instances": []}', b"\xff\xfe",
                                   b'{"instances": [{"b64": "%%"}]}', b'{"instances": [{"url": "file:///etc/passwd"}]}',
                                   b'{"instances": [{"url": "http://127.0.0.1:22/"}]}',
                                   b'{"instances": [{"b64": "AAAA"}], "top_k": 1e99}'))
        self.expect(post(self.port, body, "application/json")[0], 400, 403, 503)

    def broken_lines(self):
        lines = [b'{"b64": "' + base64.b64encode(self.picture()) + b'"}', b"{", b"7", b"\x00", b'{"b64": 5}']
        self.chance.shuffle(lines)
        self.expect(post(self.port, b"\n".join(lines), "application/jsonlines")[0], 200, 503)

    def many_lines(self):
        self.expect(post(self.port, b'{"b64": "AAAA"}\n' * 5000, "application/jsonlines")[0], 400, 503)

    def broken_form(self):
        body = (b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n' + self.picture() +
                self.chance.choice((b"", b"\r\n--b", b"\r\n--", b"\r\n--c--\r\n")))
        kind = self.chance.choice(("multipart/form-data", "multipart/form-data; boundary=b",
                                   "multipart/form-data; boundary=" + "b" * 300))
        self.expect(post(self.port, body, kind)[0], 400, 503)

    def private_url(self):
        url = self.chance.choice(("http://127.0.0.1/x", "http://[::1]/x", "http://169.254.169.254/latest/meta-data",
                                  "http://10.0.0.1/x", "http://0x7f000001/", "file:///etc/passwd", "gopher://x", "nonsense"))
        self.expect(post(self.port, url, "text/plain")[0], 400, 403, 503)

    def strange_paths(self):
        path = self.chance.choice(("/models/../../etc", "/models/%00", "/" + "x" * 9000, "/models/x/invoke", "*", "//"))
        self.expect(raw(self.port, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()), 200, *CAUSE)

    def pipelined(self):
        data = self.picture()
        one = head(len(data)) + data
        self.expect(raw(self.port, one * self.chance.randrange(2, 6)), 200, 503)

    def run(self, until):
        kinds = [getattr(self, name) for name, value in vars(Attacker).items()
                 if callable(value) and name not in ("__init__", "picture", "expect", "run", "valid")]
        while time.monotonic() < until:
            kind = self.valid if self.chance.random() < 0.4 else self.chance.choice(kinds)
            try:
                kind()
            except (ConnectionError, http.client.HTTPException, TimeoutError) as error:
                if kind == self.valid:
                    raise Failure(f"a valid picture got no answer: {error!r}") from error
            self.counts[kind.__name__] += 1


def attack(port, pictures, seconds, seed, truth=None):
    """How often each kind was sent. Throws Failure where the server is not as it should be."""
    known = [(picture, ask(port, picture)) for picture in pictures]
    for (_, (label, _)), expected in zip(known, truth or [label for _, (label, _) in known]):
        if label != expected:
            raise Failure(f"a picture is {label}, not {expected}, before any attack")
    until = time.monotonic() + seconds
    attackers = [Attacker(port, known, f"{seed} {i}") for i in range(THREADS)]
    failures = []

    def run(attacker):
        try:
            attacker.run(until)
        except Exception as error:  # told by the main thread
            failures.append(error)

    threads = [threading.Thread(target=run, args=(attacker,)) for attacker in attackers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    for picture, (label, _) in known:
        if ask(port, picture)[0] != label:
            raise Failure("a valid picture is answered wrong after the attack")
    return sum((attacker.counts for attacker in attackers), collections.Counter())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("port", type=int)
    parser.add_argument("pictures", nargs="+", type=pathlib.Path, metavar="PICTURE.jpg")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--seed", default="1")
    options = parser.parse_args()
    counts = attack(options.port, [path.read_bytes() for path in options.pictures], options.seconds, options.seed)
    print(json.dumps({"requests": counts.total(), **dict(counts.most_common())}))


if __name__ == "__main__":
    main()
