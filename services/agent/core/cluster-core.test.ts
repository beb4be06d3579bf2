// One attempt's life, case by case: what is wished for when, and what ends it.

import { expect, test } from "vitest";
import type { EndCause } from "#shared/base/job.ts";
import { onEvents } from "./cluster-core.ts";
import { Desk, NO_STATUS, SPEC, claim, entry, exitLine, queued, token } from "./desk.fixture.ts";
import { FENCE_NATIVE_ID } from "./observations.ts";
import { specOf } from "./simulated-cluster.fixture.ts";

test("intent, then directory, then submission; acknowledged when it is on disk", () => {
  const desk = new Desk();
  onEvents(
    desk.core,
    { wish: (wish) => desk.wishes.push(wish) },
    [{ kind: "command", seq: 1, epoch: 1, command: { kind: "submit", spec: SPEC } }],
    desk.nowMs,
  );
  expect(desk.kinds()).toEqual(["journal"]); // A1, A7: neither prepared nor acknowledged yet.
  expect(desk.take("ack-commands")).toBeNull();
  const batch = desk.take("journal")?.batch ?? 0;
  desk.tell({ kind: "journalled", batch });
  expect(desk.take("ack-commands")?.seq).toBe(1);
  expect(desk.kinds()).toEqual(["prepare"]);
  desk.tell({ kind: "prepared", token, existed: false });
  expect(desk.take("submit")?.token).toBe(token);
});

test("a directory that was there already is adopted, never submitted at once", () => {
  const desk = new Desk();
  desk.tell({ kind: "command", seq: 1, epoch: 1, command: { kind: "submit", spec: SPEC } });
  desk.tell({ kind: "prepared", token, existed: true });
  expect(desk.take("submit")).toBeNull();
  expect(desk.take("adopt")?.tokens).toEqual([token]);
  const answer = { kind: "answer", present: [queued] } as const;
  desk.tell({ kind: "adopted", tokens: [token], answer, statuses: [NO_STATUS] });
  expect(desk.state).toBe("bound");
});

test("after an ambiguous answer it is submitted again only after the wait and two healthy absences", () => {
  const desk = new Desk();
  desk.submit();
  desk.take("submit");
  const result = { kind: "ambiguous", reason: "Socket timed out" } as const;
  desk.tell({ kind: "submitted", token, result, watched: false });
  const startedMs = desk.nowMs;
  let asked = 0;
  while (desk.take("submit") === null) {
    const wish = desk.take("adopt");
    if (wish !== null) {
      asked += 1;
      const answer = { kind: "answer", present: [] } as const;
      desk.tell({ kind: "adopted", tokens: wish.tokens, answer, statuses: [NO_STATUS] });
    } else if (desk.take("prepare") !== null) desk.tell({ kind: "prepared", token, existed: true });
    else desk.wait(1_000);
    expect(desk.nowMs - startedMs).toBeLessThan(120_000);
  }
  expect(asked).toBeGreaterThanOrEqual(2);
  expect(desk.nowMs - startedMs).toBeGreaterThanOrEqual(60_000);
});

test("answers that never came count for nothing", () => {
  const desk = new Desk();
  desk.submit();
  desk.take("submit");
  desk.tell({
    kind: "submitted",
    token,
    result: { kind: "ambiguous", reason: "?" },
    watched: false,
  });
  const silence = { kind: "no-answer", reason: "Unable to contact slurm controller" } as const;
  for (let turn = 0; turn < 3_000; turn++) {
    const wish = desk.take("adopt");
    if (wish !== null)
      desk.tell({ kind: "adopted", tokens: wish.tokens, answer: silence, statuses: [] });
    else if (desk.take("poll") !== null) {
      desk.tell({ kind: "polled", startedAtMs: desk.nowMs, answer: silence });
    } else desk.wait(1_000);
    expect(desk.take("submit")).toBeNull();
  }
  expect(desk.state).toBe("ambiguous");
  expect(desk.core.reach.state).toBe("unreachable");
  const told = [...desk.core.reports.unacked.values()].map(({ report }) => report.kind);
  expect(told).toContain("unreachable");
});

test("the claim names the winner: bound to another id, the attempt is bound again", () => {
  const desk = new Desk();
  desk.bound("17");
  desk.status({ claim: claim("16"), statusBytes: 5 });
  expect(desk.core.attempts.get(token)?.nativeId).toBe("16");
  expect(desk.rows.filter((row) => row.table === "binding").at(-1)).toMatchObject({
    nativeId: "16",
  });
  // The loser exits 0 and the queue calls it completed: that is nobody's end.
  desk.poll(entry("17", "ended", "ok"), entry("16", "running"));
  expect(desk.state).toBe("running");
});

