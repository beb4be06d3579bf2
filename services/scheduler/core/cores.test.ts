// The cores alone: states, messages and what comes out, without partitions or logs.

import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "#shared/base/prng.ts";
import {
  type AttemptReport,
  type AttemptSpec,
  DEFAULT_RESOURCES,
  END_CAUSES,
  type EndCause,
} from "#shared/base/job.ts";
import type { TaskId } from "#shared/base/ids.ts";
import type { PlanTask } from "#shared/base/plan.ts";
import { canonicalJson } from "#shared/base/canonical-json.ts";
import { clusterActor, jobActor, namespaceActor, runActor } from "./actor-types.ts";
import { checkCluster, specOf } from "./cluster-core.ts";
import { checkJob } from "./job-core.ts";
import type { ClusterMessage, JobMessage, NamespaceMessage, RunMessage } from "./messages.ts";
import { checkRun } from "./run-core.ts";
import type { ClusterState, JobActorState, NamespaceState, RunMeta, RunState } from "./state.ts";
import { WaitQueue } from "./wait-queue.ts";

interface Played<S, M> {
  state: S | undefined;
  readonly sent: { to: string; message: Record<string, unknown> }[];
  readonly timers: Map<string, number>;
  readonly events: object[];
  nowMs: number;
  tell(message: M): unknown;
}

// oxlint-disable-next-line typescript/no-explicit-any -- any of the four actors
function play<S, M>(actor: any, address: string): Played<S, M> {
  const played: Played<S, M> = {
    state: undefined,
    sent: [],
    timers: new Map(),
    events: [],
    nowMs: 1000,
    tell(message) {
      return actor.receive(played.state, message, {
        address,
        nowMs: played.nowMs,
        random: seededRandom(7),
        emit: (event: object) => {
          played.events.push(event);
          played.state = actor.apply(played.state, event, address);
        },
        send: (to: string, sent: Record<string, unknown>) =>
          played.sent.push({ to, message: sent }),
        timer: (id: string, atMs: number | null) => {
          if (atMs === null) played.timers.delete(id);
          else played.timers.set(id, atMs);
        },
      });
    },
  };
  return played;
}

const RUN = "abcdefghijklmnop";
const spec = (n: number): AttemptSpec =>
  ({ token: `${RUN}-${n}-1`, name: "t", task: "t", attempt: 1 }) as unknown as AttemptSpec;
const job = (n: number): string => `job/lab/${RUN}/t${n}`;

function end(cause: EndCause): AttemptReport {
  return {
    ...{ kind: "ended", nativeId: "9", outputs: [], receipt: "r", receiptDigest: "sha256:r" },
    outcome: {
      ...{ cause, exitCode: cause === "ok" ? 0 : 1, signal: null, confidence: "proven" },
      ...{ startedAtMs: 1, endedAtMs: 2, cpuMs: 3, maxRssKb: 4, message: `it was ${cause}` },
    },
    evidence: { source: "supervisor", raw: cause, atMs: 2 },
  };
}

function phase(name: "intended" | "queued" | "held" | "running" | "paused"): AttemptReport {
  const evidence = { source: "queue", raw: name, atMs: 5 } as const;
  return {
    kind: "phase",
    phase: name,
    nativeId: "9",
    reason: name === "held" ? "JobHeldUser" : null,
    evidence,
  };
}

