"""A notebook's worth of the SageMaker Python SDK v2, as anybody would write it for AWS. tests/sdk_test.py runs it with
AWS_ENDPOINT_URL set, and knows nothing that is not written here.

    sdk_flow.py BUCKET ROLE IMAGE IMAGES PICTURE     prints what it saw, as JSON, on its last line
"""
import json
import pathlib
import sys

import sagemaker
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.predictor import Predictor
from sagemaker.serializers import IdentitySerializer
from sagemaker.tuner import CategoricalParameter, ContinuousParameter, HyperparameterTuner

BUCKET, ROLE, IMAGE, IMAGES, PICTURE = sys.argv[1:]
SETTINGS = {"epochs": 2, "mini_batch_size": 16, "arch": "resnet10_025", "size": 32, "mode": "scratch", "precision": "fp32"}
METRICS = [{"Name": "validation:accuracy", "Regex": r"validation:accuracy=([0-9.]+)"}]
seen = {}

session = sagemaker.Session()
seen["bucket"] = session.default_bucket()
inputs = {split: TrainingInput(session.upload_data(f"{IMAGES}/{split}", bucket=BUCKET, key_prefix=f"images/{split}"))
          for split in ("train", "validation")}


def estimator(name):
    return Estimator(image_uri=IMAGE, role=ROLE, instance_count=1, instance_type="ml.m5.large",
                     output_path=f"s3://{BUCKET}/out", hyperparameters=SETTINGS, sagemaker_session=session,
                     metric_definitions=METRICS, base_job_name=name)


# Train, with the log on the screen.
first = estimator("shapes")
first.fit(inputs, logs="All")
job = first.latest_training_job.name
seen["job"] = job
seen["model_data"] = first.model_data
seen["described"] = first.latest_training_job.describe()["TrainingJobStatus"]
frame = first.training_job_analytics.dataframe()
seen["metrics"] = sorted(set(frame["metric_name"])) if len(frame) else []

# Another notebook goes on with it.
attached = Estimator.attach(job, sagemaker_session=session)
seen["attached"] = attached.model_data

# Serve, ask, and take it down.
predictor = attached.deploy(initial_instance_count=1, instance_type="ml.m5.large", serializer=IdentitySerializer("image/jpeg"))
answer = predictor.predict(pathlib.Path(PICTURE).read_bytes())
seen["answer"] = json.loads(answer)
endpoint = predictor.endpoint_name
try:
    Predictor(endpoint, session, IdentitySerializer("image/jpeg")).predict(b"no picture")
except session.sagemaker_runtime_client.exceptions.ModelError as error:
    seen["model_error"] = error.response["OriginalStatusCode"]
predictor.delete_model()
predictor.delete_endpoint()

# A folder of pictures at once.
transformer = first.transformer(1, "ml.m5.large", output_path=f"s3://{BUCKET}/transformed", accept="application/jsonlines")
transformer.transform(f"s3://{BUCKET}/images/validation/", content_type="image/jpeg", wait=True, logs=False)
listed = session.list_s3_files(BUCKET, "transformed")
seen["transformed"] = len(listed)

# The best of two.
tuner = HyperparameterTuner(estimator("tuned"), "validation:accuracy",
                            {"learning_rate": ContinuousParameter(0.001, 0.1), "optimizer": CategoricalParameter(["sgd", "adam"])},
                            METRICS, strategy="Random", max_jobs=2, max_parallel_jobs=1)
tuner.fit(inputs, wait=True)
seen["best"] = tuner.best_training_job()

# An image that this machine cannot run is a failed job with a reason, not a riddle.
other = Estimator(image_uri="123456789012.dkr.ecr.us-west-2.amazonaws.com/somebody-elses:1", role=ROLE, instance_count=1,
                  instance_type="ml.m5.large", output_path=f"s3://{BUCKET}/out", sagemaker_session=session)
try:
    other.fit(inputs, logs=False)
except Exception as error:  # the SDK has several kinds
    seen["other_image"] = str(error)
print(json.dumps(seen))
