// One simulated world: a scheduler, an agent, a Slurm and a log on one clock, with everything that
// goes wrong drawn from a seed. First faults strike, then they stop and time runs on until nothing
// is left to do; the checker is asked after every step and at the end.
//
//   W1. One seed is one history: no wall clock, no Math.random, no real I/O.

import { createHash } from "node:crypto";
import type { CoreConfig } from "../../services/agent/core/core-state.ts";
import { clusterAddress } from "../../services/scheduler/core/messages.ts";
import type { Change, Engine } from "../../services/scheduler/engine.ts";
import { seededRandom } from "#shared/base/prng.ts";
import { CALM, TIMED_FAULTS, drawMix } from "./faults.ts";
import type { FaultCounts, TimedFault } from "./faults.ts";
import { Checker } from "./invariants.ts";
import type { Mutant } from "./mutants.ts";
import type { Violation } from "./observed.ts";
import { SimAgent } from "./sim-agent.ts";
import { Scope, SimClock } from "./sim-clock.ts";
import { SimDisk } from "./sim-disk.ts";
import { SimLog } from "./sim-log.ts";
import { SimScheduler } from "./sim-scheduler.ts";
import type { SimCluster } from "./sim-cluster.ts";
import { SimLocal } from "./sim-local.ts";
import { MESSAGE_TIMEOUT_MS, SimSlurm } from "./sim-slurm.ts";
import { SimUser } from "./sim-user.ts";
import { Stage } from "./stage.ts";
import { CLUSTER, NAMESPACE, Story } from "./story.ts";
import { seenCluster, seenWaits } from "./views.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly mutant: Mutant | null;
  /** Keeps every line of the trace instead of the last ones. */
  readonly trace: boolean;
}

export interface WorldResult {
  readonly seed: number;
  readonly steps: number;
  readonly violation: Violation | null;
  readonly faultsHit: FaultCounts;
  readonly trace: readonly string[];
}

/** Faults strike for this long. */
const FAULTS_MS_MIN = 20_000;
const FAULTS_MS_MAX = 200_000;
/** Everything must have ended this long after the last fault. */
const QUIET_MS_MAX = 4 * 3_600_000;
const STEPS_MAX = 300_000;
const AUDIT_MS = 9_000;
const AT_THE_END = "at the end";
/** Hashing costs more than a hundred steps: not every audit does it. */
const HASH_CHANCE = 0.3;
/** With no commit for this long nothing is on its way between actors. */
const STILL_MS = 2_500;

/** As the agent's configuration has it for a queueing system. */
const QUEUE_CORE: CoreConfig = {
  adoptWaitMs: 60_000,
  pollMinMs: 2_000,
  pollMaxMs: 300_000,
  pollsQueue: true,
  heartbeatS: 30,
  statusEveryMs: 4_000,
  witnessGraceMs: 10_000,
  callsPerS: 5,
  callsDepth: 20,
  submitsInFlightMax: 4,
};
/** And for the agent's own machine. */
const LOCAL_CORE: CoreConfig = {
  adoptWaitMs: 2_000,
  pollMinMs: 500,
  pollMaxMs: 5_000,
  pollsQueue: false,
  heartbeatS: 0,
  statusEveryMs: 1_000,
  witnessGraceMs: 200,
  callsPerS: 0,
  callsDepth: 0,
  submitsInFlightMax: 32,
};
/** Worlds whose cluster is the agent's own machine. */
const LOCAL_CHANCE = 0.2;

export async function runWorld(options: WorldOptions): Promise<WorldResult> {
  return await new World(options).run();
}

class World {
  readonly #seed: number;
  readonly #stage: Stage;
  readonly #story: Story;
  readonly #log: SimLog;
  readonly #cluster: SimCluster;
  readonly #scheduler: SimScheduler;
  readonly #agent: SimAgent;
  readonly #user: SimUser;
  readonly #slots: number;
  readonly #faultsMs: number;
  #committedAtMs = 0;
  #logFullUntilMs = 0;

