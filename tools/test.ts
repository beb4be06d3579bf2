// Everything that has to hold, in one command: types, lint, format, unused code, then every test
// with coverage. All steps run even if one fails, so that one run names everything that is wrong.
//
// `node tools/test.ts --static` leaves the tests out; further arguments go to vitest.

import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join, matchesGlob, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const bin = join(root, "node_modules", ".bin");

interface Step {
  readonly name: string;
  readonly argv: readonly string[];
}

interface StepResult {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
}

const STATIC_STEPS: readonly Step[] = [
  { name: "types", argv: ["tsc", "-p", "."] },
  { name: "lint", argv: ["oxlint", "--deny-warnings"] },
  { name: "format", argv: ["oxfmt", "--check", "."] },
  { name: "unused code", argv: ["knip"] },
];

/** What vitest.config.ts holds to 90 % of lines, said at the end of every run. */
const COVERED_AREAS = [
  "services/shared/state/**",
  "services/shared/actors/**",
  "services/*/core/**",
  "cluster-adapters/slurm/**",
];
const summary = join(root, "coverage", "coverage-summary.json");

rmSync(summary, { force: true });
const args = process.argv.slice(2);
const steps = [...STATIC_STEPS];
if (!args.includes("--static")) {
  // Coverage of a part says nothing about the whole.
  const coverage = args.length === 0 ? ["--coverage"] : [];
  steps.push({ name: "tests", argv: ["vitest", "run", ...coverage, ...args] });
}
const results: StepResult[] = [];
for (const step of steps) results.push(await run(step));
process.stdout.write("\n");
for (const line of coverageLines()) process.stdout.write(`${line}\n`);
for (const { name, ok, seconds } of results) {
  process.stdout.write(`${ok ? "ok    " : "FAILED"}  ${name.padEnd(12)} ${seconds.toFixed(1)} s\n`);
}
if (results.some((result) => !result.ok)) process.exitCode = 1;

async function run(step: Step): Promise<StepResult> {
  const [command = "", ...rest] = step.argv;
  process.stdout.write(`\n> ${step.argv.join(" ")}\n`);
  const startMs = performance.now();
  const { promise, resolve: done } = Promise.withResolvers<boolean>();
  spawn(join(bin, command), rest, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env["PATH"]}` },
  })
    .on("error", () => done(false))
    .on("exit", (code) => done(code === 0));
  const ok = await promise;
  return { name: step.name, ok, seconds: (performance.now() - startMs) / 1000 };
}

function coverageLines(): string[] {
  if (!existsSync(summary)) return [];
  const files = JSON.parse(readFileSync(summary, "utf8")) as {
    [path: string]: { lines: { total: number; covered: number } };
  };
  return COVERED_AREAS.map((area) => {
    let [total, covered] = [0, 0];
    for (const [path, { lines }] of Object.entries(files)) {
      if (!matchesGlob(relative(root, path), area)) continue;
      total += lines.total;
      covered += lines.covered;
    }
    const percent = total === 0 ? "no lines" : `${((100 * covered) / total).toFixed(1)} %`;
    return `coverage  ${area.padEnd(28)} ${percent} of ${total} lines`;
  });
}
