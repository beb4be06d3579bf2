// What `npm run engines` runs: no other run of tests looks for real servers.

import { join } from "node:path";
import { defineConfig } from "vitest/config";

const ROOT = join(import.meta.dirname, "../..");
/** A server that shares its processors may take long for what is quick alone. */
const TEST_MS = 120_000;

export default defineConfig({
  test: {
    root: ROOT,
    environment: "node",
    pool: "forks",
    maxWorkers: 1,
    fileParallelism: false,
    include: ["native/http/{llama-server,vllm}.test.ts", "test/engines/whole-way.ts"],
    testTimeout: TEST_MS,
    hookTimeout: TEST_MS,
  },
});
