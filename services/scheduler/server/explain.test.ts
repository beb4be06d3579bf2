import { describe, expect, test } from "vitest";
import { explain } from "./explain.ts";
import type { ClusterSituation, JobSituation, Situation } from "./explain.ts";

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const CLUSTER: ClusterSituation = {
  name: "hpc",
  kind: "slurm",
  slots: 2,
  placed: 2,
  holders: ["r/a", "r/b"],
  ahead: 3,
  enrolled: true,
  connected: true,
  agentSeenAtMs: NOW_MS - 1000,
  unreachable: null,
};
const JOB: JobSituation = {
  phase: "queued",
  reason: "",
  retryAtMs: null,
  cancelRequested: null,
  attemptsCounted: 1,
  attemptsMax: 3,
  token: "t-0-1",
  nativeId: "4711",
  clusterReason: null,
  unreachable: null,
  placedAtMs: NOW_MS - 5000,
  runningAtMs: null,
  evidenceAtMs: NOW_MS - 3000,
  timeoutMs: null,
};

function situation(
  job: Partial<JobSituation> | null,
  cluster: Partial<ClusterSituation> | null = {},
  rest: Partial<Situation> = {},
): Situation {
  return {
    runPhase: "running",
    part: {
      ...{ run: "r", namespace: "lab", task: "scf", ordinal: 1, cluster: "hpc", priority: 0 },
      ...{ needs: ["relax"], submittedAtMs: 0, begun: true, progress: { kind: "started" } },
    },
    openNeeds: [],
    job: job === null ? null : { ...JOB, ...job },
    cluster: cluster === null ? null : { ...CLUSTER, ...cluster },
    nowMs: NOW_MS,
    ...rest,
  };
}

describe("why a job waits", () => {
  test("for slots: how many are taken, by whom, and how many are ahead", () => {
    const { waitsFor, limit } = explain(situation({}));
    expect(limit).toBe("cluster hpc runs 2 of 2 slots; 3 jobs are ahead");
    expect(waitsFor).toEqual([
      "one of 2 slots of cluster hpc",
      "a slot is held by job r/a",
      "a slot is held by job r/b",
    ]);
  });

  test("for its agent: since when it is away", () => {
    const { waitsFor, limit } = explain(
      situation({}, { connected: false, agentSeenAtMs: NOW_MS - 300_000, ahead: 0 }),
    );
    expect(waitsFor).toEqual([
      "the agent of cluster hpc, which is disconnected (last seen 5 min ago)",
    ]);
    expect(limit).toBe("");
  });

  test("for its next attempt: when, and what ended the last one", () => {
    const { waitsFor, limit, nextAction } = explain(
      situation({ phase: "backoff", retryAtMs: NOW_MS + 9000, reason: "exit code 1" }),
    );
    expect(waitsFor).toEqual(["the time of its next attempt, 2026-01-02T03:04:14.000Z (in 9 s)"]);
    expect(limit).toBe("attempt 1 of 3 ended: exit code 1");
    expect(nextAction).toBe("Attempt 2 is queued at 2026-01-02T03:04:14.000Z.");
  });

  test("for the jobs it needs, each with its state", () => {
    const blocked = situation(null, {}, { openNeeds: [{ task: "relax", state: "running" }] });
    const part = {
      ...blocked.part,
      begun: false,
      progress: { kind: "blocked", missing: 1 } as const,
    };
    const { waitsFor, nextAction } = explain({ ...blocked, part });
    expect(waitsFor).toEqual(["job r/relax, which is running"]);
    expect(nextAction).toBe(
      "It is queued for cluster hpc when relax has succeeded, and skipped if not.",
    );
  });

  test("for the cluster's own queue, in its words", () => {
    const { waitsFor, limit } = explain(
      situation({ phase: "submitted", clusterReason: "Priority" }),
    );
    expect(waitsFor).toEqual([
      "cluster hpc to start slurm job 4711; it says: Priority (last heard 3 s ago)",
    ]);
    expect(limit).toBe("cluster hpc holds it: Priority");
  });

  test("for nothing while it runs: when it ends at the latest", () => {
    const { waitsFor, nextAction } = explain(
      situation({ phase: "running", runningAtMs: NOW_MS, timeoutMs: 60_000 }),
    );
    expect(waitsFor).toEqual([]);
    expect(nextAction).toBe(
      "It ends when slurm job 4711 ends, at the latest at 2026-01-02T03:05:05.000Z by its timeout (last heard 3 s ago).",
    );
  });

  test("and every wait of every phase names something", () => {
    const phases = ["queued", "submitting", "submitted", "running", "backoff"] as const;
    const clusters = [
      null,
      {},
      { connected: false },
      { enrolled: false },
      { unreachable: "no route" },
      { placed: 0, ahead: 0 },
    ];
    for (const phase of phases) {
      for (const cluster of clusters) {
        for (const cancelRequested of [null, "enough"]) {
          const answer = explain(situation({ phase, cancelRequested }, cluster));
          const waits =
            phase !== "running" ||
            cancelRequested !== null ||
            cluster?.unreachable !== undefined ||
            cluster?.connected === false ||
            cluster?.enrolled === false;
          if (waits && !(phase === "running" && cluster === null))
            expect(answer.waitsFor.length, phase).toBeGreaterThan(0);
          for (const wait of answer.waitsFor) expect(wait).toMatch(/cluster hpc|r\/|2026-/);
          expect(answer.nextAction).not.toBe("");
        }
      }
    }
  });
});
