// The agent's stream as both ends have it: messages in order, late, and gone when it breaks. Each
// end learns of the break in its own time.

import type { AttemptReport } from "#shared/base/job.ts";
import type { Command } from "../../services/agent/core/wishes.ts";
import type { Stage } from "./stage.ts";

export interface SentReport {
  readonly seq: number;
  readonly token: string;
  readonly report: AttemptReport;
}

export type ToScheduler =
  | {
      readonly kind: "hello";
      readonly journalId: string;
      readonly journalNew: boolean;
      readonly commandSeen: number;
      readonly epochSeen: number;
    }
  | { readonly kind: "reports"; readonly reports: readonly SentReport[] }
  | { readonly kind: "command-ack"; readonly seq: number }
  | { readonly kind: "cluster-state"; readonly unreachable: string | null };

export type ToAgent =
  | { readonly kind: "welcome"; readonly epoch: number; readonly reportSeen: number }
  | {
      readonly kind: "command";
      readonly seq: number;
      readonly epoch: number;
      readonly command: Command;
    }
  | { readonly kind: "report-ack"; readonly seq: number };

/** One end's ears. */
export interface End<M> {
  hear(message: M): void;
  closed(): void;
}

/** A break is noticed at once, or by a heartbeat that does not come. */
const NOTICED_MS_MAX = 8_000;

export class SimLink {
  readonly #stage: Stage;
  readonly #agent: End<ToAgent>;
  #scheduler: End<ToScheduler> | null = null;
  #open = true;
  #underWay = 0;
  /** When the last message of each way arrives: the next one is not faster. */
  #toAgentMs = 0;
  #toSchedulerMs = 0;

  constructor(stage: Stage, agent: End<ToAgent>) {
    this.#stage = stage;
    this.#agent = agent;
  }

  get open(): boolean {
    return this.#open;
  }

  accept(scheduler: End<ToScheduler>): void {
    this.#scheduler = scheduler;
  }

  tellAgent(message: ToAgent): void {
    if (!this.#open) return;
    this.#toAgentMs = this.#deliver(this.#toAgentMs, () => {
      this.#stage.trace("→ agent", message.kind, message);
      this.#agent.hear(message);
    });
  }

  tellScheduler(message: ToScheduler): void {
    if (!this.#open) return;
    this.#toSchedulerMs = this.#deliver(this.#toSchedulerMs, () => {
      this.#stage.trace("→ sched", message.kind, message);
      this.#scheduler?.hear(message);
    });
  }

  /** Breaks it; what is under way is lost. */
  cut(): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.#underWay > 0) this.#stage.hit("link-messages-lost");
    const scheduler = this.#scheduler;
    this.#stage.clock.at(this.#noticedMs(), "link", () => this.#agent.closed());
    if (scheduler !== null)
      this.#stage.clock.at(this.#noticedMs(), "link", () => scheduler.closed());
  }

  #noticedMs(): number {
    return this.#stage.chance(0.5)
      ? this.#stage.between(0, 5)
      : this.#stage.between(0, NOTICED_MS_MAX);
  }

  #deliver(notBeforeMs: number, arrive: () => void): number {
    const nowMs = this.#stage.clock.monotonicMs();
    const travelMs = this.#stage.chance(0.05)
      ? this.#stage.between(0, 3_000)
      : this.#stage.between(0, 20);
    const atMs = Math.max(notBeforeMs, nowMs + travelMs) + 1;
    this.#underWay += 1;
    this.#stage.clock.at(atMs - nowMs, "link", () => {
      if (!this.#open) return;
      this.#underWay -= 1;
      arrive();
    });
    return atMs;
  }
}
