"""The usual way to serve in Python: Flask under gunicorn, one process for each core, torchvision's transforms.

    NETWORK=resnet50 WEIGHTS=FILE gunicorn --workers 2 --bind 127.0.0.1:PORT --chdir bench serve_torch:app
"""
import io
import os

import flask
import torch
import torchvision
from PIL import Image
from torchvision import transforms

from serve_model import NETWORKS

torch.set_num_threads(1)
network = NETWORKS[os.environ["NETWORK"]]().eval()
network.load_state_dict(torch.load(os.environ["WEIGHTS"]))
prepare = transforms.Compose([
    transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
    transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])])
app = flask.Flask(__name__)


@app.get("/ping")
def ping():
    return "\n"


@app.post("/invocations")
def invocations():
    image = Image.open(io.BytesIO(flask.request.get_data())).convert("RGB")
    with torch.no_grad():
        probabilities = network(prepare(image).unsqueeze(0)).softmax(1)[0]
    values, indices = probabilities.topk(5)
    return flask.jsonify(predictions=[{"label": str(i), "probability": p}
                                      for i, p in zip(indices.tolist(), values.tolist())])
