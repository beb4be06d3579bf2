// `signalbox why`: what a job's state rests on, what it waits for, the limit that holds it, and
// what comes next.

import type { Command } from "commander";
import { makeCommand, perform, type App, type ExitCode } from "../command.ts";
import { jobsOfRun, parseRunOrJob } from "../client/job-name.ts";
import type { ControlClient } from "../client/control-client.ts";
import { parseJob, type JobView } from "../client/run-view.ts";
import { jobWords } from "../print/progress-view.ts";
import { factLines, paintState } from "../print/run-text.ts";
import type { Style } from "../print/style.ts";
import { padTo, printable } from "../print/text.ts";
import { clockText, durationText } from "../print/units.ts";
import type { Session } from "../session.ts";

/** As --json prints it. */
export interface ExplanationView {
  readonly job: JobView;
  readonly waitsFor: readonly string[];
  readonly limit: string | null;
  readonly nextAction: string;
  readonly hints: readonly string[];
}

/** A run with more open jobs than this is not explained job by job. */
const JOBS_MAX = 10;
const EVIDENCE_SHOWN_MAX = 12;

export function whyCommand(app: App): Command {
  return makeCommand("why", {
    summary: "explain a job's state: evidence, waiting, limits, what comes next",
    details: "Given a run, its jobs that have not succeeded are explained.",
    examples: [
      "signalbox why k3w5zq2mb7aycd4f/scf",
      "signalbox why k3w5zq2mb7aycd4f          # every step that is not done",
      "signalbox why k3w5zq2mb7aycd4f/scf --json | jq .waitsFor",
    ],
  })
    .argument("<job>", "RUN/TASK, or RUN")
    .action((id: string, _options: object, self: Command) =>
      perform(app, self, (session) => why(session, id)),
    );
}

async function why(session: Session, id: string): Promise<ExitCode> {
  const named = parseRunOrJob(id);
  const client = await session.client();
  const { printer } = session;
  if (named.kind === "job") {
    const explanation = await explain(client, named.job);
    printer.document(explanation);
    printer.lines(explanationLines(explanation, printer.style, session.terminal.nowMs()));
    return 0;
  }
  const open = (await jobsOfRun(client, named.run)).filter((job) => job.state !== "succeeded");
  const shown = open.slice(0, JOBS_MAX);
  const explanations: ExplanationView[] = [];
  for (const job of shown) explanations.push(await explain(client, job.id));
  printer.document(explanations);
  for (const [i, explanation] of explanations.entries()) {
    if (i > 0) printer.line();
    printer.lines(explanationLines(explanation, printer.style, session.terminal.nowMs()));
  }
  if (open.length === 0) printer.line(`every job of ${named.run} succeeded`);
  if (open.length > shown.length) {
    printer.note(`${open.length - shown.length} more: signalbox list jobs --run ${named.run}`);
  }
  return 0;
}

async function explain(client: ControlClient, id: string): Promise<ExplanationView> {
  const { namespace } = client.context;
  const answer = await client.again(() => client.jobs.explainJob({ namespace, id }));
  return {
    job: parseJob(answer.job ?? {}),
    waitsFor: answer.waitsFor ?? [],
    limit: answer.limit ? answer.limit : null,
    nextAction: answer.nextAction ?? "",
    hints: answer.hints ?? [],
  };
}

export function explanationLines(
  explanation: ExplanationView,
  style: Style,
  nowMs: number,
): string[] {
  const { job, waitsFor, limit, nextAction, hints } = explanation;
  const lines = [`${style.bold(job.id)}  ${paintState(job.state, style)(jobWords(job))}`];
  const facts: (readonly [string, string])[] = [];
  for (const [i, wait] of waitsFor.entries())
    facts.push([i === 0 ? "waits for" : "", printable(wait)]);
  if (limit !== null) facts.push(["held by", printable(limit)]);
  if (nextAction !== "") facts.push(["next", printable(nextAction)]);
  if (facts.length > 0) lines.push(...factLines(facts, style).map((line) => `  ${line}`));
  lines.push(...evidenceLines(job, style, nowMs));
  for (const hint of hints) {
    lines.push(`  ${style.cyan(style.signs.arrow)} ${printable(hint)}`);
  }
  return lines;
}

/** The facts of the latest attempt, oldest first. */
function evidenceLines(job: JobView, style: Style, nowMs: number): string[] {
  const attempt = job.attempts.at(-1);
  if (attempt === undefined || attempt.evidence.length === 0) return [];
  const confidence = attempt.confidence === null ? "" : `, ${attempt.confidence}`;
  const lines = [`  ${style.dim(`evidence (attempt ${attempt.number}${confidence})`)}`];
  for (const fact of attempt.evidence.slice(-EVIDENCE_SHOWN_MAX)) {
    const ago = `${durationText(nowMs - fact.atMs)} ago`;
    const source = padTo(fact.source, 10);
    const when = style.dim(`${clockText(fact.atMs)}, ${ago}`);
    lines.push(`    ${style.cyan(source)}  ${printable(fact.raw)}  ${when}`);
  }
  return lines;
}
