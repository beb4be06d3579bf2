// The agent's own machine as a cluster: processes that outlive the agent, named by their claims. No
// queue, no controller; who is gone without an exit line was killed.

import type { EndCause } from "#shared/base/job.ts";
import type { AttemptToken } from "#shared/base/ids.ts";
import type { QueueAnswer, QueueEntry } from "../../services/agent/core/observations.ts";
import { FENCE_NATIVE_ID } from "../../services/agent/core/observations.ts";
import { EXIT_HEARD_WITHIN_MS } from "./attempt-invariants.ts";
import type { AskedJob, SimCluster, SubmitEars } from "./sim-cluster.ts";
import type { SimDisk } from "./sim-disk.ts";
import type { Stage } from "./stage.ts";
import type { Story } from "./story.ts";

interface SimProcess {
  readonly nativeId: string;
  readonly token: AttemptToken;
  readonly exited: () => void;
  phase: "starting" | "running" | "gone";
  /** The agent counts a process's time from here: its supervisor's is part of it. */
  readonly spawnedAtMs: number;
  stop: (() => void) | null;
}

export class SimLocal implements SimCluster {
  readonly watches = true;
  readonly #stage: Stage;
  readonly #story: Story;
  readonly #disk: SimDisk;
  readonly #processes = new Map<string, SimProcess>();

  constructor(stage: Stage, story: Story, disk: SimDisk) {
    this.#stage = stage;
    this.#story = story;
    this.#disk = disk;
  }

  get busy(): boolean {
    return [...this.#processes.values()].some(({ phase }) => phase !== "gone");
  }

  submit(token: AttemptToken, _queueName: string, ears: SubmitEars): void {
    if (this.#stage.chance(this.#stage.mix.notNow)) {
      this.#stage.hit("submit-not-now");
      ears.tookNothing();
      this.#soon(() => ears.answer({ kind: "later", reason: "fork: resource unavailable" }));
      return;
    }
    this.#soon(() => {
      const nativeId = `boot:${1000 + this.#processes.size}:7`;
      const { exited } = ears;
      const spawnedAtMs = this.#stage.clock.nowMs();
      const child: SimProcess = {
        ...{ nativeId, token, exited, phase: "starting", spawnedAtMs, stop: null },
      };
      this.#processes.set(nativeId, child);
      this.#stage.trace("process", `${nativeId} is spawned for ${token}`);
      const delayed = this.#stage.chance(this.#stage.mix.startDelayed);
      if (delayed) this.#stage.hit("start-delayed");
      const startMs = delayed ? this.#stage.between(50, 6_000) : this.#stage.between(0, 10);
      child.stop = this.#stage.clock.at(startMs, "process", () => this.#begin(child));
      this.#soon(() => ears.answer({ kind: "submitted", nativeId, raw: `pid of ${nativeId}` }));
    });
  }

  find(jobs: readonly AskedJob[], answer: (answer: QueueAnswer) => void): void {
    this.#look(
      jobs.map((job) => ({ ...job, nativeId: null })),
      answer,
    );
  }

  poll(live: readonly AskedJob[], answer: (answer: QueueAnswer) => void): void {
    this.#look(live, answer);
  }

  history(jobs: readonly AskedJob[], answer: (answer: QueueAnswer) => void): void {
    this.#look(jobs, answer);
  }

  cancel(nativeIds: readonly string[], answer: (asked: boolean) => void): void {
    this.#soon(() => {
      for (const nativeId of nativeIds) {
        const child = this.#processes.get(nativeId);
        if (child !== undefined && child.phase !== "gone") this.#kill(child);
      }
      this.#soon(() => answer(true));
    });
  }

  kill(): void {}

  silence(): void {}

  slow(): void {}

  #soon(act: () => void): void {
    this.#stage.clock.at(this.#stage.between(0, EXIT_HEARD_WITHIN_MS), "process", act);
  }

  #begin(child: SimProcess): void {
    const stage = this.#stage;
    const { token, nativeId } = child;
    const diesAtMs = stage.chance(stage.mix.nodeFailed) ? stage.between(0, 5_000) : null;
    if (diesAtMs !== null && diesAtMs < 500) {
      stage.hit("node-failed");
      stage.checker.attempts.nodeLost(token);
      this.#gone(child);
      return;
    }
    const claim = this.#disk.claim(token, nativeId);
    if (claim?.nativeId !== nativeId) {
      if (claim !== null) stage.hit("claim-lost");
      this.#gone(child);
      return;
    }
    child.phase = "running";
    const program = this.#disk.specOf(token)?.program;
    stage.trace("process", `${nativeId} runs ${token}`);
    stage.checker.started(token, nativeId, program?.kind === "exec" ? program.argv : []);
    const { durationMs, exitCode } = this.#story.behaviourOf(token);
    const dies = diesAtMs !== null && diesAtMs < durationMs;
    child.stop = stage.clock.at(dies ? diesAtMs : durationMs, "process", () => {
      if (dies) stage.hit("node-failed");
      const ranMs = stage.clock.nowMs() - child.spawnedAtMs;
      const how = dies ? ("node" as const) : ("exit" as const);
      stage.checker.finished(token, {
        how,
        exitCode: dies ? null : exitCode,
        ranMs,
        written: !dies,
      });
      if (!dies) this.#disk.writeExit(token, exitCode, null);
      this.#gone(child);
    });
  }

  /** TERM to the supervisor, which passes it on and writes down the end. */
  #kill(child: SimProcess): void {
    child.stop?.();
    child.stop = this.#stage.clock.at(this.#stage.between(1, 800), "process", () => {
      if (child.phase === "running") {
        const ranMs = this.#stage.clock.nowMs() - child.spawnedAtMs;
        this.#stage.checker.finished(child.token, {
          how: "killed",
          exitCode: 143,
          ranMs,
          written: true,
        });
        this.#disk.writeExit(child.token, 143, 15);
      } else {
        this.#stage.checker.attempts.nodeLost(child.token);
      }
      this.#gone(child);
    });
  }

  #gone(child: SimProcess): void {
    child.phase = "gone";
    this.#stage.trace("process", `${child.nativeId} of ${child.token} is gone`);
    this.#soon(child.exited);
  }

  #look(jobs: readonly AskedJob[], answer: (answer: QueueAnswer) => void): void {
    this.#soon(() => {
      const present = jobs.flatMap((job) => this.#entryOf(job));
      this.#soon(() => answer({ kind: "answer", present }));
    });
  }

  #entryOf({ token, queueName, nativeId: bound }: AskedJob): QueueEntry[] {
    const { claim, exit } = this.#disk.status(token);
    const claimed = claim === null || claim.nativeId === FENCE_NATIVE_ID ? null : claim.nativeId;
    const nativeId = bound ?? claimed;
    if (nativeId === null) return [];
    const entry = (
      phase: "queued" | "running" | "ended",
      cause: EndCause | null,
      raw: string,
    ): QueueEntry[] => [
      {
        ...{ nativeId, queueName, phase, cause, raw, reason: null, submittedAtMs: null },
        ...{ exitCode: exit?.code ?? null, signal: exit?.signal ?? null },
        ...{ startedAtMs: claim?.atMs ?? null, endedAtMs: exit?.atMs ?? null },
      },
    ];
    if (exit !== null) return entry("ended", exit.code === 0 ? "ok" : "failed", exit.raw);
    const life = this.#processes.get(nativeId)?.phase ?? "gone";
    if (life === "gone") return entry("ended", "unknown_outcome", "the process is gone");
    return entry(claim === null ? "queued" : "running", null, "its process lives");
  }
}
