#!/usr/bin/python3
"""`graft up --executor slurm`: training jobs of SageMaker's API are jobs of Slurm."""
import os
import unittest
import unittest.mock

import clusters
import support
import training_jobs
from platforms import Platform
from training_jobs import LONG


@unittest.skipUnless(clusters.can_start(), clusters.NEEDS)
class RunnerSlurm(training_jobs.JobsTest):
    @classmethod
    def setUpClass(cls):
        folder = support.scratch_folder() / "cluster"
        folder.mkdir()
        cls.cluster = clusters.Cluster(folder, cpus=2)
        cls.addClassCleanup(cls.cluster.stop)
        cls.cluster.start()
        variables = unittest.mock.patch.dict(os.environ, {"SLURM_CONF": str(folder / "slurm.conf")})
        variables.start()
        cls.addClassCleanup(variables.stop)
        cls.platform = Platform(support.scratch_folder() / "data", "--executor", "slurm")
        cls.addClassCleanup(cls.platform.__exit__)
        training_jobs.prepare(cls.platform)

    def slurm_jobs(self, name):
        """The states of Slurm's jobs that this job has had."""
        jobs = self.cluster.answer("scontrol", "show", "jobs", "--oneliner").splitlines()
        fields = [dict(word.split("=", 1) for word in job.split() if "=" in word) for job in jobs]
        return [job["JobState"] for job in fields if f"-{name}-" in job.get("JobName", "")]

    def slurm_says(self, name, state):
        """There was one job of Slurm, and it comes to this state."""
        self.until(lambda: self.slurm_jobs(name) == [state], f"{name} is not {state}")

    def test_one_instance(self):
        self.create("one")
        self.assert_model("one")
        self.slurm_says("one", "COMPLETED")

    def test_two_instances(self):
        self.create("two", instances=2)
        self.assert_model("two")
        self.slurm_says("two", "COMPLETED")
        self.assertTrue(self.lines("two", "algo-2"))

    def test_a_stop_ends_it_and_one_that_waits(self):
        self.create("long", instances=2, epochs=LONG)
        self.trains("long")
        self.create("waiting")
        self.slurm_says("waiting", "PENDING")
        self.come_to("waiting", "Pending")
        for name in ("waiting", "long"):
            self.sagemaker.stop_training_job(TrainingJobName=name)
        for name in ("waiting", "long"):
            self.assertEqual(self.end_of(name, "Stopped")["SecondaryStatus"], "Stopped")
        self.slurm_says("waiting", "CANCELLED")
        self.slurm_says("long", "COMPLETED")

    def test_a_failure_says_why(self):
        self.create("wrong", learning_rate="fast")
        self.assertIn("learning_rate", self.end_of("wrong", "Failed")["FailureReason"])

    def test_it_is_found_again(self):
        self.create("found", epochs="40")
        self.trains("found")
        self.platform.kill()
        self.platform.start()
        self.assert_model("found")
        self.slurm_says("found", "COMPLETED")


if __name__ == "__main__":
    unittest.main()
