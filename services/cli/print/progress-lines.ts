// A run as plain lines: one whenever a step changes in a way a person would want to know. For
// pipes, log files and dumb terminals.

import { isRunEnd, type JobView, type RunView } from "../client/run-view.ts";
import { jobWords } from "./progress-view.ts";
import { printable } from "./text.ts";
import { clockText, durationText } from "./units.ts";

export class ProgressLines {
  readonly #print: (line: string) => void;
  readonly #said = new Map<string, string>();
  #runSaid = "";

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  show(run: RunView, jobs: readonly JobView[], nowMs: number): void {
    if (this.#runSaid === "")
      this.#print(`${clockText(nowMs)} ${run.id} ${printable(run.workflow)}`);
    for (const job of jobs) {
      if (job.state === "blocked" && !this.#said.has(job.task)) continue; // Says nothing new.
      const words = jobWords(job);
      if (this.#said.get(job.task) === words) continue;
      this.#said.set(job.task, words);
      this.#print(`${clockText(nowMs)} ${job.task}: ${words}${tookWords(job)}`);
    }
    if (run.state !== this.#runSaid && isRunEnd(run.state)) {
      const took = durationText((run.endedAtMs ?? nowMs) - run.submittedAtMs);
      const why =
        run.state !== "succeeded" && run.reason !== "" ? `: ${printable(run.reason)}` : "";
      this.#print(`${clockText(nowMs)} ${run.id} ${run.state} after ${took}${why}`);
    }
    this.#runSaid = run.state;
  }

  trouble(text: string, nowMs: number): void {
    this.#print(`${clockText(nowMs)} ${printable(text)}`);
  }
}

function tookWords(job: JobView): string {
  if (job.endedAtMs === null || job.startedAtMs === null) return "";
  return ` (${durationText(job.endedAtMs - job.startedAtMs)})`;
}
