#!/usr/bin/python3
"""Four hosts with a cable each: they learn what one process does; who is cut off, stopped or killed is named."""
import os
import signal
import time
import unittest

import engines
import support
from engines import NAMED_WITHIN, Hosts

PORT = 29555


class OnHosts(engines.EngineTest):
    rate = "1gbit"

    def setUp(self):
        super().setUp()
        self.hosts = Hosts(4, self.rate)
        self.addCleanup(self.hosts.remove)
        self.addCleanup(self.end_all)  # before the hosts go

    def start_ranks(self, *arguments, ranks=4):
        """Rank r on host h(r+1), each told where it stands, and that there are four."""
        command = support.command("train", *arguments, "--out", self.out)
        for rank, host in enumerate(self.hosts.names[:ranks]):
            self.start(self.hosts.on(host, *command), RANK=rank, WORLD_SIZE=4, MASTER_ADDR="h1", MASTER_PORT=PORT,
                       OMP_NUM_THREADS=1, GRAFT_JOB_TOKEN="secret")

    def disturb(self, disturb, victim=2):
        """The others name the victim in time, and end."""
        self.start_ranks(*engines.WITHOUT_END)
        self.wait_for_epochs(2)
        self.disturb_running(disturb, victim)

    def disturb_running(self, disturb, victim, phase=""):
        disturb(victim)
        since = time.monotonic()
        for rank, job in enumerate(self.jobs):
            if rank == victim:
                continue
            self.wait_until(job.ended, f"rank {rank} does not end", NAMED_WITHIN - (time.monotonic() - since))
            self.assertNotEqual(job.process.returncode, 0)
            [sentence] = [line for line in job.said().splitlines() if line.startswith("error: ")]
            for word in (f"rank {victim}", self.hosts.names[victim], phase, "--resume"):
                self.assertIn(word, sentence)

    def send(self, number):
        return lambda victim: os.kill(self.jobs[victim].process.pid, number)


@unittest.skipUnless(engines.can_make_hosts(), "only root makes network namespaces")
class Namespaces(OnHosts):
    def test_four_hosts_learn_what_one_process_does(self):
        self.start_ranks(*engines.SAME)
        for job in self.jobs:
            self.finish(job)
        self.assertEqual([rank["host"] for rank in self.metrics(self.out)[-1]["ranks"]], self.hosts.names)
        self.assert_same_as_one_rank(self.out)

    def test_a_host_that_is_cut_off(self):
        self.disturb(lambda victim: self.hosts.cut(self.hosts.names[victim]))
        cut_off = self.jobs[2]
        self.wait_until(cut_off.ended, "the one that is cut off does not end", NAMED_WITHIN)
        self.assertIn("rank 0, which coordinates the job at h1", cut_off.said())

    def test_the_coordinators_host_is_cut_off(self):
        self.disturb(lambda victim: self.hosts.cut("h1"), victim=0)

    def test_a_rank_that_is_stopped(self):
        self.disturb(self.send(signal.SIGSTOP))

    def test_a_rank_that_is_killed(self):
        self.disturb(self.send(signal.SIGKILL))

    def disturb_the_rendezvous(self, number):
        """Three have come, and the fourth is still to come."""
        self.start_ranks(*engines.WITHOUT_END, ranks=3)
        for name in self.hosts.names[:3]:
            self.wait_until(lambda: self.hosts.address(name) in self.hosts.connections("h1", PORT), f"{name} is absent")
        time.sleep(0.5)  # they have said who they are
        self.disturb_running(self.send(number), 2)

    def test_a_rank_that_is_killed_in_the_rendezvous(self):
        self.disturb_the_rendezvous(signal.SIGKILL)

    def test_a_rank_that_is_stopped_in_the_rendezvous(self):
        self.disturb_the_rendezvous(signal.SIGSTOP)

    def test_three_go_on_without_the_fourth(self):
        self.start_ranks(*engines.FEW_STEPS, "--epochs", 60, "--batch", 16, "--min-ranks", 3, "--checkpoint-minutes",
                         0.02)
        self.wait_for_epochs(3)
        self.hosts.cut("h4")
        for job in self.jobs[:3]:
            self.finish(job)
        self.assertIn("rank 3 on h4", self.jobs[0].said())
        self.assertIn("going on from step", self.jobs[0].said())
        metrics = self.metrics(self.out)
        self.assertEqual([line["epoch"] for line in metrics], list(range(1, 61)))
        self.assertEqual([rank["host"] for rank in metrics[-1]["ranks"]], self.hosts.names[:3])


@unittest.skipUnless(engines.can_make_hosts(), "only root makes network namespaces")
class SlowNamespaces(OnHosts):
    """Cables so slow that the first weights take seconds to arrive."""
    rate = "50mbit"

    def disturb_the_first_broadcast(self, number):
        self.start_ranks("--train", support.images(), "--mode", "scratch", "--arch", "resnet18", "--size", 32)
        self.wait_until(lambda: self.hosts.sent("h1") > 4e6, "rank 0 sends nothing")
        self.disturb_running(self.send(number), 2, "first broadcast")

    def test_a_rank_that_is_killed_in_the_first_broadcast(self):
        self.disturb_the_first_broadcast(signal.SIGKILL)

    def test_a_rank_that_is_stopped_in_the_first_broadcast(self):
        self.disturb_the_first_broadcast(signal.SIGSTOP)


if __name__ == "__main__":
    unittest.main()
