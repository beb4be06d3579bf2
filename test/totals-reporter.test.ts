// Runs vitest on a project of its own, to see that a skip really fails a run, and that what failed
// is named at its end.

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

import { judgeSkips } from "./totals-reporter.ts";
import { ROOT } from "./repository.ts";

function runTests(
  name: string,
  text: string,
  CI: string,
): { status: number | null; output: string } {
  // Inside the repository, where vitest can be found, and ignored by git.
  const root = join(ROOT, "coverage", `totals-${process.pid}-${name}`);
  mkdirSync(root, { recursive: true });
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  writeFileSync(join(root, "x.test.ts"), `import { test } from "vitest";\n${text}\n`);
  const reporter = JSON.stringify(join(ROOT, "test", "totals-reporter.ts"));
  writeFileSync(
    join(root, "vitest.config.ts"),
    `import { TotalsReporter } from ${reporter};
     const strict = process.env.CI === "true";
     export default { test: { reporters: [new TotalsReporter({ strict })] } };`,
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

test.each([
  [
    "test",
    'test("adds", () => { throw new Error("not 4\\nbut 5"); });',
    "x.test.ts > adds: not 4\n",
  ],
  [
    "hook",
    'import { beforeAll, describe } from "vitest";\n' +
      'describe("a mesh", () => { beforeAll(() => { throw new Error("no port"); });\n' +
      'test("runs", () => {}); });',
    "x.test.ts > a mesh: no port\n",
  ],
  ["file", 'throw new Error("no such thing");', "x.test.ts: no such thing\n"],
  [
    "stray",
    'test("runs", async () => { setTimeout(() => { throw new Error("late"); }, 1);\n' +
      "await new Promise((done) => setTimeout(done, 50)); });",
    "outside any test: late\n",
  ],
])("what fails in a %s is named with the error's first line", (name, text, line) => {
  const { status, output } = runTests(name, text, "");
  expect(output).toContain(` failed: ${line}`);
  expect(status).toBe(1);
});

test("absent hardware is an excuse, absent software is none", () => {
  const names = ["tiles (no AMX here)", "kernel, needs a GPU", "needs Slurm", "amx"];
  expect(judgeSkips(names)).toEqual({ excused: names.slice(0, 2), refused: names.slice(2) });
});
