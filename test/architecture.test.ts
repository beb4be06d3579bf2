// Holds every source file against the import table, then holds the table against cases that must be
// refused, so that a gate that is open cannot look shut.

import { expect, test } from "vitest";

import { refusedImports, zoneOf, type Aliases } from "./import-rules.ts";
import { readRepositoryFile, repositoryFiles } from "./repository.ts";

const aliases = (JSON.parse(readRepositoryFile("package.json")) as { imports: Aliases }).imports;
const sources = repositoryFiles().filter((path) => /\.(?:ts|mts|cts|js|mjs)$/.test(path));

test("no file imports what its folder may not", () => {
  const refused = sources.flatMap((path) =>
    refusedImports({ path, text: readRepositoryFile(path) }, aliases),
  );
  expect(refused).toEqual([]);
});

test("the check saw the tree", () => {
  expect(sources.length).toBeGreaterThan(100);
  for (const zone of ["shared/base", "services/scheduler/core", "services/agent", "services/cli"]) {
    expect(sources.filter((path) => zoneOf(path) === zone).length, zone).toBeGreaterThan(3);
  }
});

const allowed: [string, string][] = [
  ["services/shared/base/x.ts", 'import assert from "node:assert/strict";'],
  ["services/shared/actors/x.ts", 'import { a } from "#shared/state/log.ts";'],
  ["services/shared/mesh/x.ts", 'import { a } from "#proto/services.ts";'],
  ["services/scheduler/core/x.ts", 'import type { A } from "#shared/base/job.ts";'],
  ["services/scheduler/x.ts", 'import { a } from "./core/state.ts";'],
  ["services/agent/x.ts", 'import { dialectOf } from "#adapters/index.ts";'],
  ["services/shared/state/log-conformance.ts", 'import { test } from "vitest";'],
  ["services/agent/x.test.ts", 'import { ManualClock } from "#shared/testing/manual-clock.ts";'],
  [
    "cluster-adapters/slurm/x.test.ts",
    'import { up } from "../../deploy/test-clusters/slurm/up.ts";',
  ],
  ["cluster-adapters/slurm/x.ts", '// import("../local/y.ts")\nimport "../adapter.ts";'],
  ["test/e2e/x.ts", 'import { a } from "../../services/scheduler/engine.ts";'],
  ["native/x.ts", 'import { Failure } from "#shared/base/errors.ts";'],
  ["services/cli/x.ts", 'import { loadEngine } from "#native/index.ts";'],
];

test.each(allowed)("%s may: %s", (path, text) => {
  expect(refusedImports({ path, text }, aliases)).toEqual([]);
});

const forbidden: [string, string][] = [
  // Left in the chain, also for a type, a re-export, and both kinds of import().
  ["services/shared/base/x.ts", 'import { a } from "#shared/config/load-config.ts";'],
  ["services/shared/telemetry/x.ts", 'import type { A } from "#shared/mesh/tls.ts";'],
  ["services/shared/config/x.ts", 'export { a } from "#shared/telemetry/logger.ts";'],
  ["services/shared/config/x.ts", 'export * from "../telemetry/logger.ts";'],
  ["services/shared/state/x.ts", 'const a = await import("#shared/actors/partition.ts");'],
  ["services/shared/state/x.ts", 'type A = import("#shared/actors/partition.ts").A;'],
  ["services/shared/state/x.ts", "const a = await import(name);"],
  // Sideways: another service, another dialect, the wire format as the domain.
  ["services/scheduler/x.ts", 'import type { A } from "../agent/core/state.ts";'],
  ["services/cli/x.ts", 'import type { A } from "../scheduler/engine.ts";'],
  ["services/cli/x.ts", 'import { a } from "#shared/actors/partition.ts";'],
  ["services/cli/x.test.ts", 'import { a } from "../scheduler/engine.ts";'],
  ["services/scheduler/x.ts", 'import { a } from "#adapters/index.ts";'],
  ["cluster-adapters/slurm/x.ts", 'import { a } from "../local/local-dialect.ts";'],
  ["cluster-adapters/slurm/x.ts", 'import { a } from "#shared/state/log.ts";'],
  ["services/cli/x.ts", 'import { requireAddon } from "#native/binding.ts";'],
  ["services/scheduler/x.ts", 'import { loadEngine } from "#native/index.ts";'],
  ["native/x.ts", 'import { systemClock } from "#shared/config/system.ts";'],
  ["services/scheduler/core/x.ts", 'import { signalbox } from "#proto/signalbox.js";'],
  ["services/shared/actors/x.ts", 'import { signalbox } from "#proto/signalbox.js";'],
  ["services/shared/manifest/x.ts", 'import { a } from "#shared/config/load-config.ts";'],
  // Out of a pure zone.
  ["services/scheduler/core/x.ts", 'import { readFileSync } from "node:fs";'],
  ["services/agent/core/x.ts", 'import { pino } from "pino";'],
  ["services/shared/base/x.ts", 'import { randomInt } from "node:crypto";'],
  ["services/shared/manifest/x.ts", 'import { readFileSync } from "node:fs";'],
  ["services/shared/receipt/x.ts", 'import { parse } from "yaml";'],
  // Upwards: what only tests and people use.
  ["services/scheduler/x.ts", 'import { ManualClock } from "#shared/testing/manual-clock.ts";'],
  ["services/scheduler/x.ts", 'import { a } from "../../test/repository.ts";'],
  ["tools/x.ts", 'import { a } from "#shared/base/errors.ts";'],
  ["deploy/x.ts", 'import { a } from "../services/shared/base/errors.ts";'],
  ["services/shared/state/x.ts", 'import { test } from "vitest";'],
  ["services/shared/state/x.ts", 'import { suite } from "./log-conformance.ts";'],
  ["test/sim/log-invariants.ts", 'import type { A } from "../../services/shared/state/log.ts";'],
  // Folders nobody has named, subpaths nobody has declared.
  ["services/billing/x.ts", "export const a = 1;"],
  ["services/shared/common/x.ts", "export const a = 1;"],
  ["lib/x.ts", "export const a = 1;"],
  ["services/agent/x.ts", 'import { a } from "#lib/x.ts";'],
];

test.each(forbidden)("%s may not: %s", (path, text) => {
  expect(refusedImports({ path, text }, aliases)).toHaveLength(1);
});
