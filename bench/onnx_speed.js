// The usual way to serve: ONNX Runtime on the CPU, in fp32.
//
//   node bench/onnx_speed.js FILE SIZE THREADS BATCH...
//
// Prints {"BATCH": images a second, ...}: the medians of nine runs. NODE_PATH has onnxruntime-node.
const runtime = require("onnxruntime-node");

const RUNS = 9;

async function imagesPerSecond(session, size, batch) {
  const pixels = Float32Array.from({ length: batch * 3 * size * size }, () => Math.random() - 0.5);
  const feeds = { [session.inputNames[0]]: new runtime.Tensor("float32", pixels, [batch, 3, size, size]) };
  const seconds = [];
  for (let run = -2; run < RUNS; ++run) {
    const start = process.hrtime.bigint();
    await session.run(feeds);
    if (run >= 0) seconds.push(Number(process.hrtime.bigint() - start) / 1e9);
  }
  return batch / seconds.sort((a, b) => a - b)[(RUNS - 1) / 2];
}

async function main() {
  const [file, size, threads, ...batches] = process.argv.slice(2);
  const session = await runtime.InferenceSession.create(file, {
    intraOpNumThreads: Number(threads),
    graphOptimizationLevel: "all",
  });
  const result = {};
  for (const batch of batches) result[batch] = await imagesPerSecond(session, Number(size), Number(batch));
  console.log(JSON.stringify(result));
}

main();
