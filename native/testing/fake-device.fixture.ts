// Greedy tokens of a small model on `cuda:0`, of a process whose libcuda.so.1 is the fake one. Its
// argument is the folder of the kernels.

import { loadEngine } from "../index.ts";
import { TEST_MODEL } from "./built-addon.ts";

const engine = await loadEngine({
  ...{ folder: TEST_MODEL, device: "cuda:0", kernels: process.argv[2] ?? "", contextMax: 64 },
  stallMs: 60_000,
});
const { isa, numerics } = engine.model.execution;
const tokens: number[] = [];
const sampling = { temperature: 0, maxTokens: 3, ignoreEos: true };
for await (const chunk of engine.generate({ prompt: [1, 5, 9], sampling })) {
  tokens.push(...chunk.tokenIds);
}
await engine.unload();
process.stdout.write(JSON.stringify({ isa, numerics, tokens }));
