// What a router says of its workers: `GET /workers`, as a table.

import { Failure } from "#shared/base/errors.ts";
import { tableLines, type Column } from "../print/table.ts";
import { printable } from "../print/text.ts";
import type { Session } from "../session.ts";

/** Of the router's answer, what is shown; --json prints all of it. */
interface WorkerRow {
  readonly worker: string;
  readonly model: string;
  readonly numerics_class: string;
  readonly state: string;
  readonly held_out: boolean;
  readonly streams: number;
  readonly running: number;
  readonly waiting: number;
  readonly sequences_max: number;
  readonly blocks_free: number;
  readonly blocks: number;
  readonly heard_ms_ago: number;
}

const ANSWER_MS = 5_000;

export async function showWorkers({ printer }: Session, given: string): Promise<void> {
  const workers = await readWorkers(given);
  printer.document({ workers });
  if (workers.length === 0) {
    printer.note("no worker has dialled this router");
    return;
  }
  const { style } = printer;
  printer.lines(tableLines<WorkerRow>(COLUMNS, workers, printer.columns(), style.dim));
}

/** `given`: the router's address, with or without http:// and /v1. */
async function readWorkers(given: string): Promise<readonly WorkerRow[]> {
  const base = /^https?:\/\//u.test(given) ? given : `http://${given}`;
  const url = `${base.replace(/\/(?:v1\/?)?$/u, "")}/workers`;
  const hint = "give a router's OpenAI address, as `router run`, `serve` and `up` print it";
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
  } catch (cause) {
    const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const said = why instanceof Error ? why.message : String(why);
    throw new Failure("UNAVAILABLE", `no router answers at ${url}: ${said}`, { cause, hint });
  }
  const body = (await response.json().catch(() => null)) as { workers?: unknown } | null;
  if (response.ok && Array.isArray(body?.workers)) return body.workers as readonly WorkerRow[];
  throw new Failure("NOT_FOUND", `${url} is no router's: it answers ${response.status}`, { hint });
}

const COLUMNS: readonly Column<WorkerRow>[] = [
  { title: "WORKER", cell: ({ worker }) => printable(worker) },
  { title: "MODEL", cell: ({ model }) => printable(model) },
  { title: "STATE", cell: ({ state, held_out }) => (held_out ? "held out" : printable(state)) },
  { title: "STREAMS", cell: ({ streams }) => String(streams) },
  { title: "RUNNING", cell: (it) => `${it.running} of ${it.sequences_max}` },
  { title: "WAITING", cell: ({ waiting }) => String(waiting) },
  { title: "CACHE FREE", cell: (it) => `${percent(it.blocks_free, it.blocks)} %` },
  { title: "HEARD", cell: ({ heard_ms_ago: ms }) => `${(ms / 1000).toFixed(1)} s ago` },
  { title: "CLASS", cell: ({ numerics_class: name }) => printable(name) },
];

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((100 * part) / whole);
}
