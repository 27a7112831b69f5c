#!/usr/bin/python3
"""How much of the gradients' way is hidden behind the backward pass: four hosts that share this machine's cores, each
with its own cable, train ResNet-18 with and without overlap, turn about. Needs root, for the hosts.

    bench/overlap.py [--bin DIR] [--hosts 4] [--rate 1gbit] [--size 64] [--batch 256] [--epochs 2] [--rounds 3]

--batch is to be large enough that the backward pass takes as long as the gradients; the table says both. The last epoch
of each run counts. Prints a table and writes build/bench/overlap.json, which has every round.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import engines  # noqa: E402
import support  # noqa: E402

STEPS = 4  # of an epoch
PORT = 29666
LIMIT = 3600  # seconds, of one run


def draw(folder, options):
    """Small files, so that reading them costs little beside training."""
    each = -(-options.batch * STEPS // len(support.LABELS))
    support.draw(folder / "train", each, size=options.size)
    support.draw(folder / "validation", 8, first=each, size=options.size)


def train(hosts, options, images, out, *more):
    """The last epoch's line of metrics.jsonl."""
    program = str(pathlib.Path(options.bin).resolve() / "graft")
    command = [program, "train", "--train", images, "--mode", "scratch", "--arch", "resnet18", "--size", options.size,
               "--batch", options.batch, "--epochs", options.epochs, "--augment", "none", "--mixed-precision", "off",
               "--precision", "fp32", "--out", out, *more]
    ranks, cores = [], sorted(os.sched_getaffinity(0))
    for rank, host in enumerate(hosts.names):
        place = engines.variables(RANK=rank, WORLD_SIZE=len(hosts.names), MASTER_ADDR=hosts.names[0], MASTER_PORT=PORT)
        # Each host has one core, or its share of one, as hosts do not wait for each other's threads.
        pinned = ("taskset", "--cpu-list", cores[rank % len(cores)], *command)
        ranks.append(subprocess.Popen(hosts.on(host, *pinned), env=place, stdout=subprocess.DEVNULL))
    try:
        for rank in ranks:
            if rank.wait(LIMIT) != 0:
                sys.exit(f"{program} failed")
    finally:
        for rank in ranks:
            rank.kill()
    return json.loads((out / "run/scratch/metrics.jsonl").read_text().splitlines()[-1])


def summary(line):
    """Seconds of a step, as the ranks' mean."""
    def mean(field):
        return statistics.mean(rank[field] for rank in line["ranks"]) / STEPS

    communication, exposed = mean("communication"), mean("exposed")
    return {"images_per_second": line["images_per_second"], "data": mean("data"), "compute": mean("compute"),
            "communication": communication, "exposed": exposed, "hidden": max(0.0, 1 - exposed / communication)}


def table(results):
    lines = ["| | images/s | compute | gradients under way | waited for | hidden |", "|---|---|---|---|---|---|"]
    for name, rounds in results.items():
        def median(field):
            return statistics.median(each[field] for each in rounds)

        lines.append(f"| {name} | {median('images_per_second'):.1f} | {median('compute'):.2f} s | "
                     f"{median('communication'):.2f} s | {median('exposed'):.2f} s | {100 * median('hidden'):.0f} % |")
    return "\n".join(lines)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=ROOT / "build/release/bin")
    parser.add_argument("--hosts", type=int, default=4)
    parser.add_argument("--rate", default="1gbit")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def main():
    options = arguments()
    if not engines.can_make_hosts():
        sys.exit("only root makes network namespaces")
    results = {"overlapped": [], "one after the other": []}
    hosts = engines.Hosts(options.hosts, rate=options.rate)
    try:
        with tempfile.TemporaryDirectory(prefix="graft-overlap-") as folder:
            images = pathlib.Path(folder) / "images"
            draw(images, options)
            for number in range(options.rounds):
                for name, more in (("overlapped", ()), ("one after the other", ("--no-overlap",))):
                    out = pathlib.Path(folder) / f"{name}-{number}".replace(" ", "-")
                    results[name].append(summary(train(hosts, options, images, out, *more)))
                    print(name, json.dumps(results[name][-1]), file=sys.stderr)
    finally:
        hosts.remove()
    said = f"{options.hosts} hosts, {options.rate}, delay {hosts.delay or 'none: this kernel has no netem'}, " \
           f"batch {options.batch}, {options.size} pixels, {len(os.sched_getaffinity(0))} cores for all"
    print(said + "\n\n" + table(results))
    (ROOT / "build/bench").mkdir(parents=True, exist_ok=True)
    (ROOT / "build/bench/overlap.json").write_text(json.dumps({"what": said, **results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
