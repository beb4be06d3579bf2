// Every example compiles without a warning, and what it says of itself is so.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { compileManifest } from "#shared/manifest/compile-manifest.ts";
import type { FileDigest } from "#shared/manifest/compile-manifest.ts";
import { manifestFiles } from "#shared/manifest/manifest-files.ts";
import { compileSbatch } from "#shared/manifest/sbatch-script.ts";

function planOf(name: string) {
  const file = join(import.meta.dirname, name, "workflow.yaml");
  const text = readFileSync(file, "utf8");
  const fileDigests: { [path: string]: FileDigest } = {};
  for (const path of manifestFiles({ text, fileName: file }).files ?? []) {
    const at = join(dirname(file), path);
    if (!existsSync(at)) continue;
    const bytes = readFileSync(at);
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    fileDigests[path] = { digest, sizeBytes: bytes.length };
  }
  const result = compileManifest({ text, fileName: file, fileDigests });
  expect(result.errors).toBeUndefined();
  if (result.errors !== undefined) throw new Error("unreachable");
  expect(result.warnings).toEqual([]);
  return result.plan;
}

const orderOf = (name: string) => planOf(name).tasks.map(({ id }) => id);

test("demo is three steps, each given the one before", () => {
  const { tasks } = planOf("demo");
  expect(tasks.map(({ id, needs }) => [id, needs])).toEqual([
    ["simulate", []],
    ["analyse", ["simulate"]],
    ["plot", ["simulate", "analyse"]],
  ]);
});

test("silicon is relax, scf, bands, one thread each", () => {
  const { tasks } = planOf("silicon");
  expect(tasks.map(({ id }) => id)).toEqual(["relax", "scf", "bands"]);
  for (const { env } of tasks) {
    expect(env).toContainEqual({ name: "OMP_NUM_THREADS", value: ["1"] });
  }
});

test("sweep fans out before it fans in", () => {
  expect(orderOf("sweep")).toEqual(["throw-1", "throw-2", "throw-3", "throw-4", "mean"]);
});

test("hello.sh is taken as it stands, with one word about its output file", () => {
  const text = readFileSync(join(import.meta.dirname, "sbatch", "hello.sh"), "utf8");
  const result = compileSbatch({ text, fileName: "hello.sh" });
  expect(result.plan?.tasks[0]).toMatchObject({
    id: "hello",
    program: { kind: "script", text: [text], interpreter: ["/bin/bash"] },
    resources: { cpus: 2, ranks: 1, memoryMb: 200, walltimeS: 300 },
  });
  expect(result.errors === undefined && result.warnings.map(({ line }) => line)).toEqual([6]);
});
