// A run and its jobs in words, for `get`, `run` and `demo`.

import { isRunEnd, type JobView, type OutputView, type RunView } from "../client/run-view.ts";
import { isOutOfReach, jobWords } from "./progress-view.ts";
import type { Style } from "./style.ts";
import { tableLines } from "./table.ts";
import { cutTo, padTo, printable, widthOf } from "./text.ts";
import { bytesText, durationText, whenText } from "./units.ts";

export function runLines(
  run: RunView,
  jobs: readonly JobView[],
  style: Style,
  columns: number,
  nowMs: number,
): string[] {
  const took = durationText((run.endedAtMs ?? nowMs) - run.submittedAtMs);
  const facts: (readonly [string, string])[] = [
    ["run", run.id],
    ["workflow", printable(run.workflow)],
    ["state", stateText(run.state, style)],
    ["submitted", `${whenText(run.submittedAtMs, nowMs)} by ${printable(run.submittedBy)}`],
    [isRunEnd(run.state) ? "took" : "for", took],
  ];
  if (run.reason !== "" && run.state !== "succeeded") facts.push(["reason", printable(run.reason)]);
  const labels = Object.entries(run.labels).map(([name, value]) => `${name}=${value}`);
  if (labels.length > 0) facts.push(["labels", printable(labels.join(", "))]);
  return [
    ...factLines(facts, style),
    "",
    ...jobTable(jobs, style, columns, nowMs),
    ...outputBlock(jobs, style, columns),
  ];
}

export function factLines(facts: readonly (readonly [string, string])[], style: Style): string[] {
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts.map(([name, value]) => `${style.dim(padTo(name, width))}  ${value}`);
}

export function jobTable(
  jobs: readonly JobView[],
  style: Style,
  columns: number,
  nowMs: number,
): string[] {
  return tableLines<JobView>(
    [
      { title: "STEP", cell: (job) => printable(job.task) },
      {
        title: "STATE",
        cell: (job) => job.state,
        paint: (text, job) => paintState(job.state, style)(text),
      },
      { title: "CLUSTER", cell: (job) => job.cluster ?? "-" },
      { title: "JOB", cell: (job) => printable(job.schedulerJobId ?? "-") },
      { title: "TRIES", cell: (job) => String(job.attempt) },
      { title: "TIME", cell: (job) => timeText(job, nowMs) },
      { title: "REASON", cell: reasonText },
    ],
    jobs,
    columns,
    style.dim,
  );
}

function reasonText(job: JobView): string {
  if (isOutOfReach(job)) return "cluster not reachable";
  return job.state === "succeeded" ? "" : printable(job.reason);
}

function outputBlock(jobs: readonly JobView[], style: Style, columns: number): string[] {
  const lines = outputLines(jobs, style, columns);
  return lines.length === 0 ? [] : ["", ...lines];
}

/** `task.output  value`, or where a file is and how large. */
export function outputLines(jobs: readonly JobView[], style: Style, columns: number): string[] {
  const rows = jobs.flatMap((job) =>
    job.outputs.map((output) => [`${job.task}.${output.name}`, outputText(output)] as const),
  );
  if (rows.length === 0) return [];
  const width = Math.max(...rows.map(([name]) => widthOf(name)));
  const room = Math.max(16, columns - width - 2);
  return rows.map(([name, text]) => `${style.cyan(padTo(name, width))}  ${cutTo(text, room)}`);
}

function outputText(output: OutputView): string {
  if ("value" in output) return printable(output.value);
  const { path, sizeBytes, digest } = output.file;
  return `${printable(path)}, ${bytesText(sizeBytes)}, ${digest.slice(0, 19)}…`;
}

/** One job at length, with its attempts. */
export function jobLines(job: JobView, style: Style, columns: number, nowMs: number): string[] {
  const facts: (readonly [string, string])[] = [
    ["job", job.id],
    ["state", paintState(job.state, style)(jobWords(job))],
    ["needs", job.needs.length === 0 ? "nothing" : job.needs.join(", ")],
    ["time", timeText(job, nowMs) || "-"],
  ];
  const lines = factLines(facts, style);
  if (job.attempts.length > 0) {
    lines.push("");
    lines.push(
      ...tableLines(
        [
          { title: "ATTEMPT", cell: (attempt) => String(attempt.number) },
          { title: "CLUSTER", cell: (attempt) => attempt.cluster },
          { title: "JOB", cell: (attempt) => printable(attempt.schedulerJobId ?? "-") },
          { title: "PHASE", cell: (attempt) => attempt.phase },
          { title: "CAUSE", cell: (attempt) => attempt.cause ?? "-" },
          {
            title: "CPU",
            cell: (attempt) => (attempt.cpuMs === null ? "-" : durationText(attempt.cpuMs)),
          },
          {
            title: "MEMORY",
            cell: (attempt) =>
              attempt.maxRssKb === null ? "-" : bytesText(attempt.maxRssKb * 1024),
          },
          { title: "MESSAGE", cell: (attempt) => printable(attempt.message) },
        ],
        job.attempts,
        columns,
        style.dim,
      ),
    );
  }
  return [...lines, ...outputBlock([job], style, columns)];
}

export function stateText(state: string, style: Style): string {
  return paintState(state, style)(state);
}

export function paintState(state: string, style: Style): (text: string) => string {
  if (state === "succeeded") return style.green;
  if (state === "failed") return style.red;
  if (state === "running") return style.cyan;
  if (
    state === "cancelled" ||
    state === "skipped" ||
    state === "cancelling" ||
    state === "backoff"
  ) {
    return style.yellow;
  }
  return (text) => text;
}

function timeText(job: JobView, nowMs: number): string {
  if (job.startedAtMs === null) return "";
  return durationText((job.endedAtMs ?? nowMs) - job.startedAtMs);
}