describe("cluster", () => {
  function cluster(slots = 2): Played<ClusterState, ClusterMessage> {
    const played = play<ClusterState, ClusterMessage>(clusterActor, "cluster/lab/hpc");
    played.tell({
      kind: "add",
      clusterKind: "slurm",
      slots,
      enrolmentHash: "h",
      enrolmentExpiresAtMs: 2000,
    });
    return played;
  }
  function connected(slots = 2): Played<ClusterState, ClusterMessage> {
    const played = cluster(slots);
    played.tell({ kind: "enrol", tokenHash: "h", agentId: "a1", publicKey: "k" });
    played.tell({ kind: "agent-connected", journalId: "j1", journalNew: true, commandSeen: 0 });
    return played;
  }
  const enqueue = (n: number, priority = 0): ClusterMessage => ({
    kind: "enqueue",
    job: job(n),
    priority,
    spec: spec(n),
  });
  const report = (seq: number, n: number, what: AttemptReport): ClusterMessage => ({
    ...{ kind: "reports", journalId: "j1", reports: [{ seq, token: spec(n).token, report: what }] },
  });

  test("an enrolment token works once, and not after its time", () => {
    const played = cluster();
    expect(() =>
      played.tell({ kind: "enrol", tokenHash: "wrong", agentId: "a", publicKey: "k" }),
    ).toThrow("wrong");
    played.nowMs = 2001;
    expect(() =>
      played.tell({ kind: "enrol", tokenHash: "h", agentId: "a", publicKey: "k" }),
    ).toThrow("too old");
    played.nowMs = 1500;
    expect(played.tell({ kind: "enrol", tokenHash: "h", agentId: "a", publicKey: "k" })).toEqual({
      agentId: "a",
    });
    expect(played.tell({ kind: "enrol", tokenHash: "h", agentId: "b", publicKey: "k" })).toEqual({
      agentId: "a",
    });
    expect(() =>
      played.tell({ kind: "enrol", tokenHash: "h", agentId: "c", publicKey: "k2" }),
    ).toThrow("already used");
  });

  test("one that has an agent cannot be added again; one without gets a new token", () => {
    const played = cluster();
    const add = {
      kind: "add",
      clusterKind: "slurm",
      slots: 8,
      enrolmentHash: "h2",
      enrolmentExpiresAtMs: 9000,
    } as const;
    played.tell(add);
    expect(played.state?.slots).toBe(8);
    played.tell({ kind: "enrol", tokenHash: "h2", agentId: "a", publicKey: "k" });
    expect(() => played.tell(add)).toThrow("exists");
  });

  test("nothing is placed while the agent is away or its cluster does not answer", () => {
    const played = cluster();
    played.tell(enqueue(1));
    expect(played.state?.placed.size).toBe(0);
    played.tell({ kind: "enrol", tokenHash: "h", agentId: "a1", publicKey: "k" });
    played.tell({ kind: "agent-connected", journalId: "j1", journalNew: true, commandSeen: 0 });
    expect(played.state?.placed.size).toBe(1);
    played.tell({ kind: "cluster-state", unreachable: "Unable to contact slurm controller" });
    played.tell(enqueue(2));
    expect(played.state?.waiting.size).toBe(1);
    played.tell({ kind: "cluster-state", unreachable: null });
    expect(played.state?.waiting.size).toBe(0);
    played.tell({ kind: "agent-lost" });
    played.tell({ kind: "agent-lost" });
    expect(played.state?.connected).toBe(false);
  });

  test("a report seen before changes nothing; one of another journal is refused", () => {
    const played = connected();
    played.tell(enqueue(1));
    expect(played.tell(report(1, 1, end("ok")))).toEqual({ seen: 1 });
    const { length } = played.sent;
    expect(played.tell(report(1, 1, end("ok")))).toEqual({ seen: 1 });
    expect(played.sent.length).toBe(length);
    const other = { kind: "reports", journalId: "j2", reports: [] } as const;
    expect(() => played.tell(other)).toThrow("not connected");
  });

  test("a report that overtook one is refused: nothing is passed over", () => {
    const played = connected();
    played.tell(enqueue(1));
    played.tell(enqueue(2));
    expect(() => played.tell(report(2, 2, end("ok")))).toThrow("report 2 came instead of 1");
    played.tell(report(1, 1, end("ok")));
    expect(played.tell(report(2, 2, end("ok")))).toEqual({ seen: 2 });
  });

  test("an agent with a new journal is told again what it holds, cancels included", () => {
    const played = connected();
    played.tell(enqueue(1));
    played.tell(enqueue(2));
    played.tell(report(1, 1, phase("running")));
    played.tell({ kind: "withdraw", token: spec(2).token, job: job(2), reason: "enough" });
    played.tell({ kind: "agent-connected", journalId: "j2", journalNew: true, commandSeen: 0 });
    const commands = played.state?.commands ?? [];
    expect(
      commands
        .filter(({ kind }) => kind === "submit")
        .map(({ token }) => token)
        .toSorted(),
    ).toEqual([spec(1).token, spec(2).token]);
    expect(commands.some(({ kind, token }) => kind === "cancel" && token === spec(2).token)).toBe(
      true,
    );
    assert(played.state !== undefined);
    checkCluster(played.state);
    expect(specOf(played.state, spec(1).token)).toEqual(spec(1));
    expect(specOf(played.state, "nobody")).toBe(null);
  });

  test("a new journal is told to submit also what it is told to cancel, in that order", () => {
    const played = connected();
    played.tell(enqueue(1));
    played.tell(report(1, 1, phase("intended")));
    played.tell({ kind: "withdraw", token: spec(1).token, job: job(1), reason: "enough" });
    played.tell({ kind: "agent-connected", journalId: "j2", journalNew: true, commandSeen: 0 });
    const kinds = played.state?.commands.map(({ kind }) => kind);
    expect(kinds?.slice(-2)).toEqual(["submit", "cancel"]);
  });

  test("an agent that kept its journal is not told again what it has seen", () => {
    const played = connected();
    played.tell(enqueue(1));
    played.tell({ kind: "agent-connected", journalId: "j1", journalNew: false, commandSeen: 1 });
    expect(played.state?.commands).toEqual([]);
  });

  test("withdrawing one that waits takes it out; one that is placed is asked to end, once", () => {
    const played = connected(1);
    played.tell(enqueue(1));
    played.tell(enqueue(2));
    played.tell({ kind: "withdraw", token: spec(2).token, job: job(2), reason: "r" });
    expect(played.sent.at(-1)?.message).toEqual({ kind: "withdrawn", token: spec(2).token });
    played.tell({ kind: "withdraw", token: spec(1).token, job: job(1), reason: "r" });
    played.tell({ kind: "withdraw", token: spec(1).token, job: job(1), reason: "r" });
    expect(played.state?.commands.filter(({ kind }) => kind === "cancel").length).toBe(1);
  });

  test("a restart means that the agent is away; a log read again by the same process does not", () => {
    const played = cluster();
    played.tell({ kind: "agent-connected", journalId: "j1", journalNew: true, commandSeen: 0 });
    played.tell({ kind: "wake", reloaded: true });
    expect(played.state?.connected).toBe(true);
    played.tell({ kind: "wake", reloaded: false });
    expect(played.state?.connected).toBe(false);
  });

  test("what does not exist says how to make it", () => {
    const played = play<ClusterState, ClusterMessage>(clusterActor, "cluster/lab/moon");
    played.tell(enqueue(1));
    expect(played.sent[0]?.message).toMatchObject({ kind: "unplaceable" });
    played.tell({ kind: "withdraw", token: "t", job: job(1), reason: "" });
    played.tell({ kind: "wake" });
    expect(() => played.tell({ kind: "agent-lost" })).toThrow("no cluster moon");
  });

  test("any order of messages keeps the invariants, and every token is commanded at most once a journal", () => {
    const message = fc.oneof(
      fc
        .record({ n: fc.nat(9), priority: fc.integer({ min: -2, max: 2 }) })
        .map(({ n, priority }) => enqueue(n, priority)),
      fc.nat(9).map((n): ClusterMessage => ({
        kind: "withdraw",
        token: spec(n).token,
        job: job(n),
        reason: "r",
      })),
      fc.record({ n: fc.nat(9), ends: fc.boolean() }).map(({ n, ends }) => ({ n, ends })),
      fc.constant<ClusterMessage>({ kind: "agent-lost" }),
      fc.constant<ClusterMessage>({
        kind: "agent-connected",
        journalId: "j1",
        journalNew: false,
        commandSeen: 0,
      }),
      fc
        .constantFrom(null, "down")
        .map((unreachable): ClusterMessage => ({ kind: "cluster-state", unreachable })),
    );
    let placements = 0;
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 60 }),
        fc.integer({ min: 1, max: 3 }),
        (messages, slots) => {
          const played = connected(slots);
          let seq = 0;
          const ended = new Set<number>();
          for (const each of messages) {
            if ("kind" in each) {
              // A job enqueues a token once: what ended does not come back under its name.
              if (each.kind === "enqueue" && ended.has(Number(each.spec.token.split("-")[1])))
                continue;
              played.tell(each);
            } else {
              if (each.ends && played.state?.placed.has(spec(each.n).token) === true)
                ended.add(each.n);
              played.tell(report((seq += 1), each.n, each.ends ? end("ok") : phase("running")));
            }
            assert(played.state !== undefined);
            checkCluster(played.state);
          }
          const placed = played.events.filter(
            (event) => (event as { type: string }).type === "cluster.placed",
          );
          placements += placed.length;
          const tokens = placed.map((event) => (event as unknown as { token: string }).token);
          expect(new Set(tokens).size).toBe(tokens.length);
        },
      ),
    );
    expect(placements).toBeGreaterThan(0);
  });
});

