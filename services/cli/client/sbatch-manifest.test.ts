import fc from "fast-check";
import { expect, test } from "vitest";
import type { PlanTask } from "#shared/base/plan.ts";
import { compileManifest } from "#shared/manifest/compile-manifest.ts";
import { compileSbatch } from "#shared/manifest/sbatch-script.ts";
import { sbatchManifest } from "./sbatch-manifest.ts";

/** The task a script compiles to, and the one its manifest compiles to. */
function bothTasks(text: string, args: readonly string[] = [], cluster: string | null = null) {
  const script = compileSbatch({ text, fileName: "job.sh", args, cluster });
  expect(script.errors).toBeUndefined();
  const manifest = JSON.stringify(sbatchManifest(script.plan!));
  const compiled = compileManifest({ text: manifest, fileName: "job.json", fileDigests: {} });
  expect(compiled.errors).toBeUndefined();
  return {
    script: comparable(script.plan!.tasks[0]!),
    manifest: comparable(compiled.plan!.tasks[0]!),
  };
}

/** What to retry on says nothing where there is one attempt. */
function comparable(task: PlanTask): PlanTask {
  const on = task.retry.attemptsMax === 1 ? [] : task.retry.on;
  return { ...task, retry: { ...task.retry, on } };
}

test("a script's manifest compiles to the very task the script does", () => {
  const both = bothTasks(`#!/bin/bash
#SBATCH --job-name=relax
#SBATCH --nodes=2 --ntasks=4 --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --time=01:30:00
#SBATCH --partition=short
#SBATCH --account=phys
#SBATCH --requeue
#SBATCH --export=ALL,A=1,B=two
echo "$((1+1)) \${{ params.x }} $\${{ y }}"
srun ./pw.x < in > out
`);
  expect(both.manifest).toEqual(both.script);
  expect(both.script).toMatchObject({ id: "relax", resources: { nodes: 2, partition: "short" } });
});

test("arguments and a cluster given here come through", () => {
  const both = bothTasks('#!/bin/sh\necho "$@"\n', ["a b", "--x", "$${{ y }}", "ü'\""], "hpc");
  expect(both.manifest).toEqual(both.script);
});

test("whatever the script says is submitted as it stands", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("$", "{", "}", "x", "\n", "'", "#", "ü") }),
      (body) => {
        const both = bothTasks(`#!/bin/sh\n: ${body}\n`);
        expect(both.manifest).toEqual(both.script);
      },
    ),
  );
});