test("silence ends nothing: neither an empty answer nor an unreachable cluster", () => {
  const desk = new Desk();
  desk.bound();
  desk.status({ claim: claim("17"), statusBytes: 5 });
  let bytes = 5;
  for (let turn = 0; turn < 300; turn++) {
    if (desk.take("poll") !== null) {
      desk.tell({
        kind: "polled",
        startedAtMs: desk.nowMs,
        answer: { kind: "answer", present: [] },
      });
    }
    bytes += turn % 20 === 0 ? 5 : 0; // It beats every 20 s: it lives.
    desk.status({ claim: claim("17"), statusBytes: bytes });
    desk.wait(1_000);
  }
  expect(desk.state).toBe("running");
});

test("gone from the queue and silent for three heartbeats: an end that says it knows nothing", () => {
  const desk = new Desk();
  desk.bound();
  desk.status({ claim: claim("17"), statusBytes: 5 });
  const startMs = desk.nowMs;
  while (desk.state === "running" && desk.nowMs - startMs < 600_000) {
    if (desk.take("poll") !== null) {
      desk.tell({
        kind: "polled",
        startedAtMs: desk.nowMs,
        answer: { kind: "answer", present: [] },
      });
    }
    desk.status({ claim: claim("17"), statusBytes: 5 });
    desk.wait(1_000);
  }
  expect(desk.nowMs - startMs).toBeGreaterThanOrEqual(90_000);
  expect(desk.seal()).toBe("unknown_outcome");
  expect(desk.end().outcome.confidence).toBe("inferred");
});

test("never begun and forgotten by the queue: in doubt again, not ended", () => {
  const desk = new Desk();
  desk.bound();
  for (let turn = 0; turn < 120 && desk.state === "bound"; turn++) {
    if (desk.take("poll") !== null) {
      desk.tell({
        kind: "polled",
        startedAtMs: desk.nowMs,
        answer: { kind: "answer", present: [] },
      });
    }
    desk.status();
    desk.wait(1_000);
  }
  expect(desk.state).toBe("ambiguous");
});

test.each<[string, EndCause | null, number | null, EndCause]>([
  ["the state beats the exit code", "out_of_memory", 0, "out_of_memory"],
  ["a timeout is not a failure", "timeout", 143, "timeout"],
  ["completed, exit 0", "ok", 0, "ok"],
  ["an exit code beats the word completed", "ok", 3, "failed"],
  ["failed by its state with exit 0", "failed", 0, "failed"],
  ["preempted", "preempted", null, "preempted"],
  ["node failure without an exit line", "node_fail", null, "node_fail"],
  ["cancelled by somebody else", "cancelled", 143, "cancelled"],
])("%s", (_title, cause, code, expected) => {
  const desk = new Desk();
  desk.bound();
  desk.status({ claim: claim("17"), statusBytes: 5 });
  desk.poll(entry("17", "ended", cause));
  const exit = code === null ? null : exitLine(code);
  desk.status({ claim: claim("17"), statusBytes: 9, exit });
  desk.wait(11_000);
  desk.status({ claim: claim("17"), statusBytes: 9, exit });
  expect(desk.seal()).toBe(expected);
  expect(desk.end().outcome.cause).toBe(expected);
  expect(desk.state).toBe("reported");
});

test("an exit line alone is enough when the queue does not answer", () => {
  const desk = new Desk();
  desk.bound();
  desk.status({ claim: claim("17"), statusBytes: 9, exit: exitLine(0) });
  expect(desk.state).toBe("ended");
  desk.wait(11_000);
  desk.status({ claim: claim("17"), statusBytes: 9, exit: exitLine(0) });
  expect(desk.seal()).toBe("ok");
  expect(desk.end().evidence).toMatchObject({ source: "supervisor", raw: "exit 0 0" });
});

test("accounting has the last word on a job the queue forgot", () => {
  const desk = new Desk();
  desk.tell({ kind: "facts", messageTimeoutMs: 20_000, accounting: true });
  desk.bound();
  desk.poll();
  const wish = desk.take("history");
  expect(wish?.tokens).toEqual([token]);
  const present = [entry("17", "ended", "cancelled")];
  desk.tell({ kind: "history", tokens: [token], answer: { kind: "answer", present } });
  desk.status(); // The look that was under way before the word.
  desk.status();
  desk.fence(); // A journal lost before the directory is put away must not begin it anew.
  expect(desk.end().outcome.cause).toBe("cancelled");
  expect(desk.end().evidence.source).toBe("accounting");
  expect(desk.end().receipt).toBeNull(); // It never ran.
});

