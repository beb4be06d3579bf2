// Who watches which run. One listener on the engine's commits, however many watch.
//
// Invariants:
//   W1. A watcher holds the names of what changed, never the changes: a slow one gets the latest
//       state later, and its memory is bounded by the number of jobs of its run.
//   W2. A watcher that registered before it read the state misses nothing.

import type { Change, Engine } from "../engine.ts";

/** What changed since it was last taken. */
export interface Dirty {
  readonly run: boolean;
  /** Task ids. */
  readonly jobs: ReadonlySet<string>;
}

export class RunWatcher {
  #run = false;
  #jobs = new Set<string>();
  #wake: (() => void) | null = null;
  readonly #onClose: () => void;

  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }

  /** `job` is a task id, null for the run itself. */
  touch(job: string | null): void {
    if (job === null) this.#run = true;
    else this.#jobs.add(job);
    this.#wake?.();
  }

  get dirty(): boolean {
    return this.#run || this.#jobs.size > 0;
  }

  /** What changed, and starts over. */
  take(): Dirty {
    const taken = { run: this.#run, jobs: this.#jobs };
    this.#run = false;
    this.#jobs = new Set();
    return taken;
  }

  /** Resolves when something has changed, `afterMs` have passed or the signal is aborted. */
  changed(signal: AbortSignal, afterMs: number | null = null): Promise<void> {
    if (this.dirty || signal.aborted) return Promise.resolve();
    return this.#sleep(signal, afterMs);
  }

  /** The same, but a change that is there already does not count. */
  nextChange(signal: AbortSignal, afterMs: number): Promise<void> {
    return signal.aborted ? Promise.resolve() : this.#sleep(signal, afterMs);
  }

  #sleep(signal: AbortSignal, afterMs: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = afterMs === null ? undefined : setTimeout(() => wake(), afterMs);
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        this.#wake = null;
        resolve();
      };
      this.#wake = wake;
      signal.addEventListener("abort", wake);
    });
  }

  close(): void {
    this.#onClose();
  }
}

export class WatchHub {
  readonly #watchers = new Map<string, Set<RunWatcher>>();
  readonly #stop: () => void;

  constructor(engine: Engine) {
    this.#stop = engine.onCommitted((changes) => this.#onCommitted(changes));
  }

  /** Close it when done. */
  watch(namespace: string, run: string): RunWatcher {
    const key = `${namespace}/${run}`;
    const watchers = this.#watchers.get(key) ?? new Set();
    this.#watchers.set(key, watchers);
    const watcher = new RunWatcher(() => {
      watchers.delete(watcher);
      if (watchers.size === 0 && this.#watchers.get(key) === watchers) this.#watchers.delete(key);
    });
    watchers.add(watcher);
    return watcher;
  }

  close(): void {
    this.#stop();
  }

  #onCommitted(changes: readonly Change[]): void {
    if (this.#watchers.size === 0) return;
    for (const { actor } of changes) {
      const [kind, namespace, run, task] = actor.split("/");
      if (kind !== "run" && kind !== "job") continue;
      const watchers = this.#watchers.get(`${namespace}/${run}`);
      if (watchers === undefined) continue;
      for (const watcher of watchers) watcher.touch(kind === "run" ? null : (task ?? null));
    }
  }
}
