"""`graft serve` under load, beside the usual servers with the same network: the section `serve` of bench/run.

JPEG bodies of 500x375 from another process on loopback. What is wanted: 0.85 of the images/s that the bare plan makes
of files, decoding included; at half load a p99 under three times a single request; at twice the load as many images as
before, the rest refused at once, no more memory. And 1,000 heads on one backbone at 0.9 of one head.
"""
import contextlib
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

import load

ROOT = pathlib.Path(__file__).resolve().parents[1]
PYTHON = "/usr/bin/python3"  # Debian's, which has python3-torch
NETWORKS = ["mobilenetv2_100", "resnet50"]
CONNECTIONS = [1, 4, 16, 64, 256]
SECONDS = 8
FILES = 1000
HEADS = 1000
LABELS = 5


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command, port, **environment):
    """A server that answers /ping."""
    server = subprocess.Popen(list(map(str, command)), env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                if urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5).status == 200:
                    break
            if server.poll() is not None:
                raise RuntimeError(f"{command[0]} ended at once")
            time.sleep(0.1)
        yield server
    finally:
        server.terminate()
        server.wait()


def resident_mb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1000


def steady(port, body, rate, seconds=SECONDS):
    """load.at_rate() in a process of its own."""
    text = subprocess.run([sys.executable, ROOT / "bench/load.py", *map(str, (port, body, rate, seconds))], check=True,
                          capture_output=True, text=True).stdout
    return json.loads(text)


def warmed(port, body, connections=16):
    load.flat_out(port, body, connections, 2)


def settle(port, body, single):
    """Until what clients have left behind is done: a request takes about as long as one alone."""
    while load.flat_out(port, body, 1, 2)["images_per_second"] < 1 / (2 * single):
        pass


def under_load(bundle, body, precision, graft):
    """All that is asked of one model of ours."""
    port = free_port()
    with running([graft, "serve", bundle, "--port", port, "--precision", precision], port) as server:
        warmed(port, body)
        found = {"by_connections": [load.flat_out(port, body, each, SECONDS) for each in CONNECTIONS]}
        single = found["by_connections"][0]["p50"]
        # 256 connections are more than the queue takes: that is the overload below.
        most = max(each["images_per_second"] for each in found["by_connections"] if not each["failed"])
        settle(port, body, single)
        found.update(single=single, most=most, half=steady(port, body, most / 2))
        before = resident_mb(server.pid)
        found["twice"] = load.beyond(port, body, 2 * most, 2 * SECONDS)
        found["memory_mb"] = [before, resident_mb(server.pid)]
    return found


def rate_of_files(bundle, pictures, precision, graft):
    """Images a second from files to the output of the bare plan, on all cores."""
    text = subprocess.run([graft, "bench", "infer", bundle, "--images", pictures, "--precision", precision, "--batch",
                           "1", "--json"], check=True, capture_output=True, text=True).stdout
    return json.loads(text)["files"][0]["images_per_second"]


def usual_servers(network, folder, node, threads):
    """(name, command, environment) of those that can run here."""
    port = free_port()
    if node:
        yield ("ONNX Runtime in Node", ["node", ROOT / "bench/serve_onnx.js", folder / f"{network}.onnx", port, threads],
               port, {"NODE_PATH": str(node / "node_modules")})
    if shutil.which("gunicorn"):
        port = free_port()
        command = ["gunicorn", "--workers", threads, "--bind", f"127.0.0.1:{port}", "--chdir", ROOT / "bench",
                   "--log-level", "error", "serve_torch:app"]
        yield ("torch in Flask and gunicorn", command, port,
               {"NETWORK": network, "WEIGHTS": str(folder / f"{network}.pth")})


def usual_rates(network, folder, body, node, threads):
    rates = {}
    for name, command, port, environment in usual_servers(network, folder, node, threads):
        with running(command, port, **environment):
            warmed(port, body)
            rates[name] = max(load.flat_out(port, body, each, SECONDS)["images_per_second"] for each in (4, 16))
    return rates


def make_models(network, folder, graft):
    """Our bundle of the network that the others serve."""
    bundle = folder / network
    if not bundle.is_dir():
        subprocess.run([PYTHON, ROOT / "bench/serve_model.py", network, folder], check=True)
        subprocess.run([graft, "import", folder / f"{network}.pth", "--out", bundle], check=True,
                       stdout=subprocess.DEVNULL)
    return bundle