  constructor({ seed, mutant, trace }: WorldOptions) {
    const random = seededRandom(seed);
    this.#seed = seed;
    const clock = new SimClock(random);
    this.#slots = 1 + Math.floor(random.next() * 4);
    const local = random.next() < LOCAL_CHANCE;
    const core = local ? LOCAL_CORE : QUEUE_CORE;
    const checker = new Checker({ adoptWaitMs: core.adoptWaitMs, slots: this.#slots });
    const mix = drawMix(random);
    const stage = new Stage({ clock, random, checker, mutant, mix }, trace);
    this.#stage = stage;
    this.#story = new Story(seed, random);
    this.#faultsMs = stage.between(FAULTS_MS_MIN, FAULTS_MS_MAX);
    const accounting = !local && stage.chance(0.5);
    const minJobAgeMs = stage.chance(0.3) ? stage.between(1_000, 10_000) : 300_000;
    const disk = new SimDisk(stage, core.heartbeatS);
    this.#log = new SimLog(stage, new Scope("log", clock, random), stage.between(1, 4));
    this.#cluster = local
      ? new SimLocal(stage, this.#story, disk)
      : new SimSlurm(stage, this.#story, disk, {
          nodes: stage.between(1, 4),
          minJobAgeMs,
          accounting,
        });
    this.#scheduler = new SimScheduler(stage, this.#log, (engine, changes) =>
      this.#committed(engine, changes),
    );
    this.#agent = new SimAgent(stage, disk, this.#cluster, this.#scheduler, {
      core,
      accounting,
      messageTimeoutMs: local ? 0 : 2 * MESSAGE_TIMEOUT_MS,
    });
    this.#user = new SimUser(stage, this.#scheduler, this.#story);
  }

  async run(): Promise<WorldResult> {
    const { clock, checker } = this.#stage;
    this.#scheduler.start();
    this.#agent.start();
    this.#user.start(this.#slots);
    for (const kind of TIMED_FAULTS) this.#schedule(kind);
    this.#auditLater();
    clock.at(this.#faultsMs, "calm", () => this.#calm());
    let steps = 0;
    while (checker.violations.length === 0) {
      if (clock.stirred) await settle(clock);
      if (!this.#step()) break;
      if (steps >= STEPS_MAX) checker.report("I10", `still not quiet after ${steps} steps`);
      steps += 1;
    }
    if (checker.violations.length === 0) await this.#atTheEnd();
    this.#log.countFaults();
    const violation = checker.violations[0] ?? null;
    const trace = violation === null && !this.#stage.keepsAll ? [] : this.#stage.traceLines();
    return { seed: this.#seed, steps, violation, faultsHit: this.#stage.hits, trace };
  }

  /** False when nothing is left to do. What is thrown here would have ended a process. */
  #step(): boolean {
    const { clock, checker } = this.#stage;
    try {
      this.#log.observe();
      return !this.#over() && clock.step() !== null;
    } catch (error) {
      checker.report(
        "I12",
        error instanceof Error ? (error.stack ?? error.message) : String(error),
      );
      return true;
    }
  }

  #over(): boolean {
    const { clock, checker, mix } = this.#stage;
    if (mix !== CALM) return false;
    if (clock.monotonicMs() > this.#faultsMs + QUIET_MS_MAX) return true;
    return !this.#user.busy && !this.#cluster.busy && checker.allEnded() && this.#still();
  }

  #still(): boolean {
    return this.#stage.clock.monotonicMs() - this.#committedAtMs > STILL_MS;
  }

  async #atTheEnd(): Promise<void> {
    this.#audit(AT_THE_END);
    await settle(this.#stage.clock);
    this.#stage.checker.quiet();
  }

  #calm(): void {
    this.#stage.trace("world", "no more faults");
    this.#stage.calm();
    this.#log.setFaults();
  }

  #committed(engine: Engine, changes: readonly Change[]): void {
    this.#committedAtMs = this.#stage.clock.monotonicMs();
    const cluster = clusterAddress(NAMESPACE, CLUSTER);
    if (changes.some(({ actor }) => actor === cluster)) {
      const seen = seenCluster(engine, cluster);
      if (seen !== null) this.#stage.checker.cluster(seen);
    }
    for (const { actor, events } of changes) {
      const failed = events.some(
        (event) => event.type === "run.ended" && event["phase"] === "failed",
      );
      if (failed) this.#user.onFailed(actor.split("/")[2] ?? "");
    }
  }

  // --- looking ---

  #auditLater(): void {
    this.#stage.clock.at(AUDIT_MS, "audit", () => {
      this.#audit(`at ${this.#stage.clock.monotonicMs()} ms`);
      this.#auditLater();
    });
  }

  #audit(when: string): void {
    const engine = this.#scheduler.engine;
    if (engine === null || this.#stage.clock.monotonicMs() < this.#logFullUntilMs + STILL_MS)
      return;
    const waits = seenWaits(engine, this.#story, this.#stage.clock.nowMs());
    if (waits === null) return; // A commit is under way somewhere: nothing to be seen now.
    this.#log.observe();
    if (when === AT_THE_END || this.#stage.chance(HASH_CHANCE)) this.#checkHash(engine, when);
    if (this.#still()) this.#stage.checker.waits(waits);
  }

  /** Every partition is open: what it shows is committed, and a replay must give the same. */
  #checkHash(engine: Engine, when: string): void {
    const parts = Array.from({ length: this.#log.partitions }, (_, n) => this.#log.replayedHash(n));
    const replayed = createHash("sha256").update(parts.join("\n")).digest("hex");
    this.#stage.clock.stirred = true;
    engine.stateHash().then(
      ({ hash }) => this.#stage.checker.hashes(hash, replayed, when),
      () => {},
    );
  }

  // --- faults by the clock ---

  #schedule(kind: TimedFault): void {
    const gapMs = this.#stage.mix.gapMs[kind];
    if (gapMs === Number.POSITIVE_INFINITY) return;
    if (this.#cluster.watches && kind.startsWith("controller-")) return; // There is none.
    const delayMs = -Math.log(1 - this.#stage.random.next()) * gapMs;
    this.#stage.clock.at(delayMs, "fault", () => {
      if (this.#stage.mix === CALM) return;
      this.#strike(kind);
      this.#schedule(kind);
    });
  }

  #strike(kind: TimedFault): void {
    const stage = this.#stage;
    switch (kind) {
      case "scheduler-killed":
        return this.#scheduler.kill(kind);
      case "scheduler-rival":
        return this.#scheduler.rival();
      case "log-full":
        stage.hit(kind);
        return this.#fillLog(stage.between(500, 10_000));
      case "agent-killed":
        return this.#agent.kill(kind);
      case "journal-deleted":
        return this.#agent.deleteJournal();
      case "journal-refused":
        return this.#agent.refuseJournal(stage.between(100, 8_000)); // Counted when it refuses.
      case "controller-killed":
        stage.hit(kind);
        return this.#cluster.kill(stage.between(500, 60_000));
      case "controller-silent":
        stage.hit(kind);
        return this.#cluster.silence(stage.between(500, 90_000));
      case "controller-slow":
        stage.hit(kind);
        return this.#cluster.slow(stage.between(5_000, 60_000));
      case "link-cut":
        return this.#agent.cutLink();
    }
  }

  #fillLog(ms: number): void {
    this.#logFullUntilMs = this.#stage.clock.monotonicMs() + ms;
    this.#log.server.partitionBytesMax = 0;
    this.#stage.clock.at(ms, "log", () => {
      this.#log.server.partitionBytesMax = Number.POSITIVE_INFINITY;
    });
  }
}

/** Lets every promise that is ready go on. */
function settle(clock: SimClock): Promise<void> {
  clock.stirred = false;
  return new Promise((resolve) => setImmediate(resolve));
}
