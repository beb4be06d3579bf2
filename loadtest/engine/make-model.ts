// `node loadtest/engine/make-model.ts NAME FOLDER [SEED]`: a random model for the engine's
// benchmark, for any other use; the benchmark makes its own.

import { writeModel } from "./model-files.ts";
import { MODEL_SHAPES, parametersOf } from "./model-shapes.ts";

const [name, folder, seed = "1"] = process.argv.slice(2);
const shape = MODEL_SHAPES.find((shape) => shape.name === name);
if (shape === undefined || folder === undefined || !/^\d+$/.test(seed)) {
  const names = MODEL_SHAPES.map(({ name }) => name).join("|");
  process.stderr.write(`usage: node loadtest/engine/make-model.ts ${names} FOLDER [SEED]\n`);
  process.exitCode = 2;
} else {
  const startMs = performance.now();
  writeModel(shape, folder, Number(seed));
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  process.stderr.write(`${folder}: ${parametersOf(shape)} parameters in ${seconds} s\n`);
}