test("a job that runs past its timeout is cancelled for it, after that is on disk", () => {
  const desk = new Desk();
  const spec = specOf(0, { timeoutMs: 30_000 });
  desk.tell({ kind: "command", seq: 1, epoch: 1, command: { kind: "submit", spec } });
  desk.tell({ kind: "prepared", token, existed: false });
  const result = { kind: "submitted", nativeId: "17", raw: "17" } as const;
  desk.tell({ kind: "submitted", token, result, watched: false });
  desk.status({ claim: claim("17"), statusBytes: 5 });
  desk.wait(29_000);
  expect(desk.take("cancel")).toBeNull();
  desk.wait(2_000);
  expect(desk.rows.some((row) => row.table === "cancel" && row.cause === "timeout")).toBe(true);
  desk.wait(1);
  expect(desk.take("cancel")?.jobs).toEqual([{ token, nativeId: "17" }]);
  desk.tell({ kind: "cancel-asked", tokens: [token], answered: true, reason: "" });
  desk.wait(5_000);
  expect(desk.take("cancel")).not.toBeNull(); // It still runs: asked again.
  desk.tell({ kind: "cancel-asked", tokens: [token], answered: true, reason: "" });
  desk.poll(entry("17", "ended", "cancelled"));
  desk.status({
    claim: claim("17"),
    statusBytes: 9,
    exit: { ...exitLine(143, 15), atMs: desk.nowMs },
  });
  expect(desk.seal()).toBe("timeout");
});

test("cancelled before anything was submitted: it ends at once and never ran", () => {
  const desk = new Desk();
  desk.tell({ kind: "command", seq: 1, epoch: 1, command: { kind: "submit", spec: SPEC } });
  const cancel = { kind: "cancel", token, reason: "no" } as const;
  desk.tell({ kind: "command", seq: 2, epoch: 1, command: cancel });
  desk.tell({ kind: "prepared", token, existed: false });
  expect(desk.take("submit")).toBeNull();
  desk.fence();
  expect(desk.end().outcome).toMatchObject({ cause: "cancelled", message: "no" });
});

test("cancelled in doubt: the agent takes the claim, so that a late job finds it taken", () => {
  const desk = new Desk();
  desk.submit();
  desk.take("submit");
  desk.tell({
    kind: "submitted",
    token,
    result: { kind: "ambiguous", reason: "?" },
    watched: false,
  });
  const cancel = { kind: "cancel", token, reason: "no" } as const;
  desk.tell({ kind: "command", seq: 2, epoch: 1, command: cancel });
  for (let turn = 0; turn < 200 && desk.state !== "fencing"; turn++) {
    const wish = desk.take("adopt");
    const answer = { kind: "answer", present: [] } as const;
    if (wish !== null)
      desk.tell({ kind: "adopted", tokens: wish.tokens, answer, statuses: [NO_STATUS] });
    else desk.wait(1_000);
  }
  expect(desk.take("take-claim")).not.toBeNull();
  desk.tell({ kind: "claim-failed", token, reason: "EIO" });
  desk.wait(1_000);
  expect(desk.take("take-claim")).not.toBeNull();
  desk.tell({ kind: "claim-taken", token, claim: claim(FENCE_NATIVE_ID) });
  expect(desk.end().outcome.cause).toBe("cancelled");
});

test("taking the claim and finding a winner: the job runs after all", () => {
  const desk = new Desk();
  desk.submit();
  desk.take("submit");
  desk.tell({ kind: "submitted", token, result: { kind: "later", reason: "QOS" }, watched: false });
  expect(desk.state).toBe("held-back");
  desk.wait(5_000);
  desk.take("submit");
  desk.tell({
    kind: "submitted",
    token,
    result: { kind: "refused", reason: "Invalid account" },
    watched: false,
  });
  expect(desk.take("take-claim")).not.toBeNull();
  desk.tell({ kind: "claim-taken", token, claim: claim("9") });
  expect([desk.state, desk.core.attempts.get(token)?.nativeId]).toEqual(["running", "9"]);
});

test("refused for good: ended as refused, with the cluster's words", () => {
  const desk = new Desk();
  desk.submit();
  desk.tell({
    kind: "submitted",
    token,
    result: { kind: "refused", reason: "Invalid account" },
    watched: false,
  });
  desk.fence();
  expect(desk.end()).toMatchObject({
    outcome: { cause: "refused", message: "Invalid account" },
    evidence: { source: "controller", raw: "Invalid account" },
    receipt: null,
  });
});

test("what cannot be prepared now is tried again, what never can be is refused", () => {
  const desk = new Desk();
  desk.tell({ kind: "command", seq: 1, epoch: 1, command: { kind: "submit", spec: SPEC } });
  desk.take("prepare");
  desk.tell({ kind: "prepare-failed", token, reason: "disk full", retry: "later" });
  desk.wait(500);
  expect(desk.take("prepare")).not.toBeNull();
  desk.tell({ kind: "prepare-failed", token, reason: "a NUL in argv", retry: "never" });
  expect(desk.end().outcome).toMatchObject({ cause: "refused", message: "a NUL in argv" });
});

