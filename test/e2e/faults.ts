// Faults in the middle of a run, on real processes: who is hit, how, and when; and what must hold
// afterwards. Each scenario is a mesh of its own.
//
// What must hold: the run succeeds; every attempt ran exactly once, by its own ledger line and its
// claim on disk; the controller's completion file knows no start beside the claimed one that did
// any work; and the receipts verify.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RunsService } from "#proto/services.ts";
import { signalbox } from "#proto/signalbox.js";
import { clientOf } from "#shared/mesh/grpc-client.ts";
import { verifyBundle } from "#shared/receipt/verify-bundle.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { Mesh, type MeshOptions, NAMESPACE, type Target } from "./mesh.ts";
import type { Moment } from "./sbatch-gate.ts";

export interface Scenario {
  readonly log: MeshOptions["log"];
  readonly target: Target;
  readonly how: "kill" | "pause";
  /**
   * Two of the moments lie between intent and bind; `running` is in the middle of the second step.
   */
  readonly when: Moment | "running";
}

export interface Verdict {
  readonly scenario: string;
  /** The fault landed between the intent and the bind of an attempt. */
  readonly betweenIntentAndBind: boolean;
  readonly tookMs: number;
  readonly problems: readonly string[];
}

/** How long a paused process stays so. */
export const PAUSE_MS = 10_000;

export function allScenarios(): Scenario[] {
  const scenarios: Scenario[] = [];
  for (const log of ["embedded", "jetstream"] as const) {
    const targets: Target[] = ["scheduler", "agent", "slurmctld"];
    if (log === "jetstream") targets.push("nats-server");
    for (const target of targets) {
      for (const how of ["kill", "pause"] as const) {
        for (const when of ["before-accept", "after-accept", "running"] as const) {
          scenarios.push({ log, target, how, when });
        }
      }
    }
  }
  return scenarios;
}

export function nameOf({ log, target, how, when }: Scenario): string {
  return `${how} ${target}, ${when}, ${log} log`;
}

/** Runs one scenario on a fresh mesh with a real Slurm. */
export async function playScenario(
  scenario: Scenario,
  pauseMs: number = PAUSE_MS,
): Promise<Verdict> {
  const startedMs = performance.now();
  const mesh = await Mesh.start({ log: scenario.log, cluster: "slurm" });
  try {
    const ledger = join(mesh.directory, "ledger");
    const go = join(mesh.directory, "go");
    const id = await mesh.submit(manifest(ledger, go), "faults");
    const inWindow = await strike(mesh, scenario, pauseMs);
    const { jobs } = await mesh.end(id);
    const problems = await problemsOf(mesh, scenario, id, jobs, ledger);
    const tookMs = Math.round(performance.now() - startedMs);
    return { scenario: nameOf(scenario), betweenIntentAndBind: inWindow, tookMs, problems };
  } finally {
    await mesh.close();
  }
}

/** Brings the fault at its moment and takes it back; says whether a submission was in flight. */
async function strike(mesh: Mesh, scenario: Scenario, pauseMs: number): Promise<boolean> {
  const { gate } = mesh;
  if (gate === null) throw new Error("faults need the sbatch gate");
  const { when, how, target } = scenario;
  await waitFor(() => runs(mesh, "one"), 60_000, "the first step to run");
  if (when === "running") {
    release(mesh);
    await waitFor(() => runs(mesh, "two"), 60_000, "the second step to run");
    await hit(mesh, target, how, pauseMs);
    return false;
  }
  gate.hold(when);
  release(mesh); // The first step ends; the second one's sbatch meets the gate.
  await waitFor(() => gate.reached(when) > 0, 60_000, `sbatch ${when}`);
  // The answer is held, so only a claim could have told the agent that the job is there.
  const bound = mesh.claims().length > 1;
  if (how === "kill") {
    await mesh.kill(target);
    gate.open();
    await mesh.restart(target);
  } else {
    mesh.pause(target);
    gate.open();
    await pauseFor(pauseMs);
    mesh.resume(target);
  }
  return !bound;
}

async function hit(
  mesh: Mesh,
  target: Target,
  how: Scenario["how"],
  pauseMs: number,
): Promise<void> {
  if (how === "kill") {
    await mesh.kill(target);
    await mesh.restart(target);
    return;
  }
  mesh.pause(target);
  await pauseFor(pauseMs);
  mesh.resume(target);
}

