import { expect, test } from "vitest";
import type { JobView, RunView } from "../client/run-view.ts";
import { progressLines, type ProgressFrame } from "./progress-view.ts";
import { ProgressLines } from "./progress-lines.ts";
import { makeStyle } from "./style.ts";
import { widthOf } from "./text.ts";

const SUBMITTED_MS = 1_000_000;

function run(over: Partial<RunView> = {}): RunView {
  return {
    id: "abcdefgh23456722",
    namespace: "default",
    workflow: "silicon",
    digest: "sha256:00",
    state: "running",
    reason: "",
    submittedAtMs: SUBMITTED_MS,
    endedAtMs: null,
    submittedBy: "me",
    labels: {},
    jobs: { total: 3, succeeded: 1, failed: 0, running: 1, skipped: 0 },
    ...over,
  };
}

function job(task: string, over: Partial<JobView> = {}): JobView {
  return {
    id: `abcdefgh23456722/${task}`,
    run: "abcdefgh23456722",
    task,
    ordinal: 0,
    state: "blocked",
    reason: "",
    cluster: "hpc",
    reachable: true,
    attempt: 0,
    schedulerJobId: null,
    cause: null,
    exitCode: null,
    createdAtMs: null,
    startedAtMs: null,
    endedAtMs: null,
    needs: [],
    priority: 0,
    outputs: [],
    attempts: [],
    ...over,
  };
}

const DONE = job("relax", {
  state: "succeeded",
  attempt: 1,
  schedulerJobId: "101",
  startedAtMs: SUBMITTED_MS + 1000,
  endedAtMs: SUBMITTED_MS + 13_500,
});
const RUNNING = job("scf", {
  state: "running",
  attempt: 2,
  schedulerJobId: "104",
  startedAtMs: SUBMITTED_MS + 15_000,
});
const BLOCKED = job("bands", { reason: "waits for scf" });

const frame = (over: Partial<ProgressFrame> = {}): ProgressFrame => ({
  columns: 80,
  rows: 24,
  nowMs: SUBMITTED_MS + 21_200,
  tick: 2,
  ...over,
});
const plain = makeStyle({ colour: false, unicode: true });

test("a run in progress shows each step's state, time, attempt and cluster job", () => {
  const model = { run: run(), jobs: [DONE, RUNNING, BLOCKED], trouble: null };
  expect(progressLines(model, frame(), plain).join("\n")).toBe(
    `⠹ silicon  abcdefgh23456722  running  1/3 steps  21s
  ✔ relax  12s     done on hpc, job 101
  ⠹ scf    6.2s    running on hpc, job 104, attempt 2
  ·  bands          waits, waits for scf`.replace("·  bands ", "· bands "),
  );
});

test("a failed run ends with its reason, its skipped steps with theirs", () => {
  const failed = job("scf", {
    state: "failed",
    attempt: 1,
    schedulerJobId: "104",
    reason: "exit code 3",
    startedAtMs: SUBMITTED_MS,
    endedAtMs: SUBMITTED_MS + 400,
  });
  const skipped = job("bands", { state: "skipped", reason: "scf failed" });
  const over = { state: "failed", reason: "scf failed", endedAtMs: SUBMITTED_MS + 14_000 } as const;
  const model = { run: run(over), jobs: [DONE, failed, skipped], trouble: null };
  expect(progressLines(model, frame(), plain).join("\n")).toBe(
    `✘ silicon  abcdefgh23456722  failed  3/3 steps  14s
  ✔ relax  12s     done on hpc, job 101
  ✘ scf    0.4s    failed on hpc, job 104, exit code 3
  ⤼ bands          skipped, scf failed
  scf failed`,
  );
});

test("without UTF-8 the signs are ASCII", () => {
  const ascii = makeStyle({ colour: false, unicode: false });
  const model = { run: run(), jobs: [DONE, RUNNING], trouble: null };
  const text = progressLines(model, frame(), ascii).join("\n");
  expect(text).toMatch(/^- silicon/u);
  expect(text).toContain("  + relax");
});

test("no line is wider than the terminal, however long names and reasons are", () => {
  const long = job(`t${"x".repeat(60)}`, {
    state: "failed",
    attempt: 12,
    schedulerJobId: "1234567890",
    reason: "絵文字 🚀 and a very long reason ".repeat(9),
  });
  const over = {
    workflow: "ワークフロー".repeat(20),
    reason: "r".repeat(300),
    state: "failed",
  } as const;
  for (const columns of [40, 60, 80, 132]) {
    const model = { run: run(over), jobs: [long], trouble: "t".repeat(200) };
    for (const line of progressLines(
      model,
      frame({ columns }),
      makeStyle({ colour: true, unicode: true }),
    )) {
      expect(widthOf(line), line).toBeLessThan(columns);
    }
  }
});

test("what a job said cannot move the cursor", () => {
  const evil = job("scf", { state: "failed", reason: "\u001b[2Jgone\u0007\r\u009b31m" });
  const lines = progressLines({ run: run(), jobs: [evil], trouble: null }, frame(), plain);
  // oxlint-disable-next-line no-control-regex -- control characters are what must not be there.
  expect(lines.join("")).not.toMatch(/[\u0000-\u001f\u0080-\u009f]/u);
  expect(lines.join("")).toContain("\\x1b[2Jgone\\x07");
});

test("of many steps those that move are in sight, and the others are counted", () => {
  const jobs = Array.from({ length: 400 }, (_, i) =>
    job(`t${i}`, { ordinal: i, state: i < 200 ? "succeeded" : i === 200 ? "running" : "blocked" }),
  );
  const lines = progressLines({ run: run(), jobs, trouble: null }, frame({ rows: 14 }), plain);
  expect(lines.length).toBeLessThanOrEqual(14);
  expect(lines.some((line) => line.includes("t200 "))).toBe(true);
  expect(lines[1]).toMatch(/… \d+ more above/u);
  expect(lines.at(-1)).toMatch(/… \d+ more below/u);
});

test("plain lines say each change once, and how the run ended", () => {
  const said: string[] = [];
  const lines = new ProgressLines((line) => said.push(line.slice(9)));
  const nowMs = SUBMITTED_MS;
  lines.show(run(), [job("relax", { state: "queued" }), BLOCKED], nowMs);
  lines.show(run(), [job("relax", { state: "queued" }), BLOCKED], nowMs);
  lines.show(run(), [DONE, BLOCKED], nowMs);
  const failed = { state: "failed", reason: "scf failed", endedAtMs: SUBMITTED_MS + 2000 } as const;
  lines.show(run(failed), [DONE, job("bands", { state: "skipped", reason: "scf failed" })], nowMs);
  expect(said).toEqual([
    "abcdefgh23456722 silicon",
    "relax: queued on hpc",
    "relax: done on hpc, job 101 (12s)",
    "bands: skipped, scf failed",
    "abcdefgh23456722 failed after 2.0s: scf failed",
  ]);
});
