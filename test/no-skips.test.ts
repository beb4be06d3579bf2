// Runs vitest on a project of its own, to see that a skip really fails a run.

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

import { judgeSkips } from "./no-skips-reporter.ts";
import { ROOT } from "./repository.ts";

function runTests(
  name: string,
  text: string,
  CI: string,
): { status: number | null; output: string } {
  // Inside the repository, where vitest can be found, and ignored by git.
  const root = join(ROOT, "coverage", `no-skips-${process.pid}-${name}`);
  mkdirSync(root, { recursive: true });
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  writeFileSync(join(root, "x.test.ts"), `import { test } from "vitest";\n${text}\n`);
  const reporter = JSON.stringify(join(ROOT, "test", "no-skips-reporter.ts"));
  writeFileSync(
    join(root, "vitest.config.ts"),
    `import { NoSkipsReporter } from ${reporter};
     const strict = process.env.CI === "true";
     export default { test: { reporters: [new NoSkipsReporter({ strict })] } };`,
  );
  const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
  const run = spawnSync(process.execPath, [vitest, "run", "--root", root], {
    encoding: "utf8",
    env: { ...process.env, CI },
  });
  return { status: run.status, output: run.stdout + run.stderr };
}

const skipping = 'test("runs", () => {});\ntest.skip("talks to Slurm", () => {});';

test("a skipped test fails a run in CI and is named", () => {
  const { status, output } = runTests("ci", skipping, "true");
  expect(output).toContain("skipped: x.test.ts > talks to Slurm");
  expect(status).toBe(1);
});

test("elsewhere it is only named", () => {
  const { status, output } = runTests("home", skipping, "");
  expect(output).toContain("skipped: x.test.ts > talks to Slurm");
  expect(status).toBe(0);
});

test("absent hardware is an excuse, absent software is none", () => {
  const names = ["tiles (no AMX here)", "kernel, needs a GPU", "needs Slurm", "amx"];
  expect(judgeSkips(names)).toEqual({ excused: names.slice(0, 2), refused: names.slice(2) });
});
