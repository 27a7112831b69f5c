#!/usr/bin/python3
"""Logs, metrics and alarms of `graft up`, as boto3 and the AWS CLI write and read them."""
import datetime
import os
import shutil
import subprocess
import time
import unittest

import botocore.exceptions

import support
from platforms import REGION, Platform

DEBIANS_CLI = "/usr/bin/aws"
CLI_SECONDS = 60


class WatchTest(support.ProductTest):
    @classmethod
    def setUpClass(cls):
        cls.data = support.scratch_folder() / "watch"
        cls.platform = Platform(cls.data)
        cls.addClassCleanup(shutil.rmtree, cls.data, ignore_errors=True)
        cls.addClassCleanup(cls.platform.__exit__)
        cls.logs, cls.cloudwatch = cls.platform.client("logs"), cls.platform.client("cloudwatch")

    def cli(self, *arguments):
        """Debian's AWS CLI, version 2.9: it does not know AWS_ENDPOINT_URL and speaks CloudWatch's query protocol."""
        if not os.path.exists(DEBIANS_CLI):
            self.skipTest("there is no AWS CLI")
        done = subprocess.run([DEBIANS_CLI, "--endpoint-url", self.platform.url, "--region", REGION, *arguments],
                              env=self.platform.environment(), text=True, capture_output=True, timeout=CLI_SECONDS)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def write_logs(self, group, count=25):
        now = int(time.time() * 1000)
        self.logs.create_log_group(logGroupName=group)
        for stream in ("a", "b"):
            self.logs.create_log_stream(logGroupName=group, logStreamName=stream)
            self.logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[
                {"timestamp": now - count + i, "message": f"{stream} step {i} \u00e9"} for i in range(count)])
        self.addCleanup(self.logs.delete_log_group, logGroupName=group)

    def test_logs_are_read_as_the_sagemaker_sdk_does(self):
        self.write_logs("read")
        page = {"logGroupName": "read", "logStreamName": "a", "startTime": 0, "startFromHead": True, "limit": 10}
        messages = []
        while True:
            answer = self.logs.get_log_events(**page)
            if not answer["events"]:
                break
            messages += [event["message"] for event in answer["events"]]
            page["nextToken"] = answer["nextForwardToken"]
        self.assertEqual(messages, [f"a step {i} \u00e9" for i in range(25)])
        self.assertEqual(answer["nextForwardToken"], page["nextToken"])
        streams = self.logs.describe_log_streams(logGroupName="read", orderBy="LogStreamName", limit=2)
        self.assertEqual([stream["logStreamName"] for stream in streams["logStreams"]], ["a", "b"])
        self.assertNotIn("nextToken", streams)

    def test_filtered_logs_come_page_by_page(self):
        self.write_logs("filter")
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName="filter", filterPattern='"step 1"', PaginationConfig={"PageSize": 3})
        events = [event for page in pages for event in page["events"]]
        self.assertEqual(len(events), 22)
        self.assertEqual(len({event["eventId"] for event in events}), 22)
        self.assertEqual(sorted(events, key=lambda event: event["timestamp"]), events)

    def test_the_cli_tails_logs(self):
        self.write_logs("tail")
        self.assertEqual(self.cli("logs", "tail", "tail", "--since", "1h").count("step"), 50)

    def test_what_is_not_there_has_its_name(self):
        with self.assertRaises(self.logs.exceptions.ResourceNotFoundException):
            self.logs.describe_log_streams(logGroupName="nowhere")
        with self.assertRaisesRegex(botocore.exceptions.ClientError, "StartQuery"):
            self.logs.start_query(logGroupName="g", startTime=0, endTime=1, queryString="fields @message")

    def put_metrics(self, space):
        begin = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
        begin -= datetime.timedelta(minutes=10)
        self.cloudwatch.put_metric_data(Namespace=space, MetricData=[
            {"MetricName": "loss", "Dimensions": [{"Name": "Job", "Value": "j"}], "Value": value,
             "Timestamp": begin + datetime.timedelta(seconds=i)} for i, value in enumerate(range(1, 101))])
        return {"Namespace": space, "MetricName": "loss", "Dimensions": [{"Name": "Job", "Value": "j"}]}, begin

    def test_metrics_with_boto3(self):
        metric, begin = self.put_metrics("boto3")
        answer = self.cloudwatch.get_metric_statistics(
            **metric, StartTime=begin, EndTime=begin + datetime.timedelta(minutes=5), Period=300,
            Statistics=["Average", "Maximum"], ExtendedStatistics=["p99"])
        points = answer["Datapoints"]
        self.assertEqual(sum(point["Maximum"] == 100 for point in points), 1)
        self.assertIsInstance(points[0]["Timestamp"], datetime.datetime)
        data = self.cloudwatch.get_metric_data(
            StartTime=begin, EndTime=begin + datetime.timedelta(minutes=5), ScanBy="TimestampAscending",
            MetricDataQueries=[{"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}])
        self.assertEqual(data["MetricDataResults"][0]["Values"], [sum(range(1, 61)), sum(range(61, 101))])
        share = self.cloudwatch.get_metric_data(
            StartTime=begin, EndTime=begin + datetime.timedelta(minutes=5), ScanBy="TimestampAscending",
            MetricDataQueries=[{"Id": "share", "Expression": "100 * a / SUM(a)", "Label": "percent"},
                               {"Id": "a", "ReturnData": False,
                                "MetricStat": {"Metric": metric, "Period": 60, "Stat": "SampleCount"}}])
        self.assertEqual([(one["Label"], one["Values"]) for one in share["MetricDataResults"]], [("percent", [60, 40])])
        listed = self.cloudwatch.list_metrics(Namespace="boto3")["Metrics"]
        self.assertEqual(listed, [metric])

    def test_metrics_with_debians_cli(self):
        metric, begin = self.put_metrics("cli")
        out = self.cli("cloudwatch", "get-metric-statistics", "--namespace", "cli", "--metric-name", "loss", "--dimensions",
                       "Name=Job,Value=j", "--start-time", begin.isoformat(), "--end-time",
                       (begin + datetime.timedelta(minutes=1)).isoformat(), "--period", "60", "--statistics", "Sum",
                       "--query", "Datapoints[].Sum", "--output", "text")
        self.assertEqual(float(out), sum(range(1, 61)))

    def test_errors_have_their_code(self):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            self.cloudwatch.get_metric_statistics(Namespace="x", MetricName="y", StartTime=1, EndTime=0, Period=60,
                                                  Statistics=["Sum"])
        self.assertTrue(caught.exception.response["Error"]["Code"].startswith("InvalidParameterValue"))

    def test_alarms(self):
        self.cloudwatch.put_metric_alarm(
            AlarmName="errors", Namespace="alarms", MetricName="loss", Dimensions=[{"Name": "Job", "Value": "j"}],
            Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=10, ComparisonOperator="GreaterThanThreshold")
        self.addCleanup(self.cloudwatch.delete_alarms, AlarmNames=["errors"])

        def state():
            return self.cloudwatch.describe_alarms(AlarmNames=["errors"])["MetricAlarms"][0]["StateValue"]
        self.assertEqual(state(), "INSUFFICIENT_DATA")
        self.cloudwatch.put_metric_data(Namespace="alarms", MetricData=[
            {"MetricName": "loss", "Dimensions": [{"Name": "Job", "Value": "j"}], "Value": 11}])
        self.assertEqual(state(), "ALARM")

    def test_they_outlive_the_platform(self):
        self.write_logs("kill")
        metric, begin = self.put_metrics("kill")
        time.sleep(0.5)
        self.platform.kill()
        self.platform.start()
        self.assertEqual(len(self.logs.filter_log_events(logGroupName="kill")["events"]), 50)
        points = self.cloudwatch.get_metric_statistics(
            **metric, StartTime=begin, EndTime=begin + datetime.timedelta(minutes=5), Period=60, Statistics=["SampleCount"])
        self.assertEqual(sum(point["SampleCount"] for point in points["Datapoints"]), 100)


if __name__ == "__main__":
    unittest.main()
