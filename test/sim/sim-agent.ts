// One agent: the real core and the real journal, in a shell that carries out wishes on the
// simulated disk, cluster and link. It may die between any two completions.

import assert from "node:assert/strict";
import { Failure } from "#shared/base/errors.ts";
import type { AttemptToken } from "#shared/base/ids.ts";
import { isLive, queueNameOf } from "../../services/agent/core/attempt.ts";
import { nextWakeMs, onEvents } from "../../services/agent/core/cluster-core.ts";
import type { ClusterCore, CoreConfig } from "../../services/agent/core/core-state.ts";
import { checkInvariants } from "../../services/agent/core/invariants.ts";
import { FENCE_NATIVE_ID } from "../../services/agent/core/observations.ts";
import type { QueueAnswer } from "../../services/agent/core/observations.ts";
import { restoreCore } from "../../services/agent/core/restore.ts";
import type { AgentEvent, Wish } from "../../services/agent/core/wishes.ts";
import { Journal } from "../../services/agent/journal.ts";
import type { FaultKind } from "./faults.ts";
import { absentAsEnded, sealedOf, unasked } from "./sim-answers.ts";
import type { AskedJob, SimCluster } from "./sim-cluster.ts";
import { Scope } from "./sim-clock.ts";
import type { SimDisk } from "./sim-disk.ts";
import { SimLink } from "./sim-link.ts";
import type { ToAgent } from "./sim-link.ts";
import type { SimScheduler } from "./sim-scheduler.ts";
import { SimStore } from "./sim-store.ts";
import type { Stage } from "./stage.ts";

export interface AgentOptions {
  readonly core: CoreConfig;
  readonly accounting: boolean;
  /** How long an unanswered submission may still come true, as the dialect says. */
  readonly messageTimeoutMs: number;
}

const RESTART_MS_MAX = 8_000;
const REDIAL_MS_MAX = 3_000;
const WELCOME_MS_MAX = 10_000;
/** An attempt in one of these may be in the queue without the journal saying so. */
const BETWEEN_INTENT_AND_BINDING = ["preparing", "ready", "submitting", "ambiguous"];

export class SimAgent {
  readonly #stage: Stage;
  readonly #disk: SimDisk;
  readonly #cluster: SimCluster;
  readonly #scheduler: SimScheduler;
  readonly #options: AgentOptions;
  #store: SimStore;
  #scope: Scope | null = null;
  #core: ClusterCore | null = null;
  #journal: Journal | null = null;
  #link: SimLink | null = null;
  #welcomed = false;
  #reportSent = 0;
  /** What this stream was told of the cluster; undefined for nothing yet. */
  #unreachableTold: string | null | undefined;
  #cancelTick: (() => void) | null = null;
  #tickAtMs = Number.POSITIVE_INFINITY;

  constructor(
    stage: Stage,
    disk: SimDisk,
    cluster: SimCluster,
    scheduler: SimScheduler,
    options: AgentOptions,
  ) {
    this.#stage = stage;
    this.#disk = disk;
    this.#cluster = cluster;
    this.#scheduler = scheduler;
    this.#options = options;
    this.#store = new SimStore(stage);
  }

