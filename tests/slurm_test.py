#!/usr/bin/python3
"""Slurm starts the ranks, on a cluster of two nodes on this machine."""
import os
import signal
import unittest

import clusters
import engines
import support
from engines import NAMED_WITHIN

RANK = "SLURM_PROCID"


@unittest.skipUnless(clusters.can_start(), clusters.NEEDS)
class Slurm(engines.EngineTest):
    @classmethod
    def setUpClass(cls):
        folder = support.scratch_folder() / "slurm"
        folder.mkdir()
        cls.cluster = clusters.Cluster(folder)
        cls.addClassCleanup(cls.cluster.stop)
        cls.cluster.start()

    def srun(self, *arguments):
        command = ("srun", "-N2", "-n2", "--kill-on-bad-exit", *support.command("train", *arguments, "--out", self.out))
        return self.start(command, SLURM_CONF=self.cluster.folder / "slurm.conf")

    def test_two_nodes_learn_what_one_process_does(self):
        self.finish(self.srun(*engines.SAME))
        self.assertEqual([rank["host"] for rank in self.metrics(self.out)[-1]["ranks"]], ["n1", "n2"])
        self.assert_same_as_one_rank(self.out)

    def test_a_batch_script(self):
        script = self.folder / "job.sh"
        train = " ".join(support.command("train", *engines.SAME, "--out", self.out))
        alone = " ".join(support.command("train", *engines.SAME, "--ranks", 2, "--out", self.folder / "alone"))
        # A script and an interactive step are processes alone: --ranks starts ranks beside them.
        # What their environment says of another job is not theirs.
        other = "export MASTER_ADDR=nowhere GRAFT_JOB_TOKEN=another"
        script.write_text(f"#!/bin/sh\nset -e\ntrap 'echo $? >status' EXIT\nsrun {train}\n{other}\n{alone}\n"
                          f"srun -N1 -n1 {alone}-step\n")
        said, status = self.folder / "said", self.folder / "status"
        self.finish(self.start(("sbatch", "-N2", "-n2", "--chdir", self.folder, "--output", said, script),
                               SLURM_CONF=self.cluster.folder / "slurm.conf"))
        # sbatch --wait looks only each half minute.
        self.wait_until(lambda: status.exists() and status.read_text(), "the script does not end", 120)
        self.assertEqual(status.read_text().strip(), "0", said.read_text())
        for out in (self.out, self.folder / "alone", self.folder / "alone-step"):
            self.assertEqual(len(self.metrics(out)[-1]["ranks"]), 2)

    def disturb(self, number):
        job = self.srun(*engines.WITHOUT_END)
        self.wait_for_epochs(2)
        os.kill(engines.ranks_of(self.out, RANK)[1], number)
        self.wait_until(job.ended, "srun does not end", NAMED_WITHIN + 15)
        self.assertNotEqual(job.process.returncode, 0)
        self.wait_until(lambda: not engines.ranks_of(self.out, RANK), "a rank was left behind", 20)
        return job.said()

    def test_a_rank_that_is_killed(self):
        # With --kill-on-bad-exit srun ends all others at once, maybe before they can say something; it says the same.
        self.assertRegex(self.disturb(signal.SIGKILL), "rank 1 on n2 is lost|error: n2: task 1: Killed")

    def test_a_rank_that_is_stopped(self):
        self.assertIn("error: rank 1 on n2 is lost", self.disturb(signal.SIGSTOP))


if __name__ == "__main__":
    unittest.main()
