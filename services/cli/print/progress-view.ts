// A run as lines on a terminal, drawn anew each time something changes or the spinner turns. Pure:
// what it says depends on its arguments alone, so the tests hold it to golden pictures.

import {
  isJobEnd,
  isRunEnd,
  type JobState,
  type JobView,
  type RunView,
} from "../client/run-view.ts";
import type { Style } from "./style.ts";
import { cutTo, padTo, printable, widthOf } from "./text.ts";
import { durationText } from "./units.ts";

export interface ProgressModel {
  readonly run: RunView;
  /** By ordinal. */
  readonly jobs: readonly JobView[];
  /** Shown under the steps while the scheduler cannot be reached. */
  readonly trouble: string | null;
}

export interface ProgressFrame {
  readonly columns: number;
  readonly rows: number;
  readonly nowMs: number;
  /** Counts up with time; chooses the spinner's picture. */
  readonly tick: number;
}

/** Lines kept free for the prompt, the header and the trouble line. */
const ROWS_RESERVED = 4;

export function progressLines(model: ProgressModel, frame: ProgressFrame, style: Style): string[] {
  const { run, jobs } = model;
  const lines = [headerLine(model, frame, style)];
  const shown = visibleJobs(jobs, Math.max(3, frame.rows - ROWS_RESERVED));
  const taskWidthMax = Math.min(24, Math.floor(frame.columns / 3));
  const taskWidth = Math.min(
    taskWidthMax,
    Math.max(4, ...shown.jobs.map((job) => widthOf(job.task))),
  );
  if (shown.before > 0) lines.push(style.dim(`  … ${shown.before} more above`));
  for (const job of shown.jobs) lines.push(jobLine(job, taskWidth, frame, style));
  if (shown.after > 0) lines.push(style.dim(`  … ${shown.after} more below`));
  if (model.trouble !== null) {
    const text = `${style.signs.warn} ${printable(model.trouble)}`;
    lines.push(style.yellow(cutTo(`  ${text}`, frame.columns - 1)));
  } else if (isRunEnd(run.state) && run.state !== "succeeded" && run.reason !== "") {
    lines.push(style.red(cutTo(`  ${printable(run.reason)}`, frame.columns - 1)));
  }
  return lines;
}

function headerLine(model: ProgressModel, frame: ProgressFrame, style: Style): string {
  const { run } = model;
  const ended = isRunEnd(run.state);
  const elapsedMs = (run.endedAtMs ?? frame.nowMs) - run.submittedAtMs;
  const done = model.jobs.filter((job) => isJobEnd(job.state)).length;
  const sign = ended ? endSign(run.state, style) : style.cyan(spinnerAt(frame.tick, style));
  const counts = `${done}/${Math.max(run.jobs.total, model.jobs.length)} steps`;
  const rest = [run.id, run.state, counts, durationText(elapsedMs)].join("  ");
  const name = cutTo(printable(run.workflow), Math.max(8, frame.columns - widthOf(rest) - 6));
  return `${sign} ${style.bold(name)}  ${style.dim(cutTo(rest, frame.columns - widthOf(name) - 5))}`;
}

function jobLine(job: JobView, taskWidth: number, frame: ProgressFrame, style: Style): string {
  const sign = jobSign(job.state, frame.tick, style);
  const task = padTo(cutTo(job.task, taskWidth), taskWidth);
  const time = padTo(jobTime(job, frame.nowMs), 6);
  // Indent, sign, two gaps, the time, and a column kept free so that the line never wraps.
  const room = frame.columns - taskWidth - 15;
  const words = cutTo(jobWords(job), Math.max(4, room));
  const paint = paintOf(job.state, style);
  return `  ${sign} ${task}  ${style.dim(time)}  ${paint(words)}`.trimEnd();
}

/** What is worth knowing about a job right now, in one phrase. */
export function jobWords(job: JobView): string {
  const words: string[] = [STATE_WORDS[job.state]];
  if (job.cluster !== null && job.state !== "blocked" && job.state !== "skipped") {
    words[0] += ` on ${job.cluster}`;
  }
  if (job.schedulerJobId !== null) words.push(`job ${printable(job.schedulerJobId)}`);
  if (job.attempt > 1) words.push(`attempt ${job.attempt}`);
  if (isOutOfReach(job)) words.push("cluster not reachable");
  // A success needs no explanation; everything else says why.
  if (job.reason !== "" && job.state !== "succeeded" && job.state !== "running") {
    words.push(printable(job.reason));
  }
  return words.join(", ");
}

/** Whether what is said of the job may be old: it was given to a cluster that is not heard. */
export function isOutOfReach(job: JobView): boolean {
  return !job.reachable && job.state !== "blocked" && !isJobEnd(job.state) && job.attempt > 0;
}

const STATE_WORDS: { readonly [state in JobState]: string } = {
  blocked: "waits",
  queued: "queued",
  submitting: "submitting",
  submitted: "in the queue",
  running: "running",
  backoff: "waits to try again",
  succeeded: "done",
  failed: "failed",
  cancelled: "cancelled",
  skipped: "skipped",
  unspecified: "unknown",
};

/** Running time once it runs, else how long it has been waiting. */
function jobTime(job: JobView, nowMs: number): string {
  if (job.state === "blocked" || job.state === "skipped") return "";
  const fromMs = job.startedAtMs ?? job.createdAtMs;
  if (fromMs === null) return "";
  return durationText((job.endedAtMs ?? nowMs) - fromMs);
}

function jobSign(state: JobState, tick: number, style: Style): string {
  const { signs } = style;
  switch (state) {
    case "succeeded":
      return style.green(signs.ok);
    case "failed":
      return style.red(signs.failed);
    case "cancelled":
      return style.yellow(signs.cancelled);
    case "skipped":
      return style.yellow(signs.skipped);
    case "running":
      return style.cyan(spinnerAt(tick, style));
    case "queued":
    case "submitting":
    case "submitted":
    case "backoff":
      return style.cyan(signs.queued);
    case "blocked":
    case "unspecified":
      return style.dim(signs.waiting);
  }
}

function endSign(state: RunView["state"], style: Style): string {
  if (state === "succeeded") return style.green(style.signs.ok);
  return state === "failed" ? style.red(style.signs.failed) : style.yellow(style.signs.cancelled);
}

function paintOf(state: JobState, style: Style): (text: string) => string {
  if (state === "failed") return style.red;
  if (state === "cancelled" || state === "skipped" || state === "backoff") return style.yellow;
  if (state === "blocked") return style.dim;
  return (text) => text;
}

function spinnerAt(tick: number, style: Style): string {
  const { spinner } = style.signs;
  return spinner[tick % spinner.length] ?? "";
}

/**
 * The jobs that fit: a window of consecutive ones around the first that is not done yet, so that
 * what moves is in sight.
 */
function visibleJobs(
  jobs: readonly JobView[],
  rowsMax: number,
): { readonly jobs: readonly JobView[]; readonly before: number; readonly after: number } {
  if (jobs.length <= rowsMax) return { jobs, before: 0, after: 0 };
  const room = rowsMax - 2; // The two lines that count what is hidden.
  const firstOpen = jobs.findIndex((job) => !isJobEnd(job.state));
  const centre = firstOpen < 0 ? jobs.length : firstOpen;
  const start = Math.min(Math.max(0, centre - Math.floor(room / 3)), jobs.length - room);
  const end = start + room;
  return { jobs: jobs.slice(start, end), before: start, after: jobs.length - end };
}
