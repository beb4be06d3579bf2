// Scheduler processes: the real engine over the simulated log, killed and started again, sometimes
// two at once.

import { Failure } from "#shared/base/errors.ts";
import type { Change, Engine } from "../../services/scheduler/engine.ts";
import { openEngine } from "../../services/scheduler/actor-engine.ts";
import type { FaultKind } from "./faults.ts";
import { Scope } from "./sim-clock.ts";
import { SimGateway } from "./sim-gateway.ts";
import type { SimLink } from "./sim-link.ts";
import { isBug } from "./sim-log.ts";
import type { SimLog } from "./sim-log.ts";
import type { Stage } from "./stage.ts";

/** Restarts come at most this fast. */
const RESTART_MS_MAX = 6_000;
/** A replaced scheduler that does not notice is stopped by its operator after this long. */
const ZOMBIE_MS_MAX = 40_000;

interface Process {
  readonly scope: Scope;
  engine: Engine | null;
  gateway: SimGateway | null;
}

export class SimScheduler {
  readonly #stage: Stage;
  readonly #log: SimLog;
  readonly #onCommitted: (engine: Engine, changes: readonly Change[]) => void;
  #current: Process | null = null;
  #count = 0;

  constructor(
    stage: Stage,
    log: SimLog,
    onCommitted: (engine: Engine, changes: readonly Change[]) => void,
  ) {
    this.#stage = stage;
    this.#log = log;
    this.#onCommitted = onCommitted;
  }

  /** The serving engine, if one serves. */
  get engine(): Engine | null {
    return this.#current?.engine ?? null;
  }

  /** One message to whoever serves now; it may never be answered. */
  ask(address: string, message: Parameters<Engine["ask"]>[1]): Promise<unknown> {
    const process = this.#current;
    if (process === null || process.engine === null) {
      return Promise.reject(new Failure("UNAVAILABLE", "no scheduler serves"));
    }
    this.#stage.clock.stirred = true;
    return process.scope.guard(process.engine.ask(address, message));
  }

  start(): void {
    const name = `s${++this.#count}`;
    const scope = new Scope(name, this.#stage.clock, this.#stage.random);
    const process: Process = { scope, engine: null, gateway: null };
    this.#current = process;
    this.#stage.trace("scheduler", `${name} starts`);
    this.#stage.clock.stirred = true;
    const opened = openEngine({
      log: this.#log.openFor(scope, (kind) => this.#die(process, kind)),
      writer: name,
      clock: scope,
      timers: scope,
      random: this.#stage.random,
      defer: (task) => scope.defer(task),
      onFailure: (failure, fatal) => this.#failed(process, failure, fatal),
    });
    scope.guard(opened).then(
      (engine) => this.#serve(process, engine),
      (error: unknown) => this.#failed(process, Failure.from(error), true),
    );
  }

  /** kill -9, now; another one starts after a while. */
  kill(kind: FaultKind): void {
    if (this.#current !== null) this.#die(this.#current, kind);
  }

  /** A second one takes over while the first goes on as if nothing had happened. */
  rival(): void {
    const old = this.#current;
    if (old === null || old.engine === null) return;
    this.#stage.hit("scheduler-rival");
    this.#stage.clock.at(this.#stage.between(1_000, ZOMBIE_MS_MAX), "zombie", () => this.#end(old));
    this.start();
  }

  /** An agent dials whoever it finds. */
  dial(link: SimLink): void {
    const gateway = this.#current?.gateway ?? null;
    if (gateway === null) link.cut();
    else gateway.dial(link);
  }

  #serve(process: Process, engine: Engine): void {
    const { scope } = process;
    process.engine = engine;
    this.#stage.trace("scheduler", `${scope.name} serves`);
    engine.onCommitted((changes) => {
      if (scope.alive && process === this.#current) this.#onCommitted(engine, changes);
    });
    process.gateway = new SimGateway(this.#stage, scope, engine);
  }

  #failed(process: Process, failure: Failure, fatal: boolean): void {
    if (!process.scope.alive) return;
    this.#stage.trace(
      "scheduler",
      `${process.scope.name} fails: ${failure.code} ${failure.message}`,
      { fatal },
    );
    if (isBug(failure)) {
      const cause = failure.cause instanceof Error ? failure.cause.stack : failure.stack;
      this.#stage.checker.report(
        "I12",
        `the scheduler: ${failure.code} ${failure.message}\n${cause ?? ""}`,
      );
    }
    if (failure.code === "FENCED") this.#stage.hit("scheduler-fenced");
    if (fatal) this.#end(process);
  }

  #die(process: Process, kind: FaultKind): void {
    if (!process.scope.alive) return;
    this.#stage.hit(kind);
    this.#end(process);
  }

  #end(process: Process): void {
    if (!process.scope.alive) return;
    this.#stage.trace("scheduler", `${process.scope.name} is gone`);
    process.scope.kill();
    process.gateway?.hangUp();
    if (process !== this.#current) return;
    this.#current = null;
    this.#stage.clock.at(this.#stage.between(10, RESTART_MS_MAX), "restart", () => {
      if (this.#current === null) this.start();
    });
  }
}