/** Being stopped for a while is the fault itself, not a wait for something. */
async function pauseFor(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

function runs(mesh: Mesh, step: string): boolean {
  const text = readIfThere(join(mesh.directory, "ledger"));
  return text.includes(`begin ${step} `) && !text.includes(`end ${step} `);
}

function release(mesh: Mesh): void {
  // The first step waits for this file, so that a fault has a moment to land in.
  const path = join(mesh.directory, "go");
  writeFileSync(path, "");
}

/** Three steps in a row; each writes one line when it begins and one when it ends. */
function manifest(ledger: string, go: string): object {
  const step = (id: string, before: string | null, body: string): object => ({
    id,
    uses: "exec@1",
    ...(before === null ? {} : { needs: [before] }),
    with: {
      command: [
        "/bin/sh",
        "-c",
        `echo "begin ${id} $$" >> "$LEDGER"; ${body}; echo "end ${id} $$" >> "$LEDGER"; echo ${id}`,
      ],
      env: { LEDGER: ledger, GO: go },
    },
    outputs: { said: { value: { from: "stdout", pattern: "\\w+" } } },
    timeout: "5m",
    // A controller that forgot its last seconds may cancel what it finds twice under one number.
    retry: { attempts: 3, on: ["cancelled", "node_fail"], backoff: { first: "100ms", max: "1s" } },
  });
  return {
    apiVersion: "signalbox/v1",
    kind: "Workflow",
    metadata: { name: "faults" },
    tasks: [
      step("one", null, 'while [ ! -e "$GO" ]; do sleep 0.05; done'),
      step("two", "one", "sleep 2"),
      step("three", "two", "true"),
    ],
  };
}

async function problemsOf(
  mesh: Mesh,
  scenario: Scenario,
  id: string,
  jobs: readonly signalbox.control.v1.IJob[],
  ledger: string,
): Promise<string[]> {
  const problems: string[] = [];
  const { JobState } = signalbox.control.v1;
  for (const job of jobs) {
    if (job.state !== JobState.JOB_STATE_SUCCEEDED)
      problems.push(`${job.task} is ${job.state}: ${job.reason}`);
    const forgetful = scenario.target === "slurmctld" && scenario.how === "kill";
    if (job.attempt !== 1 && !forgetful) problems.push(`${job.task} took ${job.attempt} attempts`);
  }
  const lines = readIfThere(ledger).split("\n");
  for (const step of ["one", "two", "three"]) {
    const begun = lines.filter((line) => line.startsWith(`begin ${step} `)).length;
    if (begun !== 1) problems.push(`step ${step} began ${begun} times`);
  }
  // An attempt that never began is closed by the agent, which takes its claim: no job ever can.
  const claims = mesh.claims().filter(({ nativeId }) => nativeId !== "fenced-by-agent");
  if (claims.length !== 3) problems.push(`${claims.length} claims on disk, not 3`);
  problems.push(...completionProblems(mesh, claims));
  const bundle = await clientOf(RunsService, mesh.channel).getReceipts({
    namespace: NAMESPACE,
    id,
  });
  const verified = verifyBundle(bundle.bundleJson ?? new Uint8Array());
  if (!verified.ok) problems.push(`receipts: ${JSON.stringify(verified.problems)}`);
  return problems;
}

/** The controller's own file against the claims: more starts than one only as losers of a claim. */
function completionProblems(mesh: Mesh, claims: ReturnType<Mesh["claims"]>): string[] {
  const problems: string[] = [];
  const ended = (mesh.slurm?.jobCompletions() ?? []).filter(({ state }) => state !== "PENDING");
  for (const { token, nativeId, lost } of claims) {
    const records = ended.filter(({ name }) => name.endsWith(token));
    // A controller killed within seconds of a change forgets it: it may write an end twice, know
    // nothing of a job that runs, or start once more what has ended. What counts is that every
    // start but one did nothing: it lost the claim, or found its directory closed (73:0 from the
    // script, 0:53 from a slurmd that cannot even open its output there).
    const starts = new Map(
      records.map((each) => [`${each.jobId} ${each.fields["StartTime"]}`, each]),
    );
    const closed = [...starts.values()].filter(({ fields }) =>
      ["73:0", "0:53"].includes(fields["ExitCode"] ?? ""),
    ).length;
    const idle = lost + closed;
    if (starts.size - 1 > idle) {
      problems.push(
        `${token} (job ${nativeId}): ${starts.size} starts, ${idle} of them did nothing`,
      );
    }
  }
  return problems;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
