// What a program with AWS's SDK for JavaScript does with SageMaker, from a folder of images to an answer; prints one
// object of what it saw.
import { CloudWatchLogsClient, DescribeLogStreamsCommand, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateEndpointCommand, CreateEndpointConfigCommand, CreateModelCommand, CreateTrainingJobCommand, DeleteEndpointCommand,
  DeleteEndpointConfigCommand, DeleteModelCommand, DescribeTrainingJobCommand, ListEndpointsCommand, ListTagsCommand,
  SageMakerClient, waitUntilEndpointDeleted, waitUntilEndpointInService, waitUntilTrainingJobCompletedOrStopped,
} from "@aws-sdk/client-sagemaker";
import { InvokeEndpointCommand, SageMakerRuntimeClient } from "@aws-sdk/client-sagemaker-runtime";
import { readFileSync } from "node:fs";

const [RoleArn, data, picture, settings] = process.argv.slice(2);
const where = { endpoint: process.env.AWS_ENDPOINT_URL, region: process.env.AWS_DEFAULT_REGION };
const sagemaker = new SageMakerClient(where);
const runtime = new SageMakerRuntimeClient(where);
const logs = new CloudWatchLogsClient(where);
const patience = { client: sagemaker, maxWaitTime: 120, minDelay: 1, maxDelay: 1 };
const image = "433757028032.dkr.ecr.us-west-2.amazonaws.com/image-classification:1";
const channel = (ChannelName) => ({ ChannelName, ContentType: "application/x-image", DataSource: { S3DataSource: {
  S3DataType: "S3Prefix", S3Uri: `${data}/${ChannelName}`, S3DataDistributionType: "FullyReplicated" } } });
const seen = {};

const made = await sagemaker.send(new CreateTrainingJobCommand({
  TrainingJobName: "node", RoleArn, AlgorithmSpecification: { TrainingImage: image, TrainingInputMode: "File" },
  HyperParameters: JSON.parse(settings), InputDataConfig: [channel("train"), channel("validation")],
  OutputDataConfig: { S3OutputPath: `${data}/out` },
  ResourceConfig: { InstanceType: "ml.m5.large", InstanceCount: 1, VolumeSizeInGB: 10 },
  StoppingCondition: { MaxRuntimeInSeconds: 600 }, Tags: [{ Key: "team", Value: "fruit" }],
}));
seen.waited = (await waitUntilTrainingJobCompletedOrStopped(patience, { TrainingJobName: "node" })).state;
const job = await sagemaker.send(new DescribeTrainingJobCommand({ TrainingJobName: "node" }));
seen.status = job.TrainingJobStatus;
seen.failure = job.FailureReason;
seen.seconds = (job.TrainingEndTime - job.CreationTime) / 1000;
seen.tags = (await sagemaker.send(new ListTagsCommand({ ResourceArn: made.TrainingJobArn }))).Tags;
const logGroupName = "/aws/sagemaker/TrainingJobs";
const streams = await logs.send(new DescribeLogStreamsCommand({ logGroupName, logStreamNamePrefix: "node/" }));
const { logStreamName } = streams.logStreams[0];
const events = await logs.send(new GetLogEventsCommand({ logGroupName, logStreamName, startFromHead: true }));
seen.log = events.events.map((event) => event.message);

await sagemaker.send(new CreateModelCommand({ ModelName: "node", ExecutionRoleArn: RoleArn, PrimaryContainer: {
  Image: image, ModelDataUrl: job.ModelArtifacts.S3ModelArtifacts } }));
await sagemaker.send(new CreateEndpointConfigCommand({ EndpointConfigName: "node", ProductionVariants: [
  { VariantName: "all", ModelName: "node", InitialInstanceCount: 1, InstanceType: "ml.m5.large" }] }));
await sagemaker.send(new CreateEndpointCommand({ EndpointName: "node", EndpointConfigName: "node" }));
await waitUntilEndpointInService(patience, { EndpointName: "node" });
const invoke = (Body, EndpointName = "node") =>
  runtime.send(new InvokeEndpointCommand({ EndpointName, ContentType: "image/jpeg", Body }));
const answer = await invoke(readFileSync(picture));
seen.variant = answer.InvokedProductionVariant;
seen.answer = JSON.parse(Buffer.from(answer.Body).toString());
const refused = await invoke(Buffer.from("no picture")).catch((error) => error);
seen.modelError = [refused.name, refused.OriginalStatusCode];
seen.missing = await invoke("x", "nowhere").catch((error) => error.name);

await sagemaker.send(new DeleteEndpointCommand({ EndpointName: "node" }));
seen.deleted = (await waitUntilEndpointDeleted(patience, { EndpointName: "node" })).state;
await sagemaker.send(new DeleteEndpointConfigCommand({ EndpointConfigName: "node" }));
await sagemaker.send(new DeleteModelCommand({ ModelName: "node" }));
seen.left = (await sagemaker.send(new ListEndpointsCommand({}))).Endpoints;
console.log(JSON.stringify(seen));
