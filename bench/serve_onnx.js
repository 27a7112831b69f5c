// The usual way to serve in Node: ONNX Runtime behind Node's http server; sharp decodes and resizes.
//
//   node bench/serve_onnx.js FILE PORT THREADS
//
// NODE_PATH has onnxruntime-node and sharp.
const http = require("http");
const runtime = require("onnxruntime-node");
const sharp = require("sharp");

const SIZE = 224;
const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];

async function prepare(jpeg) {
  const { data, info } = await sharp(jpeg)
    .resize(256, 256, { fit: "outside" })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const left = (info.width - SIZE) >> 1;
  const top = (info.height - SIZE) >> 1;
  const planes = new Float32Array(3 * SIZE * SIZE);
  for (let y = 0; y < SIZE; ++y) {
    for (let x = 0; x < SIZE; ++x) {
      const pixel = 3 * ((y + top) * info.width + x + left);
      for (let c = 0; c < 3; ++c) planes[(c * SIZE + y) * SIZE + x] = (data[pixel + c] / 255 - MEAN[c]) / STD[c];
    }
  }
  return planes;
}

function topFive(logits) {
  const largest = Math.max(...logits);
  const exponents = Array.from(logits, (x) => Math.exp(x - largest));
  const sum = exponents.reduce((a, b) => a + b);
  return exponents
    .map((x, label) => ({ label: String(label), probability: x / sum }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, 5);
}

async function main() {
  const [file, port, threads] = process.argv.slice(2);
  const session = await runtime.InferenceSession.create(file, {
    intraOpNumThreads: Number(threads),
    graphOptimizationLevel: "all",
  });
  async function answer(jpeg) {
    const images = new runtime.Tensor("float32", await prepare(jpeg), [1, 3, SIZE, SIZE]);
    return JSON.stringify({ predictions: topFive((await session.run({ images })).logits.data) });
  }
  http
    .createServer((request, response) => {
      const chunks = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", async () => {
        try {
          const body = request.url === "/ping" ? "\n" : await answer(Buffer.concat(chunks));
          response.setHeader("Content-Type", "application/json").end(body);
        } catch (error) {
          response.writeHead(500).end(String(error));
        }
      });
    })
    .listen(Number(port), "127.0.0.1");
}

main();
