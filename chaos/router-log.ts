// What the router wrote into its log during a round: whom it gave up and when, and how many
// attempts each request took.

import { readFileSync, statSync } from "node:fs";

interface Line {
  readonly time?: string;
  readonly msg?: string;
  readonly worker?: string;
  readonly reason?: string;
  readonly request_id?: string;
  readonly attempts?: number;
}

/** What is said of a worker whose streams go on elsewhere from then on. */
const GIVEN_UP = new Set(["worker left", "worker is gone or stopped", "worker hangs"]);
/** It said so itself, and is still trusted. */
const TOLD = "worker drains";

export class RouterLog {
  readonly #files: readonly { readonly file: string; readonly from: number }[];

  /** Of one router or several, from their present ends on. */
  constructor(files: readonly string[]) {
    this.#files = files.map((file) => ({ file, from: statSync(file).size }));
  }

  /** From `sinceMs`, of Date.now(), to the first line about that worker; null: there is none. */
  noticedAfterMs(worker: string, sinceMs: number): number | null {
    const line = this.#lines().find(
      ({ msg = "", worker: named, time }) =>
        isOf(worker, named) &&
        (GIVEN_UP.has(msg) || msg === TOLD) &&
        Date.parse(time ?? "") >= sinceMs,
    );
    return line === undefined ? null : Date.parse(line.time ?? "") - sinceMs;
  }

  /** Workers that were given up since `sinceMs`, of those that `spared` says were well; and why. */
  givenUp(sinceMs: number, spared: (worker: string) => boolean): readonly string[] {
    const lines = this.#lines().filter(
      ({ msg = "", time }) => GIVEN_UP.has(msg) && Date.parse(time ?? "") >= sinceMs,
    );
    const reasons = new Map<string, string>();
    for (const { worker = "", reason = "" } of lines) {
      const name = worker.slice(0, worker.indexOf("/"));
      if (spared(name) && !reasons.has(name)) reasons.set(name, reason);
    }
    return Array.from(reasons, ([name, reason]) => `${name}: ${reason}`);
  }

  /** By request, of those that have ended. */
  attempts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { request_id: id, attempts } of this.#lines()) {
      if (id !== undefined && attempts !== undefined) counts.set(id, attempts);
    }
    return counts;
  }

  #lines(): readonly Line[] {
    const texts = this.#files.map(({ file, from }) => readFileSync(file).subarray(from));
    return texts.flatMap((text) => text.toString("utf8").split("\n").flatMap(parseLine));
  }
}

/** A disk that was full has cut lines. */
function parseLine(text: string): readonly Line[] {
  if (!text.startsWith("{")) return [];
  try {
    return [JSON.parse(text) as Line];
  } catch {
    return [];
  }
}

/** Workers are named `NAME/EPOCH`. */
function isOf(worker: string, named: string | undefined): boolean {
  return named?.startsWith(`${worker}/`) === true;
}
