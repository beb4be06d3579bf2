// What a partition's log says, folded by a second, smaller reading of it: just enough to see an
// attempt end twice. Imports nothing from services.

import type { Report, SeenEntry, SeenEvent } from "./observed.ts";

interface SeenJobFold {
  open: string | null;
  /** The latest attempt, open or not. */
  last: string | null;
  end: string | null;
}

export interface SeenRunFold {
  accepted: boolean;
  phase: string;
  retried: boolean;
  /** By ordinal: how it ended, or "skipped". */
  readonly tasks: Map<number, string>;
}

export function tokenParts(token: string): {
  readonly run: string;
  readonly ordinal: number;
  readonly attempt: number;
} {
  const [run = "", ordinal = "", attempt = ""] = token.split("-");
  return { run, ordinal: Number(ordinal), attempt: Number(attempt) };
}

export class LogFold {
  /** Every attempt begun, and whether its end is logged. */
  readonly tokens = new Map<string, "open" | "ended">();
  /** By job address. */
  readonly jobs = new Map<string, SeenJobFold>();
  /** By run id. */
  readonly runs = new Map<string, SeenRunFold>();
  readonly #placed = new Set<string>();
  /** Records of a batch whose last one is not there yet. */
  #parts: SeenEntry[] = [];
  #partsSeen = 0;

  /** What counts from this record on: a batch of several records counts with its last one. */
  complete(entries: readonly SeenEntry[]): readonly SeenEntry[] {
    const mark = entries[0]?.events.find(({ type }) => type === "$part");
    if (mark === undefined || mark["at"] === 1) {
      this.#parts = [];
      this.#partsSeen = 0;
    }
    if (mark === undefined) return entries;
    if (mark["at"] !== this.#partsSeen + 1) return [];
    this.#partsSeen += 1;
    this.#parts.push(...entries);
    return this.#partsSeen === mark["of"] ? this.#parts : [];
  }

  apply(actor: string, event: SeenEvent, report: Report): void {
    if (actor.startsWith("job/")) this.#applyJob(actor, event, report);
    else if (actor.startsWith("run/")) this.#applyRun(actor, event, report);
    else if (event.type === "cluster.placed") {
      const token = String(event["token"]);
      if (this.#placed.has(token)) report("I4", `${token} was placed twice`);
      this.#placed.add(token);
    }
  }

  #applyJob(actor: string, event: SeenEvent, report: Report): void {
    const job = this.jobs.get(actor) ?? { open: null, last: null, end: null };
    this.jobs.set(actor, job);
    switch (event.type) {
      case "job.attempt": {
        const token = String(event["token"]);
        if (job.open !== null) report("I4", `${actor} begins ${token} while ${job.open} is open`);
        if (job.end !== null) report("I4", `${actor} begins ${token} after it has ended`);
        if (this.tokens.has(token)) report("I4", `${token} begins twice`);
        this.tokens.set(token, "open");
        job.open = token;
        job.last = token;
        break;
      }
      case "job.attempt-ended": {
        const token = String(event["token"]);
        if (this.tokens.get(token) !== "open")
          report("I4", `${token} ends and is ${this.tokens.get(token) ?? "unknown"}`);
        this.tokens.set(token, "ended");
        job.open = null;
        break;
      }
      case "job.ended":
        if (job.end !== null) report("I4", `${actor} ends twice`);
        // Withdrawn or unplaceable: the attempt ends with its job.
        if (job.open !== null) this.tokens.set(job.open, "ended");
        job.open = null;
        job.end = String(event["end"]);
        break;
      case "job.restarted":
        job.end = null;
        break;
      default:
        break;
    }
  }

  #applyRun(actor: string, event: SeenEvent, report: Report): void {
    const id = actor.split("/")[2] ?? "";
    const run = this.runs.get(id) ?? {
      accepted: false,
      phase: "running",
      retried: false,
      tasks: new Map<number, string>(),
    };
    this.runs.set(id, run);
    switch (event.type) {
      case "run.accepted":
        run.accepted = true;
        break;
      case "run.task-ended":
      case "run.task-skipped": {
        const ordinal = Number(event["ordinal"]);
        if (run.tasks.has(ordinal)) report("I4", `task ${ordinal} of ${id} is over twice`);
        run.tasks.set(
          ordinal,
          event.type === "run.task-skipped" ? "skipped" : String(event["end"]),
        );
        break;
      }
      case "run.ended":
        if (run.phase !== "running") report("I4", `${id} ends twice`);
        run.phase = String(event["phase"]);
        break;
      case "run.retried":
        run.phase = "running";
        run.retried = true;
        for (const ordinal of event["ordinals"] as number[]) run.tasks.delete(ordinal);
        break;
      default:
        break;
    }
  }
}
