// Users: they submit, cancel and retry, and ask again until somebody has answered.

import { Failure } from "#shared/base/errors.ts";
import type { EngineMessages } from "../../services/scheduler/engine.ts";
import { clusterAddress, runAddress } from "../../services/scheduler/core/messages.ts";
import type { SimScheduler } from "./sim-scheduler.ts";
import type { Stage } from "./stage.ts";
import { CLUSTER, NAMESPACE } from "./story.ts";
import type { Story, StoryRun } from "./story.ts";

/** A client gives up on an answer after this long and asks again, with the same idempotency key. */
const PATIENCE_MS = 5_000;

type Message = EngineMessages[keyof EngineMessages];

export class SimUser {
  readonly #stage: Stage;
  readonly #scheduler: SimScheduler;
  readonly #story: Story;
  /** Questions without an answer yet, and things still to be asked. */
  #open = 0;

  constructor(stage: Stage, scheduler: SimScheduler, story: Story) {
    this.#stage = stage;
    this.#scheduler = scheduler;
    this.#story = story;
  }

  get busy(): boolean {
    return this.#open > 0;
  }

  start(slots: number): void {
    const cluster = clusterAddress(NAMESPACE, CLUSTER);
    const enrolment = { enrolmentHash: "h", enrolmentExpiresAtMs: Number.MAX_SAFE_INTEGER };
    this.#insist(0, cluster, { kind: "add", clusterKind: "slurm", slots, ...enrolment }, () => {
      this.#insist(
        0,
        cluster,
        { kind: "enrol", tokenHash: "h", agentId: "a", publicKey: "k" },
        () => this.#begin(),
      );
    });
  }

  #begin(): void {
    for (const run of this.#story.runs) {
      this.#submit(run);
      if (run.cancel !== null) this.#cancel(run, run.cancel);
    }
  }

  /** A run has failed; some people try again. */
  onFailed(id: string): void {
    const run = this.#story.runs.find((each) => each.id === id);
    if (run?.retry !== true || this.#stage.chance(0.5)) return;
    this.#insist(
      this.#stage.between(100, 20_000),
      runAddress(NAMESPACE, id),
      { kind: "retry" },
      () => {},
    );
  }

  #submit(run: StoryRun): void {
    const { id, tasks } = run;
    const meta = {
      ...{
        id,
        namespace: NAMESPACE,
        workflow: "w",
        digest: `sha256:${id}`,
        params: {},
        labels: {},
      },
      ...{ tasksTotal: tasks.length, submittedAtMs: 0, submittedBy: "sim", traceparent: null },
    };
    this.#stage.checker.planned(run.seen);
    this.#insist(run.submitAtMs, runAddress(NAMESPACE, id), { kind: "submit", meta, tasks }, () => {
      this.#stage.trace("user", `run ${id} is acknowledged`);
      this.#stage.checker.runAcknowledged(id);
    });
  }

  #cancel(run: StoryRun, cancel: NonNullable<StoryRun["cancel"]>): void {
    const { atMs, task } = cancel;
    const reason = "the user said so";
    const message =
      task === null
        ? ({ kind: "cancel", reason } as const)
        : ({ kind: "cancel-task", task, reason } as const);
    this.#open += 1;
    this.#stage.clock.at(atMs, "user", () => {
      this.#open -= 1;
      this.#stage.trace("user", `cancels ${run.id} ${task ?? ""}`);
      this.#stage.checker.cancelAsked(run.id, task);
      this.#insist(0, runAddress(NAMESPACE, run.id), message, () => {});
    });
  }

  /** Asks until there is an answer: done, or a refusal that no repetition changes. */
  #insist(delayMs: number, address: string, message: Message, done: () => void): void {
    this.#open += 1;
    this.#stage.clock.at(delayMs, "user", () => {
      let heard = false;
      const settle = (then: () => void): void => {
        if (heard) return;
        heard = true;
        this.#open -= 1;
        then();
      };
      const again = (): void =>
        this.#insist(this.#stage.between(50, 1_000), address, message, done);
      this.#stage.clock.at(PATIENCE_MS, "user", () => settle(again));
      this.#scheduler.ask(address, message).then(
        () => settle(done),
        (error: unknown) => {
          const { code, retry } = Failure.from(error);
          const final = code === "CONFLICT" || code === "ALREADY_EXISTS";
          // A cancel may overtake the submission it is about.
          const early = code === "NOT_FOUND";
          if (final || retry !== "never" || early) settle(final ? done : again);
          else
            settle(() =>
              this.#stage.checker.report(
                "I12",
                `${message.kind} ${address}: ${code} ${String(error)}`,
              ),
            );
        },
      );
      this.#stage.clock.stirred = true;
    });
  }
}
