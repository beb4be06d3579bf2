// How tests run: each file in a process of its own, as many at once as a small machine bears.

import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

import { LongestFirst } from "./test/longest-first.ts";
import { TotalsReporter } from "./test/totals-reporter.ts";

export default defineConfig({
  test: {
    environment: "node",
    pool: "forks",
    maxWorkers: Math.max(2, Math.min(4, availableParallelism())),
    include: [
      "{services,cluster-adapters,native,tools,deploy,loadtest,chaos,examples,test}/**/*.test.ts",
    ],
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ["default", new TotalsReporter({ strict: process.env["CI"] === "true" })],
    coverage: {
      provider: "v8",
      reportOnFailure: true,
      reporter: ["text-summary", "json-summary", "html"],
      reportsDirectory: "coverage",
      include: ["services/**/*.ts", "cluster-adapters/**/*.ts"],
      exclude: ["**/*.test.ts", "**/testing/**", "proto/gen/**"],
      thresholds: {
        "services/shared/state/**/*.ts": { lines: 90 },
        "services/shared/actors/**/*.ts": { lines: 90 },
        "services/*/core/**/*.ts": { lines: 90 },
        "cluster-adapters/slurm/**/*.ts": { lines: 90 },
      },
    },
  },
});