def rows_of(network, precision, files, ours, usual):
    what = f"serve {network}, {precision}"
    half, twice, (before, after) = ours["half"], ours["twice"], ours["memory_mb"]
    yield {"what": what, "graft": f"{ours['most']:.0f} images/s", "usual": f"{files:.0f} images/s bare plan with files",
           "ratio": ours["most"] / files, "wanted": "0.85 x"}
    for name, rate in usual.items():
        yield {"what": what, "graft": f"{ours['most']:.0f} images/s", "usual": f"{rate:.0f} images/s {name}",
               "ratio": ours["most"] / rate, "wanted": ""}
    yield {"what": f"{what}: p99 at half load", "graft": f"{1000 * half['p99']:.1f} ms",
           "usual": f"{1000 * ours['single']:.1f} ms a single request", "ratio": half["p99"] / ours["single"],
           "wanted": "under 3 x"}
    yield {"what": f"{what}: at twice the load", "graft": f"{twice['images_per_second']:.0f} images/s",
           "usual": f"p99 {1000 * twice['p99']:.0f} ms, {twice['refused_per_second']:.0f}/s refused in "
                    f"{1000 * (twice['refused_p99'] or 0):.0f} ms, {after - before:+.0f} MB",
           "ratio": twice["images_per_second"] / ours["most"], "wanted": "1.0 x"}


def make_pictures(images, folder):
    """FILES copies of the images, in folders as if they had labels."""
    if folder.is_dir():
        return
    for label in range(LABELS):
        (folder / f"label{label}").mkdir(parents=True)
    pictures = sorted(images.glob("*.jpg"))
    for number in range(FILES):
        shutil.copy(pictures[number % len(pictures)], folder / f"label{number % LABELS}/{number}.jpg")


def make_heads(bundle, pictures, folder, graft):
    """HEADS heads on the bundle's backbone, each a file of its own: copies of one, as weights do not change the time."""
    if folder.is_dir():
        return
    model = folder.parent / "head"
    subprocess.run([graft, "train", "--from", bundle, "--train", pictures, "--out", model, "--precision", "fp32",
                    "--allow-leak"], check=True, capture_output=True)
    folder.mkdir()
    for number in range(HEADS):
        shutil.copy(model / "head.safetensors", folder / f"head{number}.safetensors")


def heads_row(bundle, pictures, body, graft):
    folder = bundle.parent / "heads"
    make_heads(bundle, pictures, folder, graft)
    port = free_port()
    with running([graft, "serve", "--backbone", bundle, "--heads", folder, "--port", port], port) as server:
        load.flat_out(port, body, 64, 2, HEADS)
        rounds = [[load.flat_out(port, body, 64, SECONDS, heads)["images_per_second"] for heads in (1, HEADS)]
                  for _ in range(3)]
        memory = resident_mb(server.pid)
    one, many = (statistics.median(each) for each in zip(*rounds))
    return {"what": f"serve {HEADS} heads on {bundle.name}", "graft": f"{many:.0f} images/s",
            "usual": f"{one:.0f} images/s with one head; {memory:.0f} MB in all", "ratio": many / one,
            "wanted": "0.9 x"}, rounds


def measure(build, images, node, precisions, threads):
    """`images` is a folder of JPEG files of 500x375, `node` a folder with node_modules, or None."""
    graft, folder = build / "bin/graft", build / "serve"
    body, pictures = sorted(images.glob("*.jpg"))[0], folder / "pictures"
    make_pictures(images, pictures)
    rows, rounds = [], {}
    for network in NETWORKS:
        bundle = make_models(network, folder, graft)
        usual = usual_rates(network, folder, body, node, threads)
        for precision in precisions:
            files = rate_of_files(bundle, pictures, precision, graft)
            ours = under_load(bundle, body, precision, graft)
            rows += rows_of(network, precision, files, ours, usual)
            rounds[f"{network} {precision}"] = {"files": files, "graft": ours, "usual": usual}
    row, rounds["heads"] = heads_row(folder / NETWORKS[0], pictures, body, graft)
    return {"what": "serve", "rows": [*rows, row],
            "conditions": f"{threads} cores shared with the clients; one JPEG of 500x375 again and again over loopback; "
                          f"random weights; most images/s of {', '.join(map(str, CONNECTIONS))} connections without a "
                          "refusal; half and twice the load at a steady rate, times counted from when a request was due",
            "rounds": rounds}
