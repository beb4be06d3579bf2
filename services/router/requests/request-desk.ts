// Every request that a front door answers, from its start to its end: who asks, what its key has
// left, what it came to. HTTP and gRPC count, charge, write down and log by it alike.
//
// State: the requests being answered, each with what aborts it; whether the desk drains.
//
//   D1. Every request has one line in the log, one end in the metrics and one in the journal.
//   D2. What was charged to a key is settled once, however the request ends.
//   D3. A drain refuses new requests with 503 and lets the old ones end.

import type { Clock } from "#shared/base/clock.ts";
import type { Failure } from "#shared/base/errors.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import { ApiError } from "../openai/api-error.ts";
import type { UsageCell, UsageRecord, UsageSpan } from "../usage/usage-sums.ts";
import { grantOf, type Authoriser, type Grant } from "./grant.ts";
import { KeyCharge, type TellLimit } from "./key-charge.ts";

/** What is worth counting; the caller knows how the metrics are called. */
export interface RequestMetrics {
  onStart(): void;
  onFirstToken(model: string, seconds: number): void;
  onEnd(end: RequestEnd): void;
}

export type Door = "http" | "grpc";

export interface RequestEnd {
  /** An HTTP path, or a gRPC method's. */
  readonly route: string;
  readonly door: Door;
  /** Null where the request named none that is served. */
  readonly model: string | null;
  /**
   * HTTP's, also for gRPC. 499: the client had gone. A stream that broke has the status of what
   * broke it.
   */
  readonly status: number;
  readonly finish: string | null;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly seconds: number;
}

/** Where ended requests are written down, and summed. */
export interface UsageBook {
  /** `record` is called a little later, when all of it is known. */
  add(record: () => UsageRecord): void;
  sums(span: UsageSpan): Promise<readonly UsageCell[]>;
}

/** Filled as the request goes on; read once at its end. */
export interface Outcome {
  model: string | null;
  finish: string | null;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  /** At workers, of all its streams together; the last may be told after the answer. */
  workedMs: number;
  /** At workers that are over: more than its streams when one had to go on elsewhere. */
  attempts: number;
  /** Of what broke a stream after its head was sent. */
  status: number | null;
}

export interface DeskOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RequestMetrics | null;
  /** Null: nothing is kept of requests that have ended. */
  readonly usage: UsageBook | null;
  /** Null: everybody may do everything. */
  readonly authorise: Authoriser | null;
}

const DRAIN_RETRY_MS = 1_000;

export class RequestDesk {
  readonly options: DeskOptions;
  readonly #open = new Set<DeskRequest>();
  #idle: (() => void)[] = [];
  #draining = false;

  constructor(options: DeskOptions) {
    this.options = options;
  }