/** What a job's core reads of a spec. */
const SPEC = { name: "t0", outputs: [] } as unknown as JobActorState["spec"];

describe("job", () => {
  function begun(
    attemptsMax = 2,
    on: readonly EndCause[] = ["node_fail"],
    outputs: JobActorState["spec"]["outputs"] = [],
  ): Played<JobActorState, JobMessage> {
    const played = play<JobActorState, JobMessage>(jobActor, job(0));
    played.tell({
      kind: "create",
      job: {
        ...{ run: RUN, namespace: "lab", task: "t0", ordinal: 0, cluster: "hpc", priority: 0 },
        retry: { attemptsMax, firstMs: 100, maxMs: 1000, on },
        spec: { ...SPEC, outputs },
      },
    });
    played.tell({ kind: "begin" });
    return played;
  }
  const token = (attempt: number): string => `${RUN}-0-${attempt}`;
  const tell = (
    played: Played<JobActorState, JobMessage>,
    attempt: number,
    report: AttemptReport,
  ): void => void played.tell({ kind: "report", token: token(attempt), report });

  test("its phases follow its reports, and its evidence is kept, bounded", () => {
    const played = begun();
    played.tell({ kind: "placed", token: token(1) });
    expect(played.state?.phase).toBe("submitting");
    const seen: string[] = [];
    for (const name of ["intended", "queued", "held", "running", "paused"] as const) {
      tell(played, 1, phase(name));
      seen.push(played.state?.phase ?? "");
    }
    expect(seen).toEqual(["submitting", "submitted", "submitted", "running", "running"]);
    for (let i = 0; i < 40; i++) tell(played, 1, phase("running"));
    expect(played.state?.attempts[0]?.evidence.length).toBe(20);
    expect(played.state?.attempts[0]?.nativeId).toBe("9");
  });

  test("a success without a declared output is none, whatever its agent says", () => {
    const declared = { name: "v", kind: "file", path: "v" } as const;
    const played = begun(1, [], [declared]);
    const value = { name: "v", kind: "value", value: "not a file" } as const;
    tell(played, 1, { ...end("ok"), outputs: [value] } as AttemptReport);
    expect(played.state?.phase).toBe("failed");
    expect(played.state?.reason).toBe("the agent reported success without output v");
  });

  test("silence is not an end: an unreachable cluster leaves it running and says so", () => {
    const played = begun();
    tell(played, 1, phase("running"));
    const evidence = { source: "agent", raw: "no answer", atMs: 7 } as const;
    tell(played, 1, { kind: "unreachable", reason: "controller down", evidence });
    expect(played.state?.phase).toBe("running");
    expect(played.state?.attempts[0]?.unreachable).toBe("controller down");
    tell(played, 1, { kind: "reachable", evidence });
    expect(played.state?.attempts[0]?.unreachable).toBe(null);
  });

  test("a cause that the policy names is tried again after a back-off; others are not", () => {
    const retried = begun();
    tell(retried, 1, end("node_fail"));
    expect(retried.state?.phase).toBe("backoff");
    const atMs = retried.timers.get("retry") ?? 0;
    expect(atMs).toBeGreaterThanOrEqual(1000);
    expect(atMs).toBeLessThanOrEqual(1100);
    retried.tell({ kind: "timer", timer: "retry" });
    expect(retried.sent.at(-1)?.message).toMatchObject({ kind: "enqueue" });
    tell(retried, 2, end("node_fail"));
    expect(retried.state?.phase).toBe("failed");
    const plain = begun();
    tell(plain, 1, end("failed"));
    expect(plain.state?.phase).toBe("failed");
    expect(plain.sent.at(-1)?.message).toMatchObject({
      kind: "job-ended",
      end: "failed",
      receiptDigest: "sha256:r",
    });
  });

  test("cancelled on the cluster it is cancelled, unless the policy names that cause", () => {
    const plain = begun();
    tell(plain, 1, end("cancelled"));
    expect(plain.state?.phase).toBe("cancelled");
    const retried = begun(2, ["cancelled"]);
    tell(retried, 1, end("cancelled"));
    expect(retried.state?.phase).toBe("backoff");
  });

  test("a report of an earlier attempt, a late placement and a second end change nothing", () => {
    const played = begun();
    tell(played, 1, end("node_fail"));
    played.tell({ kind: "timer", timer: "retry" });
    const events = played.events.length;
    tell(played, 1, end("ok"));
    played.tell({ kind: "placed", token: token(1) });
    played.tell({ kind: "withdrawn", token: token(1) });
    played.tell({ kind: "unplaceable", token: token(1), reason: "" });
    expect(played.events.length).toBe(events);
    tell(played, 2, end("ok"));
    tell(played, 2, end("failed"));
    expect(played.state?.phase).toBe("succeeded");
  });

  test("cancelling in back-off ends it at once; while it runs its end is waited for", () => {
    const backoff = begun();
    tell(backoff, 1, end("node_fail"));
    backoff.tell({ kind: "cancel", reason: "stop" });
    expect(backoff.state?.phase).toBe("cancelled");
    expect(backoff.timers.size).toBe(0);
    const running = begun();
    tell(running, 1, phase("running"));
    running.tell({ kind: "cancel", reason: "stop" });
    running.tell({ kind: "cancel", reason: "again" });
    expect(running.state?.phase).toBe("running");
    tell(running, 1, end("node_fail"));
    expect(running.state).toMatchObject({ phase: "cancelled", reason: "stop" });
    running.tell({ kind: "cancel", reason: "late" });
    expect(running.state?.reason).toBe("stop");
  });

  test("withdrawn before it was placed it is cancelled on the scheduler's own word, and can start over", () => {
    const played = begun();
    played.tell({ kind: "cancel", reason: "stop" });
    played.tell({ kind: "withdrawn", token: token(1) });
    expect(played.state?.phase).toBe("cancelled");
    expect(played.state?.attempts[0]?.outcome?.cause).toBe("cancelled");
    played.tell({ kind: "restart", spec: SPEC });
    expect(played.state?.attempts.map(({ token: each }) => each)).toEqual([token(1), token(2)]);
    played.tell({ kind: "restart", spec: SPEC });
    expect(played.state?.attempts.length).toBe(2);
  });

  test("any order of messages keeps the invariants", () => {
    const causes = fc.constantFrom(...END_CAUSES);
    const message = fc.oneof(
      fc.constantFrom<JobMessage>(
        { kind: "cancel", reason: "r" },
        { kind: "timer", timer: "retry" },
        { kind: "begin" },
      ),
      fc
        .record({ attempt: fc.integer({ min: 1, max: 4 }), cause: causes })
        .map(({ attempt, cause }): JobMessage => ({
          kind: "report",
          token: token(attempt),
          report: end(cause),
        })),
      fc
        .record({
          attempt: fc.integer({ min: 1, max: 4 }),
          name: fc.constantFrom("queued" as const, "running" as const),
        })
        .map(({ attempt, name }): JobMessage => ({
          kind: "report",
          token: token(attempt),
          report: phase(name),
        })),
      fc
        .integer({ min: 1, max: 4 })
        .map((attempt): JobMessage => ({ kind: "withdrawn", token: token(attempt) })),
      fc
        .integer({ min: 1, max: 4 })
        .map((attempt): JobMessage => ({ kind: "placed", token: token(attempt) })),
      fc.constant<JobMessage>({ kind: "restart", spec: SPEC }),
    );
    let ends = 0;
    fc.assert(
      fc.property(fc.array(message, { maxLength: 40 }), (messages) => {
        const played = begun(3, ["failed", "node_fail"]);
        for (const each of messages) {
          played.tell(each);
          assert(played.state !== undefined);
          checkJob(played.state);
        }
        const told = played.sent.filter(({ message: sent }) => sent["kind"] === "job-ended").length;
        const restarts = played.events.filter(
          (event) => (event as { type: string }).type === "job.restarted",
        ).length;
        ends += told;
        expect(told).toBeLessThanOrEqual(restarts + 1);
      }),
    );
    expect(ends).toBeGreaterThan(0);
  });
});

