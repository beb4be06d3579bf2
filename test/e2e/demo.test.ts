// The two commands a newcomer types, as processes: the demo with nothing but Node, the same with a
// broken step, and the real thing on NATS, Slurm and Quantum ESPRESSO.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { missingSlurmPrograms } from "../../deploy/test-clusters/slurm/slurm-cluster.ts";
import { builtAddon, BUILD_MS_MAX, WHY_NO_ADDON } from "#native/testing/built-addon.ts";
import { natsServerHere } from "#shared/mesh/nats-server.fixture.ts";

const ROOT = resolve(import.meta.dirname, "../..");

interface DemoLine {
  readonly run: string;
  readonly state: string;
  readonly log: string;
  readonly cluster: string;
  readonly steps: readonly {
    readonly id: string;
    readonly state: string;
    readonly reason: string;
    readonly cluster: string;
    readonly schedulerJobId: string;
    readonly attempts: number;
    readonly durationMs: number;
    readonly outputs: { readonly [name: string]: unknown };
  }[];
  readonly receiptsVerified: boolean;
  readonly receipts: string;
  readonly serving?: { readonly [member: string]: unknown };
}

/** Where one is named the demo builds none: tests decide which engine there is. */
let engine = join(ROOT, "no-engine.node");

beforeAll(async () => {
  if (WHY_NO_ADDON === null) engine = await builtAddon();
}, BUILD_MS_MAX);

function demo(...args: string[]): { code: number | null; line: DemoLine; stderr: string } {
  const argv = [join(ROOT, "services/cli/main.ts"), "demo", ...args, "--json"];
  const env = { ...process.env, SIGNALBOX_ENGINE: engine };
  const ran = spawnSync(process.execPath, argv, { encoding: "utf8", timeout: 180_000, env });
  const last = ran.stdout.trimEnd().split("\n").at(-1) ?? "";
  if (!last.startsWith("{")) throw new Error(`no result: ${ran.stderr}`);
  const line = JSON.parse(last) as DemoLine;
  const folder = dirname(dirname(line.receipts ?? "/none/none"));
  if (folder.startsWith(tmpdir())) {
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  }
  return { code: ran.status, line, stderr: ran.stderr };
}

test("the demo ends well: three steps on the embedded log, their receipts verified", () => {
  const { code, line } = demo();
  expect(line.state).toBe("succeeded");
  expect(line.steps.map(({ state }) => state)).toEqual(["succeeded", "succeeded", "succeeded"]);
  expect(line).toMatchObject({ log: "embedded", cluster: "local", receiptsVerified: true });
  const told = { textEqual: true, tokens: 600, gapMs: expect.any(Number) as number };
  const skipped = { skipped: expect.any(String) as string };
  expect(line.serving).toMatchObject(WHY_NO_ADDON === null ? told : skipped);
  expect(code).toBe(0);
});

test("its serving half alone: the same story after its worker is killed, or the reason why not", () => {
  const { code, line } = demo("serve");
  const told = { textEqual: true, killedWorker: expect.stringMatching(/^worker-[12]$/u) as string };
  const skipped = { skipped: expect.any(String) as string };
  expect(line).toMatchObject(WHY_NO_ADDON === null ? told : skipped);
  expect(code).toBe(0);
});

test("without an engine and a way to build one the demo says so and ends 0", () => {
  const before = engine;
  engine = join(ROOT, "no-engine.node");
  onTestFinished(() => void (engine = before));
  const { code, line } = demo("serve");
  expect(line).toMatchObject({ skipped: expect.stringContaining("no-engine.node") as string });
  expect(code).toBe(0);
});

test("with its second step broken it ends 1, and the third is skipped with the reason", () => {
  const folder = mkdtempSync(join(tmpdir(), "signalbox-broken-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const source = readFileSync(join(ROOT, "examples/demo/workflow.yaml"), "utf8");
  const second = source.indexOf("set -eu", source.indexOf("id: analyse"));
  expect(second, "the second step's script").toBeGreaterThan(0);
  const broken = `${source.slice(0, second)}exit 3; ${source.slice(second)}`;
  const path = join(folder, "workflow.yaml");
  writeFileSync(path, broken);
  const { code, line } = demo("--manifest", path);
  expect(line.steps.map(({ state }) => state)).toEqual(["succeeded", "failed", "skipped"]);
  expect(line.steps[2]?.reason).toBe("needs analyse, which failed: exit code 3");
  expect(code).toBe(1);
});

const noSilicon = missingSlurmPrograms().length > 0 || !inPath("pw.x") || natsServerHere() === null;

test.skipIf(noSilicon)(
  "silicon on NATS, Slurm and Quantum ESPRESSO gives the energy that pw.x gives directly",
  { timeout: 240_000 },
  () => {
    const { code, line } = demo("silicon");
    expect(line.steps.map(({ id, state }) => `${id} ${state}`)).toEqual([
      "relax succeeded",
      "scf succeeded",
      "bands succeeded",
    ]);
    expect(line).toMatchObject({ log: "jetstream", receiptsVerified: true });
    expect(code).toBe(0);
    const results = join(dirname(dirname(line.receipts)), "results");
    const folder = mkdtempSync(join(tmpdir(), "signalbox-pw-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    execFileSync("cp", [join(results, "relax/Si.pz-vbc.UPF"), join(results, "scf/scf.in"), folder]);
    const env = { ...process.env, OMP_NUM_THREADS: "1" };
    const direct = execFileSync("pw.x", ["-in", "scf.in"], { cwd: folder, env, encoding: "utf8" });
    const energy = /! +total energy += +(-?[0-9.]+) Ry/.exec(direct)?.[1];
    expect(energy).toBeDefined();
    expect(line.steps[1]?.outputs["energy"]).toBe(energy);
  },
);

function inPath(program: string): boolean {
  return spawnSync("sh", ["-c", 'command -v "$0"', program]).status === 0;
}
