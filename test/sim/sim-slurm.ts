// A Slurm as its clients meet it: a controller that may be dead, stopped, slow or forgetful, nodes
// that run what they were sent whatever the controller remembers, and answers that get lost.
//
//   S1. A job runs where its node got it, also when the controller has forgotten it.
//   S2. The controller's word about a job it knows is true; requeue is off.
//   S3. A request is answered at most once. One that was not answered may still have worked.

import type { EndCause } from "#shared/base/job.ts";
import type { AttemptToken } from "#shared/base/ids.ts";
import type {
  QueueAnswer,
  QueueEntry,
  SubmitResult,
} from "../../services/agent/core/observations.ts";
import type { AskedJob, SimCluster, SubmitEars } from "./sim-cluster.ts";
import type { SimDisk } from "./sim-disk.ts";
import type { Stage } from "./stage.ts";
import type { Story } from "./story.ts";

export interface SlurmOptions {
  readonly nodes: number;
  /** How long an ended job stays in the queue's answers. */
  readonly minJobAgeMs: number;
  readonly accounting: boolean;
}

interface SimJob {
  readonly nativeId: string;
  readonly token: AttemptToken;
  readonly queueName: string;
  readonly acceptedAtMs: number;
  phase: "pending" | "starting" | "running" | "completing" | "ended";
  /** False once the controller has forgotten it. */
  known: boolean;
  startedAtMs: number | null;
  endedAtMs: number | null;
  cause: EndCause | null;
  exitCode: number | null;
  /** What its node will do next. */
  stop: (() => void) | null;
}

/** sbatch and squeue give up after this long (MessageTimeout). */
export const MESSAGE_TIMEOUT_MS = 10_000;
/** A controller that dies may lose what it accepted this shortly before. */
const FORGETS_MS = 8_000;
const NO_ANSWER = "slurm_load_jobs error: Unable to contact slurm controller";

export class SimSlurm implements SimCluster {
  readonly watches = false;
  readonly #stage: Stage;
  readonly #story: Story;
  readonly #disk: SimDisk;
  readonly #options: SlurmOptions;
  readonly #jobs: SimJob[] = [];
  #nextId = 1;
  #busyNodes = 0;
  #downUntilMs = 0;
  #silentUntilMs = 0;
  #slowUntilMs = 0;
  #cycleDue = false;

  constructor(stage: Stage, story: Story, disk: SimDisk, options: SlurmOptions) {
    this.#stage = stage;
    this.#story = story;
    this.#disk = disk;
    this.#options = options;
  }

  // --- what a client asks; `answer` is called at most once ---