describe("run", () => {
  function task(id: string, ordinal: number, needs: readonly string[]): PlanTask {
    return {
      ...{ id: id as TaskId, ordinal, needs: needs as TaskId[], env: [], stdin: null, files: [] },
      ...{
        outputs: [],
        resources: DEFAULT_RESOURCES,
        cluster: "hpc",
        timeoutMs: null,
        priority: 0,
      },
      program: { kind: "exec", argv: [["true"]] },
      retry: { attemptsMax: 1, firstMs: 1, maxMs: 1, on: [] },
    };
  }
  function submitted(tasks: readonly PlanTask[]): Played<RunState, RunMessage> {
    const played = play<RunState, RunMessage>(runActor, `run/lab/${RUN}`);
    const meta = {
      id: RUN,
      namespace: "lab",
      digest: "d",
      workflow: "w",
      tasksTotal: tasks.length,
    } as RunMeta;
    played.tell({ kind: "submit", meta, tasks });
    played.tell({ kind: "wake" });
    return played;
  }
  const told = (
    ordinal: number,
    how: "succeeded" | "failed" | "cancelled",
    outputs = [],
  ): RunMessage => ({
    ...{
      kind: "job-ended",
      task: `t${ordinal}`,
      ordinal,
      end: how,
      reason: how,
      outputs,
      receiptDigest: null,
    },
  });

  test("before it was submitted, only a wake is taken", () => {
    const played = play<RunState, RunMessage>(runActor, `run/lab/${RUN}`);
    played.tell({ kind: "wake" });
    expect(() => played.tell({ kind: "cancel", reason: "" })).toThrow(`no run ${RUN}`);
  });

  test("an end told twice counts once", () => {
    const played = submitted([task("t0", 0, []), task("t1", 1, ["t0"])]);
    played.tell(told(0, "succeeded"));
    played.tell(told(0, "succeeded"));
    expect(played.state?.succeeded).toBe(1);
  });

  test("what has ended cannot be cancelled; what goes on cannot be retried", () => {
    const played = submitted([task("t0", 0, [])]);
    expect(() => played.tell({ kind: "retry" })).toThrow("has not ended");
    played.tell({ kind: "attach-receipt", receipt: "too early" });
    played.tell(told(0, "succeeded"));
    expect(() => played.tell({ kind: "cancel", reason: "" })).toThrow("already ended");
    expect(() => played.tell({ kind: "cancel-task", task: "t0", reason: "" })).toThrow(
      "already ended",
    );
    expect(() => played.tell({ kind: "cancel-task", task: "zz", reason: "" })).toThrow(
      "no task zz",
    );
    expect(() => played.tell({ kind: "retry" })).toThrow("nothing to retry");
    played.tell({ kind: "attach-receipt", receipt: "r1" });
    played.tell({ kind: "attach-receipt", receipt: "r2" });
    expect(played.state?.receipt).toBe("r1");
  });

  test("cancelling one task skips what needs it; the others go on", () => {
    const played = submitted([task("t0", 0, []), task("t1", 1, ["t0"]), task("t2", 2, ["t1"])]);
    played.tell({ kind: "cancel-task", task: "t1", reason: "not needed" });
    played.tell({ kind: "cancel-task", task: "t0", reason: "not needed" });
    expect(played.sent.at(-1)?.message).toEqual({ kind: "cancel", reason: "not needed" });
    expect(played.state?.skipped).toBe(2);
    played.tell(told(0, "succeeded"));
    expect(played.state?.phase).toBe("cancelled");
  });

  test("a value that would become code refuses its task by name", () => {
    const hole = { task: "t0" as TaskId, output: "v", plain: true } as const;
    const next = {
      ...task("t1", 1, ["t0"]),
      program: { kind: "script", text: ["echo ", hole], interpreter: ["sh"] },
    } as const;
    const played = submitted([task("t0", 0, []), next]);
    const outputs = [{ name: "v", kind: "value", value: "$(rm -rf x)" }] as never;
    played.tell(told(0, "succeeded", outputs));
    expect(played.state?.phase).toBe("failed");
    expect(played.state?.progress[1]).toMatchObject({ kind: "ended", end: "failed" });
  });

  test("a task too large for the log with what it is given fails by name; it does not wait for ever", () => {
    const hole = { task: "t0" as TaskId, output: "v" };
    for (const times of [6, 100_000]) {
      const text = Array.from({ length: times }, () => hole);
      const next = {
        ...task("t1", 1, ["t0"]),
        program: { kind: "script", text, interpreter: ["sh"] },
      } as const;
      const played = submitted([task("t0", 0, []), next]);
      const outputs = [{ name: "v", kind: "value", value: "a".repeat(60_000) }] as never;
      played.tell(told(0, "succeeded", outputs));
      expect(played.state?.phase).toBe("failed");
      expect(JSON.stringify(played.state?.progress[1])).toContain("pass large ones as files");
    }
  });

  test("why a task was skipped takes no more words the longer the chain before it is", () => {
    const tasks = Array.from({ length: 300 }, (_, i) =>
      task(`t${i}`, i, i === 0 ? [] : [`t${i - 1}`]),
    );
    const played = submitted(tasks);
    played.tell(told(0, "failed"));
    expect(played.state?.skipped).toBe(299);
    const reason = "needs t298, which was skipped (needs t0, which failed: failed)";
    expect(played.state?.progress[299]).toMatchObject({ reason });
  });

  test("woken while cancelling it asks again for the end of what runs", () => {
    const played = submitted([task("t0", 0, [])]);
    played.tell({ kind: "cancel", reason: "r" });
    const before = played.sent.length;
    played.tell({ kind: "wake" });
    expect(played.sent.slice(before).map(({ message }) => message["kind"])).toEqual([
      "create",
      "cancel",
    ]);
  });

  test("any DAG and any ends: tasks begin only after what they need, and the run ends with the last", () => {
    let runs = 0;
    const dag = fc.array(fc.array(fc.nat(30), { maxLength: 3 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(dag, fc.array(fc.nat(99), { minLength: 1, maxLength: 40 }), (needs, dice) => {
        const tasks = needs.map((before, i) =>
          task(`t${i}`, i, i === 0 ? [] : [...new Set(before.map((n) => `t${n % i}`))]),
        );
        const played = submitted(tasks);
        for (let i = 0; i < 200 && played.state?.endedAtMs === null; i++) {
          assert(played.state !== undefined);
          checkRun(played.state);
          const die = dice[i % dice.length] ?? 0;
          const started = played.state.progress.flatMap(({ kind }, n) =>
            kind === "started" ? [n] : [],
          );
          const ordinal = started[die % started.length];
          assert(ordinal !== undefined, "a run that goes on has something that goes on");
          const cancels = die === 13 && played.state.phase === "running";
          if (cancels) played.tell({ kind: "cancel", reason: "bad luck" });
          else played.tell(told(ordinal, die % 5 === 0 ? "failed" : "succeeded"));
        }
        assert(played.state !== undefined && played.state.endedAtMs !== null);
        checkRun(played.state);
        runs += 1;
      }),
    );
    expect(runs).toBeGreaterThan(0);
  });
});

test("a namespace keeps tokens by hash, revokes once, and its first cluster is the default", () => {
  const played = play<NamespaceState, NamespaceMessage>(namespaceActor, "namespace/lab");
  const token = {
    kind: "add-token",
    id: "1",
    hash: "h",
    role: "admin",
    name: "n",
    expiresAtMs: null,
  } as const;
  played.tell(token);
  played.tell(token);
  played.tell({ kind: "revoke-token", id: "1" });
  played.tell({ kind: "revoke-token", id: "1" });
  expect(() => played.tell({ kind: "revoke-token", id: "2" })).toThrow("no token 2");
  played.tell({ kind: "add-cluster", name: "a", makeDefault: false });
  played.tell({ kind: "add-cluster", name: "b", makeDefault: false });
  played.tell({ kind: "add-cluster", name: "b", makeDefault: false });
  expect(played.state?.defaultCluster).toBe("a");
  played.tell({ kind: "add-cluster", name: "b", makeDefault: true });
  expect(played.state).toMatchObject({ clusters: ["a", "b"], defaultCluster: "b" });
  expect(played.events.length).toBe(5);
  expect(canonicalJson(namespaceActor.plain(played.state as NamespaceState))).toContain(
    '"name":"lab"',
  );
});

test("the queue gives out by priority, then by arrival, whatever is taken out in between", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.boolean()), { maxLength: 50 }),
      (adds) => {
        const queue = new WaitQueue();
        const model: { token: string; priority: number }[] = [];
        adds.forEach(([priority, remove], i) => {
          const token = `t${i}`;
          queue.add({ token, priority, job: "", enqueuedAtMs: i, spec: spec(i) });
          model.push({ token, priority });
          if (remove) queue.remove(model.splice(i % model.length, 1)[0]?.token ?? "");
        });
        queue.remove("nobody");
        const expected = model
          .toSorted((a, b) => b.priority - a.priority)
          .map(({ token }) => token);
        expect([...queue.values()].map(({ token }) => token)).toEqual(expected);
        expect(queue.first()?.token).toBe(expected[0]);
        expected.forEach((token, i) => expect(queue.ahead(token)).toBe(i));
        expect(queue.ahead("nobody")).toBe(null);
      },
    ),
  );
});
