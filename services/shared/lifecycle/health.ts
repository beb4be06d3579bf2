// Named checks a service answers for. A live check says whether a restart would help; a ready check
// says whether work should be sent here. Both report progress, not mere existence.

export type CheckKind = "live" | "ready";

/** `null` when all is well, else the reason in one sentence. */
export type Check = () => string | null | Promise<string | null>;

export interface HealthReport {
  readonly ok: boolean;
  /** Check name to `null` or what is wrong. */
  readonly checks: { readonly [name: string]: string | null };
}

const CHECK_MS = 1_000; // An orchestrator's probe gives up after one second by default.

export class Health {
  readonly #checks = new Map<string, { kind: CheckKind; check: Check }>();
  readonly #checkMs: number;

  constructor(checkMs: number = CHECK_MS) {
    this.#checkMs = checkMs;
  }

  /** Returns the way to take the check out again. A name is used once. */
  add(kind: CheckKind, name: string, check: Check): () => void {
    if (this.#checks.has(name)) throw new Error(`health check ${name} exists`);
    this.#checks.set(name, { kind, check });
    return () => void this.#checks.delete(name);
  }

  /** `live` runs the live checks, `ready` all of them. A check that throws or hangs is not well. */
  async report(kind: CheckKind): Promise<HealthReport> {
    const chosen = [...this.#checks].filter(([, it]) => kind === "ready" || it.kind === "live");
    const results = await Promise.all(
      chosen.map(async ([name, { check }]) => [name, await this.#run(check)] as const),
    );
    return { ok: results.every(([, why]) => why === null), checks: Object.fromEntries(results) };
  }

  async #run(check: Check): Promise<string | null> {
    const late = Promise.withResolvers<string>();
    const timer = setTimeout(() => late.resolve(`no answer in ${this.#checkMs} ms`), this.#checkMs);
    try {
      return await Promise.race([Promise.resolve().then(check), late.promise]);
    } catch (cause) {
      return cause instanceof Error ? cause.message : String(cause);
    } finally {
      clearTimeout(timer);
    }
  }
}