  start(): void {
    const { clock, random } = this.#stage;
    const scope = new Scope("agent", clock, random);
    this.#scope = scope;
    clock.stirred = true;
    scope.guard(Journal.open(this.#store)).then(
      (journal) => this.#open(journal),
      () => this.kill("agent-killed"), // Its disk takes nothing yet: the next one tries again.
    );
  }

  kill(kind: FaultKind): void {
    if (this.#scope === null || !this.#scope.alive) return;
    this.#stage.hit(kind);
    this.#end();
  }

  deleteJournal(): void {
    if (this.#scope === null || !this.#scope.alive) return;
    this.#stage.hit("journal-deleted");
    this.#end();
    this.#store = new SimStore(this.#stage);
  }

  cutLink(): void {
    if (this.#link?.open !== true) return;
    this.#stage.hit("link-cut");
    this.#link.cut();
  }

  refuseJournal(ms: number): void {
    this.#store.refuseFor(ms);
  }

  #end(): void {
    const attempts = [...(this.#core?.attempts.values() ?? [])];
    if (attempts.some(({ state }) => BETWEEN_INTENT_AND_BINDING.includes(state.kind))) {
      this.#stage.hit("agent-killed-mid-submission");
    }
    this.#stage.trace("agent", "is gone");
    this.#scope?.kill();
    this.#store.crash();
    this.#link?.cut();
    this.#core = null;
    this.#link = null;
    this.#tickAtMs = Number.POSITIVE_INFINITY;
    this.#stage.clock.at(this.#stage.between(50, RESTART_MS_MAX), "restart", () => {
      if (this.#scope?.alive !== true) this.start();
    });
  }

  #open(journal: Journal): void {
    const nowMs = this.#stage.clock.nowMs();
    this.#journal = journal;
    this.#core = restoreCore(this.#options.core, journal.content(), this.#disk.scan(), nowMs);
    this.#stage.trace("agent", `starts with ${this.#core.attempts.size} attempts`, {
      isNew: journal.isNew,
    });
    this.#feed({ kind: "tick" });
    this.#later("probe", this.#stage.between(1, 500), () =>
      this.#feed({
        kind: "facts",
        messageTimeoutMs: this.#options.messageTimeoutMs,
        accounting: this.#options.accounting,
      }),
    );
    this.#dial();
  }

  // --- the core ---

  #feed(event: AgentEvent): void {
    const core = this.#core;
    if (core === null) return;
    const nowMs = this.#stage.clock.nowMs();
    const wishes: Wish[] = [];
    if (event.kind !== "tick") this.#stage.trace("agent", `hears ${event.kind}`, event);
    try {
      onEvents(core, { wish: (wish) => wishes.push(wish) }, [event], nowMs);
      checkInvariants(core, nowMs);
    } catch (error) {
      this.#stage.checker.report(
        "I12",
        `the agent: ${error instanceof Error ? error.stack : String(error)}`,
      );
      return;
    }
    for (const wish of wishes) {
      this.#stage.trace("agent", `wishes ${wish.kind}`, wish);
      this.#carryOut(core, wish);
      if (this.#core !== core) return; // It died in the middle.
    }
    this.#tellReach(core);
    this.#armTick(core, nowMs);
  }

  #armTick(core: ClusterCore, nowMs: number): void {
    const wakeMs = nextWakeMs(core, nowMs);

    const atMs = wakeMs === null ? Number.POSITIVE_INFINITY : Math.max(wakeMs, nowMs + 1);
    if (atMs === this.#tickAtMs) return;
    this.#cancelTick?.();
    this.#tickAtMs = atMs;
    if (atMs === Number.POSITIVE_INFINITY) return;
    this.#cancelTick = this.#stage.clock.at(atMs - nowMs, "tick", () => {
      this.#tickAtMs = Number.POSITIVE_INFINITY;
      if (this.#core === core) this.#feed({ kind: "tick" });
    });
  }

  /**
   * A completion: it comes while this process lives, unless the process dies just before or after.
   */
  #later(what: string, delayMs: number, act: () => void): void {
    const scope = this.#scope;
    this.#stage.clock.at(delayMs, what, () => this.#complete(scope, act));
  }

  #complete(scope: Scope | null, act: () => void): void {
    if (scope?.alive !== true) return;
    const kill = this.#stage.chance(this.#stage.mix.agentKill) ? this.#stage.between(0, 1) : null;
    if (kill === 0) {
      this.kill("agent-killed");
      return;
    }
    act();
    if (kill === 1) this.kill("agent-killed");
  }

  #carryOut(core: ClusterCore, wish: Wish): void {
    switch (wish.kind) {
      case "journal":
        return this.#commit(wish);
      case "ack-commands":
        return this.#link?.tellScheduler({ kind: "command-ack", seq: wish.seq });
      case "refuse-commands":
        return this.#link?.cut();
      case "send-reports":
        return this.#sendReports(core, wish.upTo);
      case "prepare":
        return this.#prepare(core, wish.token);
      case "submit":
        return this.#submit(core, wish.token);
      case "adopt":
        return this.#adopt(core, wish.tokens);
      case "poll":
        return this.#poll(core);
      case "history": {
        const { tokens } = wish;
        return this.#cluster.history(
          this.#asked(core, tokens),
          this.#once((answer) => this.#feed({ kind: "history", tokens, answer })),
        );
      }
      case "read-status":
        return this.#later("files", this.#stage.between(0, 20), () =>
          this.#feed({
            kind: "statuses",
            statuses: wish.tokens.map((token) => this.#disk.status(token)),
          }),
        );
      case "cancel": {
        const ids = wish.jobs.map(({ nativeId }) => nativeId);
        const tokens = [...new Set(wish.jobs.map(({ token }) => token))];
        return this.#cluster.cancel(
          ids,
          this.#once((answered) =>
            this.#feed({
              kind: "cancel-asked",
              tokens,
              answered,
              reason: answered ? "" : "no answer",
            }),
          ),
        );
      }
      case "take-claim":
        return this.#later("files", this.#stage.between(0, 20), () => this.#takeClaim(wish.token));
      case "seal":
        return this.#later("files", this.#stage.between(0, 200), () => this.#seal(core, wish));
      case "note": {
        const nativeId = core.attempts.get(wish.token)?.nativeId ?? null;
        return this.#later("files", this.#stage.between(0, 20), () =>
          this.#disk.note(wish.token, nativeId),
        );
      }
      case "retire":
        return this.#later("files", this.#stage.between(0, 20), () =>
          this.#disk.retire(wish.token),
        );
      case "push":
        return this.#later("push", this.#stage.between(0, 100), () =>
          this.#feed({ kind: "pushed", digest: wish.digest }),
        );
    }
  }

  #commit({ batch, rows }: Extract<Wish, { kind: "journal" }>): void {
    const scope = this.#scope;
    const journal = this.#journal;
    assert(scope !== null && journal !== null);
    scope.guard(journal.commit(rows)).then(
      () => this.#complete(scope, () => this.#feed({ kind: "journalled", batch })),
      (error: unknown) =>
        this.#complete(scope, () =>
          this.#feed({ kind: "journal-failed", batch, reason: Failure.from(error).message }),
        ),
    );
    this.#stage.clock.stirred = true;
    if (this.#stage.chance(this.#stage.mix.flushKill)) {
      this.#stage.clock.at(this.#stage.between(0, 3), "fault", () => {
        if (scope.alive) this.kill("agent-killed");
      });
    }
  }

  #prepare(core: ClusterCore, token: AttemptToken): void {
    const spec = core.attempts.get(token)?.spec;
    assert(spec !== undefined, `no spec of ${token}`);
    this.#later("files", this.#stage.between(0, 50), () => {
      if (this.#stage.chance(this.#stage.mix.prepareFailed)) {
        this.#stage.hit("prepare-failed");
        this.#feed({ kind: "prepare-failed", token, reason: "ENOSPC", retry: "later" });
        return;
      }
      const existed = this.#disk.publish(token, spec);
      this.#complete(this.#scope, () => this.#feed({ kind: "prepared", token, existed }));
    });
  }

  #submit(core: ClusterCore, token: AttemptToken): void {
    const attempt = core.attempts.get(token);
    assert(attempt !== undefined);
    this.#stage.checker.attempts.submitting(token, this.#stage.clock.monotonicMs());
    const watched = this.#cluster.watches;
    const exited = this.#once<void>(() => this.#feed({ kind: "process-exited", token }));
    this.#cluster.submit(token, queueNameOf(attempt.spec), {
      tookNothing: () => this.#stage.checker.attempts.refused(token),
      exited: () => exited(),
      answer: this.#once((result) => this.#feed({ kind: "submitted", token, result, watched })),
    });
  }

  #adopt(core: ClusterCore, tokens: readonly AttemptToken[]): void {
    if (this.#stage.mutant === "no-adopt") {
      this.#later("adopt", 1, () =>
        this.#feed({ kind: "adopted", tokens, answer: unasked(), statuses: [] }),
      );
      return;
    }
    const asked = this.#asked(core, tokens);
    this.#cluster.find(
      asked,
      this.#once((answer) => {
        const found = new Set(
          answer.kind === "answer" ? answer.present.map(({ queueName }) => queueName) : [],
        );
        for (const { token, queueName } of asked) {
          if (answer.kind !== "answer") break;
          this.#stage.checker.attempts.looked(token, found.has(queueName));
        }
        const statuses = tokens.map((token) => this.#disk.status(token));
        this.#feed({ kind: "adopted", tokens, answer, statuses });
      }),
    );
  }

  #poll(core: ClusterCore): void {
    const startedAtMs = this.#stage.clock.nowMs();
    const hear = (answer: QueueAnswer): void => {
      const told = this.#stage.mutant === "silence-ends" ? absentAsEnded(core, answer) : answer;
      this.#feed({ kind: "polled", startedAtMs, answer: told });
    };
    const live = [...core.attempts.values()].filter((each) => isLive(each) && !each.watched);
    const asked = this.#asked(
      core,
      live.map(({ token }) => token),
    );
    this.#cluster.poll(asked, this.#once(hear));
  }

  #takeClaim(token: AttemptToken): void {
    const claim = this.#disk.claim(token, FENCE_NATIVE_ID);
    this.#complete(this.#scope, () =>
      this.#feed(
        claim === null
          ? { kind: "claim-failed", token, reason: "no directory" }
          : { kind: "claim-taken", token, claim },
      ),
    );
  }

  #seal(core: ClusterCore, { token, outcome }: Extract<Wish, { kind: "seal" }>): void {
    const spec = core.attempts.get(token)?.spec;
    if (spec === undefined) return;
    if (this.#stage.chance(this.#stage.mix.prepareFailed)) {
      this.#feed({ kind: "seal-failed", token, reason: "ENOSPC" });
      return;
    }
    this.#feed({ kind: "sealed", token, sealed: sealedOf(spec, outcome) });
  }

  /** An answer for this process: a dead one hears nothing. */
  #once<T>(hear: (value: T) => void): (value: T) => void {
    const scope = this.#scope;
    return (value) => this.#complete(scope, () => hear(value));
  }

  #asked(core: ClusterCore, tokens: readonly AttemptToken[]): AskedJob[] {
    return tokens.flatMap((token) => {
      const attempt = core.attempts.get(token);
      if (attempt === undefined) return [];
      return [{ token, queueName: queueNameOf(attempt.spec), nativeId: attempt.nativeId }];
    });
  }

  // --- the link ---

  #dial(): void {
    const core = this.#core;
    const journal = this.#journal;
    if (core === null || journal === null) return;
    const link: SimLink = new SimLink(this.#stage, {
      hear: (message) => {
        if (link === this.#link) this.#hear(message);
      },
      closed: () => this.#hungUp(link),
    });
    this.#link = link;
    this.#welcomed = false;
    this.#scheduler.dial(link);
    const { commandDurable: commandSeen, epochSeen } = core;
    link.tellScheduler({
      kind: "hello",
      journalId: journal.id,
      journalNew: journal.isNew,
      commandSeen,
      epochSeen,
    });
    this.#stage.clock.at(WELCOME_MS_MAX, "dial", () => {
      if (link === this.#link && !this.#welcomed) link.cut();
    });
  }

  #hungUp(link: SimLink): void {
    if (link !== this.#link) return;
    this.#link = null;
    this.#feed({ kind: "unlinked" });
    this.#later("dial", this.#stage.between(10, REDIAL_MS_MAX), () => {
      if (this.#link === null) this.#dial();
    });
  }

  #hear(message: ToAgent): void {
    const core = this.#core;
    if (core === null) return;
    switch (message.kind) {
      case "welcome":
        this.#welcomed = true;
        this.#reportSent = message.reportSeen;
        this.#unreachableTold = undefined;
        if (this.#journal !== null) this.#journal.isNew = false;
        this.#feed({ kind: "welcomed", epoch: message.epoch, reportSeen: message.reportSeen });
        return;
      case "command":
        this.#feed({
          kind: "command",
          seq: message.seq,
          epoch: message.epoch,
          command: message.command,
        });
        return;
      case "report-ack":
        this.#feed({ kind: "reports-acked", seq: message.seq });
    }
  }

  #sendReports(core: ClusterCore, upTo: number): void {
    if (!this.#welcomed || this.#link === null) return;
    const reports = [];
    for (let seq = this.#reportSent + 1; seq <= upTo; seq++) {
      const entry = core.reports.unacked.get(seq);
      if (entry !== undefined) reports.push({ seq, ...entry });
    }
    this.#reportSent = Math.max(this.#reportSent, upTo);
    if (reports.length > 0) this.#link.tellScheduler({ kind: "reports", reports });
  }

  #tellReach(core: ClusterCore): void {
    if (!this.#welcomed || this.#link === null || core.reach.state === "unknown") return;
    const unreachable = core.reach.state === "unreachable" ? core.reach.reason : null;
    if (unreachable === this.#unreachableTold) return;
    this.#unreachableTold = unreachable;
    this.#link.tellScheduler({ kind: "cluster-state", unreachable });
  }
}