  submit(token: AttemptToken, queueName: string, { tookNothing, answer }: SubmitEars): void {
    const { mix } = this.#stage;
    const ambiguous = (reason: string): SubmitResult => ({ kind: "ambiguous", reason });
    const timedOut = ambiguous("sbatch: error: Socket timed out on send/recv operation");
    let open = true;
    const reply = (result: SubmitResult, delayMs: number): void => {
      this.#stage.clock.at(delayMs, "slurm", () => {
        if (!open) return;
        open = false;
        answer(result);
      });
    };
    reply(timedOut, MESSAGE_TIMEOUT_MS);
    if (this.#stage.chance(mix.requestLost)) {
      this.#stage.hit("submit-request-lost");
      return;
    }
    const late = this.#stage.chance(mix.late);
    const arrive = (): void => {
      if (!open) this.#stage.hit("submit-late");
      if (this.#stage.chance(this.#stage.mix.notNow)) {
        if (!open) return;
        this.#stage.hit("submit-not-now");
        tookNothing();
        reply({ kind: "later", reason: "QOSMaxSubmitJobPerUserLimit" }, this.#travelMs());
        return;
      }
      const job = this.#accept(token, queueName);
      const lost = open && this.#stage.chance(this.#stage.mix.answerLost);
      if (lost) this.#stage.hit("submit-answer-lost");
      else
        reply({ kind: "submitted", nativeId: job.nativeId, raw: job.nativeId }, this.#travelMs());
    };
    const unable = (): void =>
      reply(ambiguous("sbatch: error: Unable to contact slurm controller (connect failure)"), 500);
    this.#reach(late ? this.#stage.between(MESSAGE_TIMEOUT_MS, 200_000) : 0, true, arrive, unable);
  }

  find(jobs: readonly AskedJob[], answer: (answer: QueueAnswer) => void): void {
    const names = new Set(jobs.map(({ queueName }) => queueName));
    this.#ask(() => this.#visible().filter((job) => names.has(job.queueName)), answer);
  }

  /** Everything of ours that the queue knows, whoever is asked about. */
  poll(_live: readonly AskedJob[], answer: (answer: QueueAnswer) => void): void {
    this.#ask(() => this.#visible(), answer);
  }

  history(jobs: readonly AskedJob[], answer: (answer: QueueAnswer) => void): void {
    const queueNames = new Set(jobs.map(({ queueName }) => queueName));
    const look = (): SimJob[] =>
      this.#options.accounting
        ? this.#jobs.filter((job) => job.known && queueNames.has(job.queueName))
        : [];
    this.#ask(look, answer);
  }

  cancel(nativeIds: readonly string[], answer: (asked: boolean) => void): void {
    const look = (): SimJob[] => {
      for (const job of this.#jobs)
        if (job.known && nativeIds.includes(job.nativeId)) this.#scancel(job);
      return [];
    };
    this.#ask(look, ({ kind }) => answer(kind === "answer"));
  }

  // --- faults ---

  kill(downMs: number): void {
    const nowMs = this.#stage.clock.monotonicMs();
    this.#downUntilMs = nowMs + downMs;
    for (const job of this.#jobs) {
      if (!job.known || job.phase === "ended" || nowMs - job.acceptedAtMs > FORGETS_MS) continue;
      if (!this.#stage.chance(0.5)) continue;
      this.#stage.hit("controller-forgot");
      job.known = false;
      if (job.phase === "pending") job.phase = "ended"; // No node has it: it never runs.
    }
    this.#cycleSoon(downMs);
  }

  silence(ms: number): void {
    this.#silentUntilMs = this.#stage.clock.monotonicMs() + ms;
    this.#cycleSoon(ms);
  }

  slow(ms: number): void {
    this.#slowUntilMs = this.#stage.clock.monotonicMs() + ms;
  }

  /** Whether anything is left to happen on the nodes. */
  get busy(): boolean {
    return this.#jobs.some(({ phase }) => phase !== "ended");
  }

  // --- the way to the controller and back ---

  #ask(look: () => readonly SimJob[], answer: (answer: QueueAnswer) => void): void {
    let open = true;
    const reply = (given: QueueAnswer, delayMs: number): void => {
      this.#stage.clock.at(delayMs, "slurm", () => {
        if (!open) return;
        open = false;
        answer(given);
      });
    };
    reply(
      { kind: "no-answer", reason: "squeue: Socket timed out on send/recv operation" },
      MESSAGE_TIMEOUT_MS,
    );
    const arrive = (): void => {
      const present = look().map((job) => this.#entryOf(job));
      if (this.#stage.chance(this.#stage.mix.garbage)) {
        this.#stage.hit("controller-garbage");
        reply(
          { kind: "no-answer", reason: "squeue said: \u0000?? slurmctld: fatal" },
          this.#travelMs(),
        );
      } else {
        reply({ kind: "answer", present }, this.#travelMs());
      }
    };
    this.#reach(0, false, arrive, () => reply({ kind: "no-answer", reason: NO_ANSWER }, 500));
  }

  /** Calls `arrive` when the controller reads the request, or `unable` when nobody listens. */
  #reach(delayMs: number, keeps: boolean, arrive: () => void, unable: () => void): void {
    this.#stage.clock.at(delayMs + this.#travelMs(), "slurm", () => {
      const nowMs = this.#stage.clock.monotonicMs();
      if (nowMs < this.#downUntilMs) {
        unable();
        return;
      }
      if (nowMs < this.#silentUntilMs) {
        // A stopped process reads its backlog when it goes on; a question is then asked in vain.
        if (keeps) this.#reach(this.#silentUntilMs - nowMs, keeps, arrive, unable);
        return;
      }
      arrive();
    });
  }

  #travelMs(): number {
    const slow = this.#stage.clock.monotonicMs() < this.#slowUntilMs;
    return slow ? this.#stage.between(500, 2 * MESSAGE_TIMEOUT_MS) : this.#stage.between(1, 40);
  }

  #listens(): boolean {
    const nowMs = this.#stage.clock.monotonicMs();
    return nowMs >= this.#downUntilMs && nowMs >= this.#silentUntilMs;
  }

  // --- the life of a job ---

  #accept(token: AttemptToken, queueName: string): SimJob {
    const job: SimJob = {
      nativeId: String(this.#nextId++),
      token,
      queueName,
      acceptedAtMs: this.#stage.clock.monotonicMs(),
      phase: "pending",
      known: true,
      startedAtMs: null,
      endedAtMs: null,
      cause: null,
      exitCode: null,
      stop: null,
    };
    this.#jobs.push(job);
    this.#stage.trace("slurm", `accepts ${job.nativeId} ${queueName}`);
    this.#cycleSoon();
    return job;
  }

  #cycleSoon(delayMs = 0): void {
    if (this.#cycleDue && delayMs === 0) return;
    this.#cycleDue = true;
    this.#stage.clock.at(delayMs + this.#stage.between(50, 2_000), "slurm", () => {
      this.#cycleDue = false;
      this.#cycle();
    });
  }

  #cycle(): void {
    if (!this.#listens()) return; // Its coming back brings the next one.
    for (const job of this.#jobs) {
      if (this.#busyNodes >= this.#options.nodes) return;
      if (job.phase !== "pending" || !job.known) continue;
      job.phase = "starting";
      this.#busyNodes += 1;
      const delayed = this.#stage.chance(this.#stage.mix.startDelayed);
      if (delayed) this.#stage.hit("start-delayed");
      const prologMs = delayed ? this.#stage.between(20_000, 240_000) : this.#stage.between(1, 500);
      this.#later(job, prologMs, () => this.#begin(job));
    }
  }

  /** On its node: the job's first act is the claim. */
  #begin(job: SimJob): void {
    const { token, nativeId } = job;
    const stage = this.#stage;
    const failsAtMs = stage.chance(stage.mix.nodeFailed) ? stage.between(0, 20_000) : null;
    if (failsAtMs !== null && failsAtMs < 2_000) {
      stage.hit("node-failed");
      stage.checker.attempts.nodeLost(token);
      this.#over(job, "node_fail", null, stage.between(1_000, 60_000));
      return;
    }
    const claim = this.#disk.claim(token, nativeId);
    if (claim === null) {
      stage.trace("node", `${nativeId} finds no directory for ${token}`);
      this.#over(job, "failed", 1, stage.between(0, 1_500));
      return;
    }
    if (claim.nativeId !== nativeId) {
      stage.hit("claim-lost");
      stage.trace("node", `${nativeId} finds ${token} claimed by ${claim.nativeId}`);
      this.#over(job, "ok", 0, stage.between(0, 1_500));
      return;
    }
    job.phase = "running";
    job.startedAtMs = stage.clock.nowMs();
    const program = this.#disk.specOf(token)?.program;
    stage.trace("node", `${nativeId} runs ${token}`);
    stage.checker.started(token, nativeId, program?.kind === "exec" ? program.argv : []);
    const { durationMs, exitCode } = this.#story.behaviourOf(token);
    if (failsAtMs !== null && failsAtMs < durationMs) {
      this.#later(job, failsAtMs, () => this.#loseNode(job));
    } else {
      this.#later(job, durationMs, () => this.#exit(job, exitCode));
    }
  }

  #exit(job: SimJob, exitCode: number): void {
    this.#stage.trace("node", `${job.nativeId} ${job.token} exits ${exitCode}`);
    this.#stage.checker.finished(job.token, {
      how: "exit",
      exitCode,
      ranMs: this.#ranMs(job),
      written: true,
    });
    this.#disk.writeExit(job.token, exitCode, null);
    this.#over(job, exitCode === 0 ? "ok" : "failed", exitCode, this.#stage.between(0, 1_500));
  }

  #loseNode(job: SimJob): void {
    this.#stage.hit("node-failed");
    this.#stage.checker.finished(job.token, {
      how: "node",
      exitCode: null,
      ranMs: this.#ranMs(job),
      written: false,
    });
    this.#disk.silence(job.token);
    this.#over(job, "node_fail", null, this.#stage.between(1_000, 60_000));
  }

  #scancel(job: SimJob): void {
    if (job.phase === "pending") {
      this.#set(job, "cancelled", null);
    } else if (job.phase === "starting") {
      this.#over(job, "cancelled", null, 0);
    } else if (job.phase === "running") {
      const { token } = job;
      this.#later(job, this.#stage.between(50, 5_000), () => {
        const written = this.#stage.chance(0.7); // Else SIGKILL was faster than the supervisor.
        this.#stage.trace("node", `${job.nativeId} ${token} is killed`);
        this.#stage.checker.finished(token, {
          how: "killed",
          exitCode: null,
          ranMs: this.#ranMs(job),
          written,
        });
        if (written) this.#disk.writeExit(token, 143, 15);
        else this.#disk.silence(token);
        this.#over(job, "cancelled", null, this.#stage.between(0, 1_500));
      });
    }
  }

  /** Nothing of it runs any more; the controller learns of it after a while. */
  #over(job: SimJob, cause: EndCause, exitCode: number | null, afterMs: number): void {
    job.stop?.();
    job.stop = null;
    if (job.phase === "ended") return;
    job.phase = "completing";
    const tell = (): void => {
      this.#set(job, cause, exitCode);
      this.#busyNodes -= 1;
      this.#cycleSoon();
    };
    if (afterMs === 0) tell();
    else job.stop = this.#stage.clock.at(afterMs, "node", tell);
  }

  #ranMs(job: SimJob): number {
    return this.#stage.clock.nowMs() - (job.startedAtMs ?? this.#stage.clock.nowMs());
  }

  #set(job: SimJob, cause: EndCause, exitCode: number | null): void {
    job.phase = "ended";
    job.cause = cause;
    job.exitCode = exitCode;
    job.endedAtMs = this.#stage.clock.nowMs();
  }

  #later(job: SimJob, delayMs: number, act: () => void): void {
    job.stop?.();
    job.stop = this.#stage.clock.at(delayMs, "node", act);
  }

  // --- the controller's word ---

  #visible(): SimJob[] {
    const sinceMs = this.#stage.clock.nowMs() - this.#options.minJobAgeMs;
    return this.#jobs.filter(
      (job) => job.known && (job.endedAtMs === null || job.endedAtMs >= sinceMs),
    );
  }

  #entryOf(job: SimJob): QueueEntry {
    return {
      nativeId: job.nativeId,
      queueName: job.queueName,
      phase: PHASE_OF[job.phase],
      cause: job.cause,
      exitCode: job.exitCode,
      signal: job.cause === "cancelled" && job.startedAtMs !== null ? 15 : null,
      raw: RAW[job.cause ?? job.phase] ?? job.phase,
      reason: job.phase === "pending" ? "Resources" : null,
      submittedAtMs: null,
      startedAtMs: job.startedAtMs,
      endedAtMs: job.endedAtMs,
    };
  }
}

const PHASE_OF = {
  pending: "queued",
  starting: "queued",
  running: "running",
  completing: "running",
  ended: "ended",
} as const;

const RAW: { readonly [state: string]: string } = {
  pending: "PENDING",
  starting: "CONFIGURING",
  running: "RUNNING",
  completing: "COMPLETING",
  ok: "COMPLETED",
  failed: "FAILED",
  cancelled: "CANCELLED by 1000",
  node_fail: "NODE_FAIL",
};
