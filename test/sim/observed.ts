// What a checker is told: plain facts, as an observer outside of the system would see them. Imports
// nothing from services: what must hold is written down a second time here, on purpose.

export interface Violation {
  readonly invariant: string;
  readonly text: string;
}

export type Report = (invariant: string, text: string) => void;

export interface SeenEvent {
  readonly type: string;
  readonly [member: string]: unknown;
}

export interface SeenEntry {
  readonly actor: string;
  readonly events: readonly SeenEvent[];
}

/** A record as it lies in the log. */
export interface SeenRecord {
  readonly partition: number;
  readonly sequence: number;
  readonly n: number;
  readonly epoch: number;
  readonly writer: string;
  readonly hash: string;
  readonly prevHash: string;
  readonly entries: readonly SeenEntry[];
}

/** What one task is meant to do. */
export interface SeenTask {
  readonly id: string;
  readonly ordinal: number;
  readonly needs: readonly string[];
  /** Of every attempt, with the values of the tasks it needs filled in. */
  readonly argv: readonly string[];
  readonly timeoutMs: number | null;
  /** Whether its cluster exists. */
  readonly placeable: boolean;
}

export interface SeenRun {
  readonly id: string;
  readonly tasks: readonly SeenTask[];
}

/** How a payload ended, whoever knows of it. */
export interface SeenEnd {
  readonly how: "exit" | "killed" | "node";
  readonly exitCode: number | null;
  readonly ranMs: number;
  /** Whether the supervisor could still write it down. */
  readonly written: boolean;
}

/** One moment at which everything sent has arrived: who waits for what. */
export interface SeenWaits {
  readonly nowMs: number;
  readonly clusters: readonly SeenCluster[];
  readonly jobs: readonly SeenJob[];
  readonly runs: readonly SeenProgress[];
}

export interface SeenCluster {
  readonly address: string;
  readonly connected: boolean;
  readonly unreachable: string | null;
  readonly slots: number;
  readonly waiting: readonly string[];
  readonly placed: readonly string[];
}

export interface SeenJob {
  readonly address: string;
  readonly cluster: string;
  readonly phase: string;
  readonly openToken: string | null;
  readonly retryAtMs: number | null;
}

export interface SeenProgress {
  readonly id: string;
  readonly phase: string;
  readonly tasks: readonly {
    readonly id: string;
    readonly kind: string;
    readonly needs: readonly string[];
    /** The job's phase; null when it has none. */
    readonly job: string | null;
  }[];
}
