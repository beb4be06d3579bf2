// What a worker keeps in its state directory, as the worker writes it and as `signalbox worker
// journal` and `signalbox worker manifest` read it: rows of one store, by table.

export const WORKER_TABLES = {
  /** Requests that run: a RequestRow each, by requestKey(). */
  running: "running",
  /** Requests that have ended, the newest REQUESTS_KEPT of them. */
  ended: "ended",
  /** The model's files: a FileRow each, by name. */
  files: "files",
  /** `version`: STATE_VERSION; `next`: the serial of the next request; `model`: a ModelRow. */
  about: "about",
  /** `prefixes`: a WarmRow. */
  warm: "warm",
} as const;

/** Of these rows. A worker that finds another one begins anew: nothing here is worth converting. */
export const STATE_VERSION = 1;

/** About 1 MB on disk, and a busy worker's last minutes. */
export const REQUESTS_KEPT = 4_096;

export interface RequestRow {
  /** Of the state directory, from 1, over restarts. */
  readonly serial: number;
  readonly id: string;
  readonly fence: number;
  /** `HOST:PORT` that the worker dialled, or of who dialled the worker. */
  readonly router: string;
  /** By the wall clock. */
  readonly startedMs: number;
  readonly promptTokens: number;
  /** Delivered; of a request that runs about a second old. */
  readonly tokens: number;
  /** Null while it runs. `lost`: its worker died, and `endedMs` is when the next one found it. */
  readonly end: string | null;
  readonly endedMs: number | null;
}

/** One file of the model as it was when it was last served. */
export interface FileRow {
  readonly bytes: number;
  readonly mtimeMs: number;
  readonly inode: number;
  /** Of the whole content, hex; null until it has been read. */
  readonly sha256: string | null;
}

export interface ModelRow {
  readonly folder: string;
  /** As workers tell routers (weights_fingerprint). */
  readonly fingerprint: string;
  readonly tokenizerSha256: string;
}

/** The prefixes of prompts that came most often, as a forest of blocks per salt. */
export interface WarmRow {
  /** Of the model whose token ids these are. */
  readonly tokenizerSha256: string;
  readonly fingerprint: string;
  readonly salts: readonly {
    readonly salt: string;
    /** Parents first: depth from 0, how many prompts began so, token ids with commas between. */
    readonly blocks: readonly (readonly [depth: number, uses: number, ids: string])[];
  }[];
}

/** Sorts by serial; those of ended requests are used again. */
export function requestKey(serial: number): string {
  return String(serial).padStart(16, "0");
}
