// Filters and paging for lists of runs and jobs. A page token names the last thing shown, so a list
// that grows at the front while somebody pages through it neither repeats nor skips.

import { createHash } from "node:crypto";
import { Failure } from "#shared/base/errors.ts";
import type { RunSummary } from "../engine.ts";

export const PAGE_SIZE_DEFAULT = 100;
export const PAGE_SIZE_MAX = 1000;

/**
 * Things looked at for one page; a filter that matches little answers short pages, not late ones.
 */
export const LOOKS_MAX = 20_000;

/** A place in a list of runs, newest first; `ordinal` is the job's, -1 for the run itself. */
export interface Place {
  readonly submittedAtMs: number;
  readonly run: string;
  readonly ordinal: number;
}

export interface Paging {
  readonly size: number;
  /** Show what comes after this place; `null` from the start. */
  readonly after: Place | null;
  /** The token of the page after the one that ends with `place`. */
  readonly tokenAfter: (place: Place) => string;
}

/**
 * `filter` is what the list is filtered by: a token given with another filter is INVALID, because
 * it would silently leave things out.
 */
export function pagingOf(
  page: { readonly size?: number | null; readonly token?: string | null } | null | undefined,
  filter: unknown,
): Paging {
  const asked = page?.size ?? 0;
  const mark = createHash("sha256").update(JSON.stringify(filter)).digest("base64url").slice(0, 8);
  return {
    size: asked === 0 ? PAGE_SIZE_DEFAULT : Math.min(asked, PAGE_SIZE_MAX),
    after: page?.token ? parsePlace(page.token, mark) : null,
    tokenAfter: ({ submittedAtMs, run, ordinal }) =>
      Buffer.from(JSON.stringify([mark, submittedAtMs, run, ordinal])).toString("base64url"),
  };
}

function parsePlace(token: string, mark: string): Place {
  let fields: unknown;
  try {
    fields = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
  } catch {
    fields = null;
  }
  const [of, submittedAtMs, run, ordinal] = Array.isArray(fields) ? (fields as unknown[]) : [];
  if (typeof submittedAtMs !== "number" || typeof run !== "string" || typeof ordinal !== "number")
    throw new Failure("INVALID", "this is no page token");
  if (of !== mark)
    throw new Failure("INVALID", "the page token belongs to a list with another filter");
  return { submittedAtMs, run, ordinal };
}

/** Newest first; of one millisecond the greater id first. The order `Engine.runs` gives. */
export function compareRuns(
  a: { submittedAtMs: number; id: string },
  b: { submittedAtMs: number; id: string },
): number {
  return b.submittedAtMs - a.submittedAtMs || (a.id > b.id ? -1 : a.id < b.id ? 1 : 0);
}

/** The runs that come after a place; with `including` also the run the place is in. */
export function runsAfter(
  runs: readonly RunSummary[],
  after: Place | null,
  including: boolean,
): readonly RunSummary[] {
  if (after === null) return runs;
  const place = { submittedAtMs: after.submittedAtMs, id: after.run };
  const at = runs.findIndex((run) => {
    const order = compareRuns(place, run);
    return including ? order <= 0 : order < 0;
  });
  return at < 0 ? [] : runs.slice(at);
}

export interface RunFilter {
  readonly phases: ReadonlySet<RunSummary["phase"]> | null;
  readonly workflow: string;
  readonly cluster: string;
  /** Part of the workflow's name or of the id. */
  readonly name: string;
  readonly sinceMs: number;
  /** 0 for no end. */
  readonly untilMs: number;
}

export function matchesRun(run: RunSummary, filter: RunFilter): boolean {
  if (filter.phases !== null && !filter.phases.has(run.phase)) return false;
  if (filter.workflow !== "" && run.workflow !== filter.workflow) return false;
  if (filter.cluster !== "" && !run.clusters.includes(filter.cluster)) return false;
  if (filter.name !== "" && !run.workflow.includes(filter.name) && !run.id.includes(filter.name))
    return false;
  if (run.submittedAtMs < filter.sinceMs) return false;
  return filter.untilMs === 0 || run.submittedAtMs < filter.untilMs;
}
