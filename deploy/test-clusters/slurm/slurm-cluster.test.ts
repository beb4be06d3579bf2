// The private Slurm itself: side by side, through a killed controller, and nothing left behind.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { runCommand, startTicksOf, until } from "./daemons.ts";
import type { Env } from "./daemons.ts";
import { missingSlurmPrograms, startSlurm } from "./slurm-cluster.ts";
import type { SlurmCluster, SlurmOptions } from "./slurm-cluster.ts";

const missing = missingSlurmPrograms();
const missingForAccounting = missingSlurmPrograms(true);
const lacks = (programs: readonly string[]): string =>
  programs.length === 0 ? "" : ` (not installed here: ${programs.join(", ")})`;

async function start(options: SlurmOptions = {}): Promise<SlurmCluster> {
  const cluster = await startSlurm(options);
  onTestFinished(() => cluster.stop());
  return cluster;
}

async function sbatch(cluster: SlurmCluster, name: string, line: string): Promise<string> {
  const argv = ["sbatch", "--parsable", "--no-requeue", "--output=/dev/null", "-J", name];
  const ran = await runCommand([...argv, "--wrap", line], cluster.env);
  expect(ran).toMatchObject({ exitCode: 0 });
  return ran.stdout.trim();
}

const state = async (cluster: SlurmCluster, id: string): Promise<string> =>
  (
    await runCommand(["squeue", "-h", "-t", "all", "-o", "%T", "-j", id], cluster.env)
  ).stdout.trim();

describe.skipIf(missing.length > 0)(`a private Slurm${lacks(missing)}`, () => {
  test("two side by side run jobs of their own and leave nothing behind", async () => {
    const [one, two] = await Promise.all([start({ nodes: 1 }), start({ nodes: 3 })]);
    const [idOne, idTwo] = [
      await sbatch(one, "first", "true"),
      await sbatch(two, "second", "exit 4"),
    ];
    await until(async () => (await state(one, idOne)) === "COMPLETED", 30_000);
    await until(async () => (await state(two, idTwo)) === "FAILED", 30_000);
    await until(() => two.jobCompletions().length === 1, 10_000);
    expect(one.jobCompletions()).toMatchObject([
      { jobId: idOne, name: "first", state: "COMPLETED" },
    ]);
    expect(two.jobCompletions()).toMatchObject([{ jobId: idTwo, name: "second", state: "FAILED" }]);
    expect(Object.keys(two.pids)).toEqual(
      expect.arrayContaining(["munged", "slurmctld", "slurmd-a1", "slurmd-a3"]),
    );
    const marker = `${one.directory}/pid`;
    await sbatch(one, "long", `echo $$ >${marker}.part; mv ${marker}.part ${marker}; sleep 600`);
    await until(() => fs.existsSync(marker), 30_000);
    const pids = [...Object.values(one.pids), Number(fs.readFileSync(marker, "utf8"))];
    await one.stop();
    await one.stop();
    expect(pids.filter((pid) => startTicksOf(pid) !== null)).toEqual([]);
    expect(fs.existsSync(one.directory)).toBe(false);
    expect(await state(two, idTwo)).toBe("FAILED"); // Untouched.
  }, 90_000);

  test("a controller that was killed comes back with its jobs", async () => {
    const cluster = await start();
    const id = await sbatch(cluster, "held", "true");
    const later = await sbatch(cluster, "long", "sleep 600");
    const first = cluster.pids["slurmctld"];
    // It saves its state every 5 s; what is younger is lost with it.
    const saved = `${cluster.directory}/state/job_state`;
    await until(async () => (await state(cluster, id)) === "COMPLETED", 30_000);
    await until(async () => (await state(cluster, later)) === "RUNNING", 30_000);
    const runningMs = Date.now();
    await until(
      () => (fs.statSync(saved, { throwIfNoEntry: false })?.mtimeMs ?? 0) > runningMs,
      30_000,
    );
    await cluster.killController();
    expect((await runCommand(["scontrol", "ping"], cluster.env)).stdout).toContain("DOWN");
    await cluster.restartController();
    expect(cluster.pids["slurmctld"]).not.toBe(first);
    await until(async () => (await state(cluster, later)) === "RUNNING", 30_000);
  }, 120_000);

  test("a stopped controller does not answer until it goes on", async () => {
    const cluster = await start({ messageTimeoutS: 2 });
    cluster.stopController();
    const asked = await runCommand(["squeue", "-h"], cluster.env);
    expect(asked.exitCode).not.toBe(0);
    expect(asked.stderr).toMatch(/timed out|Unable to contact/);
    cluster.contController();
    await until(
      async () => (await runCommand(["squeue", "-h"], cluster.env)).exitCode === 0,
      30_000,
    );
  }, 90_000);

  test("a temporary one ends with a process that forgot it", async () => {
    const module = JSON.stringify(`${import.meta.dirname}/slurm-cluster.ts`);
    const code = `const { startSlurm } = await import(${module});
      const { directory, pids } = await startSlurm({ nodes: 1 });
      console.log(JSON.stringify({ directory, pids }));
      process.exit(0);`;
    const argv = ["--input-type=module", "-e", code];
    const { stdout } = await runCommand([process.execPath, ...argv], { ...process.env } as Env);
    const started = JSON.parse(stdout) as { directory: string; pids: Record<string, number> };
    const pids = Object.values(started.pids);
    expect(pids.length).toBe(3);
    await until(() => pids.every((pid) => startTicksOf(pid) === null), 10_000);
    expect(fs.existsSync(started.directory)).toBe(false);
  }, 60_000);

  test("the command line brings one up, names it, and takes it down", () => {
    const directory = fs.mkdtempSync(join(tmpdir(), "slurm-cli-"));
    onTestFinished(() => fs.rmSync(directory, { recursive: true, force: true }));
    const main = (...args: string[]) =>
      spawnSync(process.execPath, [`${import.meta.dirname}/main.ts`, ...args], {
        encoding: "utf8",
      });
    for (const round of [1, 2]) {
      const up = main("up", directory, "--nodes", "1");
      expect([round, up.status, up.stderr]).toEqual([round, 0, ""]);
      expect(up.stdout).toBe(`export SLURM_CONF='${fs.realpathSync(directory)}/etc/slurm.conf'\n`);
      expect(main("env", directory).stdout).toBe(up.stdout);
      expect(main("down", directory)).toMatchObject({ status: 0 });
    }
    expect(main("env", directory).status).not.toBe(0);
    expect(main("up")).toMatchObject({ status: 2 });
    expect(main("sideways", directory)).toMatchObject({ status: 2 });
  }, 90_000);
});

describe.skipIf(missingForAccounting.length > 0)(
  `a private Slurm with accounting${lacks(missingForAccounting)}`,
  () => {
    test("sacct tells how a job ended", async () => {
      const cluster = await start({ nodes: 1, accounting: true });
      const id = await sbatch(cluster, "kept", "exit 6");
      const argv = ["sacct", "-X", "-n", "-P", "-j", id, "-o", "JobName,State,ExitCode"];
      await until(async () => {
        const { stdout } = await runCommand(argv, cluster.env);
        return stdout === "kept|FAILED|6:0\n";
      }, 60_000);
    }, 180_000);
  },
);