  /** Requests being answered. */
  get active(): number {
    return this.#open.size;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** One that counts; to be ended. */
  begin(id: string, door: Door, route: string): DeskRequest {
    const request = new DeskRequest(this, { id, door, route, counted: true });
    this.#open.add(request);
    this.options.metrics?.onStart();
    return request;
  }

  /** One that costs nothing, such as what models there are: nobody counts it. */
  beginUncounted(id: string, door: Door, route: string): DeskRequest {
    return new DeskRequest(this, { id, door, route, counted: false });
  }

  /** By the request itself. */
  onEnded(request: DeskRequest): void {
    this.#open.delete(request);
    if (this.#open.size === 0) for (const wake of this.#idle.splice(0)) wake();
  }

  /** Resolves when nothing is being answered any more. */
  drain(): Promise<void> {
    this.#draining = true;
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  abortAll(reason: Failure): void {
    for (const request of this.#open) request.abort(reason);
  }
}

interface Asked {
  readonly id: string;
  readonly door: Door;
  readonly route: string;
  readonly counted: boolean;
}

export class DeskRequest {
  readonly startedMs: number;
  readonly outcome: Outcome = {
    ...{ model: null, finish: null, status: null },
    ...{ promptTokens: 0, cachedTokens: 0, completionTokens: 0, workedMs: 0, attempts: 0 },
  };
  readonly #desk: RequestDesk;
  readonly #asked: Asked;
  readonly #abort = new AbortController();
  #grant: Grant | null = null;
  #charge: KeyCharge | null = null;
  #log: Logger | null = null;
  #begun = false;

  constructor(desk: RequestDesk, asked: Asked) {
    this.startedMs = desk.options.clock.monotonicMs();
    this.#desk = desk;
    this.#asked = asked;
  }

  get id(): string {
    return this.#asked.id;
  }

  /** Aborts when the client has gone or the server must end. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get log(): Logger {
    this.#log ??= this.#desk.options.logger.child({ request_id: this.id }); // Few ever log.
    return this.#log;
  }

  abort(reason: Failure): void {
    this.#abort.abort(reason);
  }

  /** Throws ApiError: 503 while the desk drains, 401, or 429 when whatever it is would be refused. */
  async admit(authorization: string | null, tell: TellLimit): Promise<Grant> {
    const { counted } = this.#asked;
    if (this.#desk.draining && counted) throw drains();
    const { authorise, clock } = this.#desk.options;
    const grant = await grantOf(authorise, authorization);
    this.#grant = grant;
    if (!counted) return grant;
    if (grant.key !== null) this.#charge = new KeyCharge(grant.key.use, clock, tell);
    this.#charge?.check();
    return grant;
  }

  /** The request is understood and about to be sent: 429 when its key has no such one left. */
  charge(tokens: number): void {
    this.#charge?.start(tokens);
  }

  /** Tokens have come; those after the first change nothing. */
  onTokens(): void {
    if (this.#begun) return;
    this.#begun = true;
    const { clock, metrics } = this.#desk.options;
    const seconds = (clock.monotonicMs() - this.startedMs) / 1000;
    metrics?.onFirstToken(this.outcome.model ?? "", seconds);
  }

  /** `status` is HTTP's; one that broke the stream goes before it. Once. */
  end(status: number): void {
    const { route, door, counted } = this.#asked;
    if (!counted) return;
    const { clock, logger, metrics } = this.#desk.options;
    const { outcome } = this;
    const ended = outcome.status ?? status;
    this.#charge?.end(tokensUsed(outcome, ended));
    const seconds = (clock.monotonicMs() - this.startedMs) / 1000;
    const { model, finish, promptTokens, completionTokens } = outcome;
    metrics?.onEnd({
      ...{ route, door, model, status: ended, finish, promptTokens, completionTokens, seconds },
    });
    if (this.#grant !== null) this.#writeDown(this.#grant, ended);
    logger.info(
      {
        ...{ request_id: this.id, route, status: ended, seconds, model, finish },
        ...{ prompt_tokens: promptTokens, completion_tokens: completionTokens },
        attempts: outcome.attempts,
      },
      "request ended",
    );
    this.#desk.onEnded(this);
  }

  #writeDown({ namespace, key }: Grant, status: number): void {
    const { clock, usage } = this.#desk.options;
    if (usage === null) return;
    const { outcome } = this;
    const endedAtMs = clock.nowMs();
    const promptTokens = isRefused(outcome, status) ? 0 : outcome.promptTokens;
    const startedAtMs = endedAtMs - (clock.monotonicMs() - this.startedMs);
    usage.add(() => ({
      ...{ id: this.id, namespace, key: key?.name ?? null, model: outcome.model },
      ...{ route: this.#asked.route, status, finish: outcome.finish, prompt_tokens: promptTokens },
      ...{ cached_tokens: outcome.cachedTokens, completion_tokens: outcome.completionTokens },
      worker_seconds: Math.round(outcome.workedMs) / 1000,
      ...{ started_ms: Math.round(startedAtMs), ended_ms: Math.round(endedAtMs) },
    }));
  }
}

/** Nobody is charged for it. */
function isRefused({ completionTokens }: Outcome, status: number): boolean {
  return completionTokens === 0 && status >= 500;
}

function tokensUsed(outcome: Outcome, status: number): number {
  return isRefused(outcome, status) ? 0 : outcome.promptTokens + outcome.completionTokens;
}

function drains(): ApiError {
  return new ApiError(503, "The router stops; ask another one.", {
    code: "unavailable",
    retryAfterMs: DRAIN_RETRY_MS,
  });
}
