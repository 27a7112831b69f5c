#!/usr/bin/python3
"""Open MPI's mpirun starts the ranks, here and on several hosts; it is found out without being told."""
import os
import shutil
import signal
import unittest

import engines
import support
from engines import NAMED_WITHIN, Hosts

RANK = "OMPI_COMM_WORLD_RANK"
HERE = os.uname().nodename
ROOT_MAY = {"OMPI_ALLOW_RUN_AS_ROOT": 1, "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": 1}


@unittest.skipUnless(shutil.which("mpirun"), "there is no mpirun: install openmpi-bin")
class Mpirun(engines.EngineTest):
    def mpirun(self, options, arguments, before=()):
        command = ("mpirun", "--oversubscribe", "--bind-to", "none", *options,
                   *support.command("train", *arguments, "--out", self.out))
        return self.start([*before, *command], **ROOT_MAY)

    def test_two_ranks_learn_what_one_does(self):
        self.finish(self.mpirun(("-n", 2), engines.SAME))
        self.assertEqual(len(self.metrics(self.out)[-1]["ranks"]), 2)
        self.assert_same_as_one_rank(self.out)

    def disturb(self, number):
        """Rank 1 gets the signal: mpirun and all ranks end, and what is said names it."""
        job = self.mpirun(("-n", 2), engines.WITHOUT_END)
        self.wait_for_epochs(2)
        os.kill(engines.ranks_of(self.out, RANK)[1], number)
        self.wait_until(job.ended, "mpirun does not end", NAMED_WITHIN + 5)
        self.assertNotEqual(job.process.returncode, 0)
        self.assertEqual(engines.ranks_of(self.out, RANK), {}, "a rank was left behind")
        return job.said()

    def test_a_rank_that_is_killed(self):
        # mpirun ends all others within seconds, maybe before they can say something; it says the same.
        self.assertRegex(self.disturb(signal.SIGKILL), f"rank 1 (with PID [0-9]+ )?on (node )?{HERE}")

    def test_a_rank_that_is_stopped(self):
        self.assertIn(f"error: rank 1 on {HERE} is lost", self.disturb(signal.SIGSTOP))

    def test_two_go_on_without_the_third(self):
        # Without --enable-recovery mpirun ends all when one is killed.
        job = self.mpirun(("--enable-recovery", "-n", 3), (*engines.FEW_STEPS, "--epochs", 60, "--batch", 16,
                                                           "--min-ranks", 2))
        self.wait_for_epochs(2)
        os.kill(engines.ranks_of(self.out, RANK)[1], signal.SIGKILL)
        self.finish(job)
        self.assertIn(f"rank 1 on {HERE} is lost", job.said())
        self.assertEqual([rank["rank"] for rank in self.metrics(self.out)[-1]["ranks"]], [0, 2])

    @unittest.skipUnless(engines.can_make_hosts(), "only root makes network namespaces")
    def test_ranks_on_two_hosts(self):
        hosts = Hosts(2)
        self.addCleanup(hosts.remove)
        self.addCleanup(self.end_all)
        agent = self.folder / "agent"  # what ssh is elsewhere: agent HOST COMMAND...
        on_h2 = " ".join(f"'{word}'" for word in hosts.on("h2"))
        agent.write_text(f'#!/bin/sh\n[ "$1" = h2 ] || exit 1\nshift\nexec {on_h2} sh -c "$*"\n')
        agent.chmod(0o755)
        job = self.mpirun(("--host", "h1,h2", "-n", 2, "--mca", "plm_rsh_agent", agent, "-x", "GRAFT_CACHE"),
                          engines.SAME, before=hosts.on("h1"))
        self.finish(job)
        self.assertEqual([rank["host"] for rank in self.metrics(self.out)[-1]["ranks"]], ["h1", "h2"])


if __name__ == "__main__":
    unittest.main()
