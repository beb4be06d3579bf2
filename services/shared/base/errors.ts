// One error class, one closed table of codes. Each code answers the only question a caller has:
// is it worth trying again, and where?

export type Retry = "never" | "later" | "elsewhere";

/** Every code a failure can have. `exit` is what the command line ends with (DESIGN §8). */
export const ERROR_CODES = {
  INVALID: { retry: "never", exit: 2 },
  NOT_FOUND: { retry: "never", exit: 3 },
  ALREADY_EXISTS: { retry: "never", exit: 3 },
  CONFLICT: { retry: "never", exit: 3 },
  UNAUTHENTICATED: { retry: "never", exit: 3 },
  FORBIDDEN: { retry: "never", exit: 3 },
  /** A queue, mailbox, log or disk is full: nothing was taken in, nothing was lost. */
  FULL: { retry: "later", exit: 3 },
  UNAVAILABLE: { retry: "later", exit: 3 },
  DEADLINE: { retry: "later", exit: 3 },
  /** The answer got lost: the thing may or may not have happened. Ask, never repeat blindly. */
  UNKNOWN_OUTCOME: { retry: "never", exit: 3 },
  NOT_OWNER: { retry: "elsewhere", exit: 3 },
  /** A newer epoch exists: this writer must stop. */
  FENCED: { retry: "elsewhere", exit: 3 },
  CORRUPT: { retry: "never", exit: 3 },
  UNSAFE: { retry: "never", exit: 3 },
  /** The protocol has such a call, and this server does not answer it. */
  UNIMPLEMENTED: { retry: "never", exit: 3 },
  CANCELLED: { retry: "never", exit: 1 },
  INTERNAL: { retry: "never", exit: 3 },
} as const satisfies Record<string, { retry: Retry; exit: 1 | 2 | 3 }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface FailureOptions {
  readonly cause?: unknown;
  /** What to do about it, as a sentence a user can follow. */
  readonly hint?: string;
  readonly retryAfterMs?: number;
}

/** A failure somebody outside the throwing module may have to handle. */
export class Failure extends Error {
  readonly code: ErrorCode;
  readonly retry: Retry;
  readonly hint: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Failure";
    this.code = code;
    this.retry = ERROR_CODES[code].retry;
    this.hint = options.hint;
    this.retryAfterMs = options.retryAfterMs;
  }

  /**
   * Any thrown value as a Failure; what is not one already becomes INTERNAL with its cause kept.
   */
  static from(reason: unknown): Failure {
    if (reason instanceof Failure) return reason;
    const message = reason instanceof Error ? reason.message : String(reason);
    return new Failure("INTERNAL", message, { cause: reason });
  }
}

/** For the `default` of a switch that must be exhaustive. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