test("sealing that fails is tried again until it works", () => {
  const desk = new Desk({ pollsQueue: false, heartbeatS: 0 });
  desk.submit();
  const result = { kind: "submitted", nativeId: "a:1:2", raw: "" } as const;
  desk.tell({ kind: "submitted", token, result, watched: true });
  expect(desk.take("poll")).toBeNull(); // A watched process needs no polling.
  desk.tell({ kind: "process-exited", token });
  desk.status({ claim: claim("a:1:2"), statusBytes: 9, exit: exitLine(0) });
  expect(desk.take("seal")).not.toBeNull();
  desk.tell({ kind: "seal-failed", token, reason: "disk full" });
  desk.wait(500);
  expect(desk.seal()).toBe("ok");
  desk.wait(1);
  expect(desk.take("push")?.digest).toBe("sha256:1");
  desk.tell({ kind: "push-failed", digest: "sha256:1", reason: "cut" });
  desk.wait(600);
  expect(desk.take("push")).not.toBeNull();
  desk.tell({ kind: "pushed", digest: "sha256:1" });
  desk.wait(300);
  expect(desk.rows.at(-1)).toEqual({ table: "pushed", digest: "sha256:1" });
});

test("a process that left no exit line is asked about, and only the dialect's word ends it", () => {
  const desk = new Desk({ pollsQueue: false, heartbeatS: 0, witnessGraceMs: 200 });
  desk.submit();
  const result = { kind: "submitted", nativeId: "a:1:2", raw: "" } as const;
  desk.tell({ kind: "submitted", token, result, watched: true });
  desk.tell({ kind: "process-exited", token });
  desk.status({ claim: claim("a:1:2"), statusBytes: 5 });
  expect(desk.state).toBe("running");
  desk.poll(entry("a:1:2", "ended", "unknown_outcome"));
  desk.status({ claim: claim("a:1:2"), statusBytes: 5 });
  desk.wait(300);
  desk.status({ claim: claim("a:1:2"), statusBytes: 5 });
  expect(desk.seal()).toBe("unknown_outcome");
});

test("a job that ends before its submission is answered is looked at once it is bound", () => {
  const desk = new Desk({ pollsQueue: false, heartbeatS: 0 });
  desk.submit();
  desk.tell({ kind: "process-exited", token });
  desk.take("read-status");
  const status = { claim: claim("a:1:2"), statusBytes: 5, exit: exitLine(0) };
  desk.status(status);
  const result = { kind: "submitted", nativeId: "a:1:2", raw: "" } as const;
  desk.tell({ kind: "submitted", token, result, watched: true });
  expect(desk.take("read-status")).not.toBeNull();
  desk.status(status);
  expect(desk.seal()).toBe("ok");
});

test("one healthy answer after a long silence is not enough to submit again", () => {
  const desk = new Desk();
  desk.submit();
  desk.take("prepare");
  desk.take("submit");
  const result = { kind: "ambiguous", reason: "Socket timed out" } as const;
  desk.tell({ kind: "submitted", token, result, watched: false });
  const backMs = desk.nowMs + 60_000;
  let healthy = 0;
  for (let turn = 0; turn < 1_000 && desk.state === "ambiguous"; turn++) {
    const silent = desk.nowMs < backMs;
    const answer = silent
      ? ({ kind: "no-answer", reason: "down" } as const)
      : ({ kind: "answer", present: [] } as const);
    if (desk.take("adopt") !== null) {
      healthy += silent ? 0 : 1;
      desk.tell({ kind: "adopted", tokens: [token], answer, statuses: [NO_STATUS] });
    } else if (desk.take("poll") !== null) {
      // Polls are answered all the while, which keeps the breaker closed and counts for nothing.
      const empty = { kind: "answer", present: [] } as const;
      desk.tell({ kind: "polled", startedAtMs: desk.nowMs, answer: empty });
    } else desk.wait(1_000);
  }
  expect([desk.state, healthy]).toEqual(["preparing", 2]);
});

test("the word of an end waits for the look into the files that was asked for", () => {
  const desk = new Desk();
  desk.bound();
  desk.status({ claim: claim("17"), statusBytes: 5 });
  desk.wait(1_000);
  desk.poll(entry("17", "ended", "ok"));
  desk.wait(60_000); // The files answer late: over NFS, or from a busy disk.
  expect(desk.state).toBe("ended");
  desk.status({ claim: claim("17"), statusBytes: 5 });
  desk.status({ claim: claim("17"), statusBytes: 9, exit: exitLine(3) });
  expect(desk.seal()).toBe("failed");
});
