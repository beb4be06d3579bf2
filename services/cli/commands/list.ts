// `signalbox list`: runs or jobs, newest first, filtered.

import { Option, type Command } from "commander";
import { Failure } from "#shared/base/errors.ts";
import { parseClusterName } from "#shared/base/ids.ts";
import { makeCommand, collect, perform, type App, type ExitCode } from "../command.ts";
import type { ControlClient } from "../client/control-client.ts";
import { parseRunName } from "../client/job-name.ts";
import {
  JOB_STATES,
  jobStateNumber,
  parseJob,
  parseRun,
  RUN_STATES,
  runStateNumber,
  type JobView,
  type RunView,
} from "../client/run-view.ts";
import { parseWhole } from "../parse-options.ts";
import { jobWords } from "../print/progress-view.ts";
import { paintState } from "../print/run-text.ts";
import { tableLines } from "../print/table.ts";
import { printable } from "../print/text.ts";
import { durationText, parseMoment, whenText } from "../print/units.ts";
import type { Session } from "../session.ts";

interface ListOptions {
  readonly state?: readonly string[];
  readonly workflow?: string;
  readonly cluster?: string;
  readonly name?: string;
  readonly run?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: number;
}

/** The server's own limit of a page. */
const PAGE_MAX = 1000;

export function listCommand(app: App): Command {
  return makeCommand("list", {
    summary: "list runs, or jobs",
    examples: [
      "signalbox list                                # the latest runs",
      "signalbox list --state failed --since 7d",
      "signalbox list jobs --run k3w5zq2mb7aycd4f    # the steps of one run",
      "signalbox list jobs --state running --cluster hpc --json",
    ],
  })
    .argument("[what]", "runs or jobs", parseWhat, "runs")
    .option("--state <state>", "only in this state; may be repeated", collect)
    .option("--workflow <name>", "only runs of this workflow")
    .option("--cluster <name>", "only what is on this cluster")
    .option("--name <text>", "part of the workflow's name or run id; of the task's name for jobs")
    .option("--run <run>", "only jobs of this run")
    .option("--since <when>", "submitted after: 2h, 7d or a date")
    .option("--until <when>", "submitted before: 2h, 7d or a date")
    .addOption(
      new Option("-n, --limit <count>", "how many at most")
        .default(50)
        .argParser(parseWhole(1, 100_000)),
    )
    .action((what: "runs" | "jobs", options: ListOptions, self: Command) =>
      perform(app, self, (session) => (what === "runs" ? listRuns : listJobs)(session, options)),
    );
}

async function listRuns(session: Session, options: ListOptions): Promise<ExitCode> {
  if (options.run !== undefined) {
    throw new Failure("INVALID", "--run filters jobs", {
      hint: `signalbox list jobs --run ${options.run}`,
    });
  }
  const client = await session.client();
  const filter = {
    ...commonFilter(session, client, options),
    workflow: options.workflow ?? "",
    states: statesOf(options, RUN_STATES, runStateNumber),
  };
  const found = await pages(options.limit, async (page) => {
    const answer = await client.again(() => client.runs.listRuns({ ...filter, page }));
    return { items: (answer.runs ?? []).map(parseRun), next: answer.nextToken ?? "" };
  });
  session.printer.document(found.items);
  printRuns(session, found.items);
  if (found.more) session.printer.note(`there are more: --limit ${options.limit * 10} shows them`);
  return 0;
}

async function listJobs(session: Session, options: ListOptions): Promise<ExitCode> {
  if (options.workflow !== undefined) {
    throw new Failure("INVALID", "--workflow filters runs", {
      hint: "list the runs first, then the jobs of one with --run",
    });
  }
  const client = await session.client();
  const filter = {
    ...commonFilter(session, client, options),
    runId: options.run === undefined ? "" : parseRunName(options.run),
    states: statesOf(options, JOB_STATES, jobStateNumber),
  };
  const found = await pages(options.limit, async (page) => {
    const answer = await client.again(() => client.jobs.listJobs({ ...filter, page }));
    return { items: (answer.jobs ?? []).map(parseJob), next: answer.nextToken ?? "" };
  });
  session.printer.document(found.items);
  printJobs(session, found.items);
  if (found.more) session.printer.note(`there are more: --limit ${options.limit * 10} shows them`);
  return 0;
}

function commonFilter(session: Session, client: ControlClient, options: ListOptions) {
  const nowMs = session.terminal.nowMs();
  const atMs = (text: string | undefined): number =>
    text === undefined ? 0 : parseMoment(text, nowMs);
  return {
    namespace: client.context.namespace,
    cluster: options.cluster === undefined ? "" : parseClusterName(options.cluster),
    name: options.name ?? "",
    sinceMs: atMs(options.since),
    untilMs: atMs(options.until),
  };
}

function statesOf(
  options: ListOptions,
  known: readonly string[],
  numberOf: (name: string) => number,
): number[] {
  return (options.state ?? []).map((state) => {
    if (known.includes(state)) return numberOf(state);
    throw new Failure("INVALID", `${JSON.stringify(state)} is no state`, {
      hint: `one of ${known.join(", ")}`,
    });
  });
}

async function pages<T>(
  limit: number,
  load: (page: { size: number; token: string }) => Promise<{ items: T[]; next: string }>,
): Promise<{ items: readonly T[]; more: boolean }> {
  const items: T[] = [];
  let token = "";
  do {
    const page = await load({ size: Math.min(PAGE_MAX, limit - items.length), token });
    items.push(...page.items);
    token = page.next;
  } while (token !== "" && items.length < limit);
  return { items, more: token !== "" };
}

function printRuns(session: Session, runs: readonly RunView[]): void {
  const { printer, terminal } = session;
  if (runs.length === 0) return printer.note("no runs match");
  const nowMs = terminal.nowMs();
  const lines = tableLines<RunView>(
    [
      { title: "RUN", cell: (run) => run.id },
      {
        title: "STATE",
        cell: (run) => run.state,
        paint: (text, run) => paintState(run.state, printer.style)(text),
      },
      { title: "STEPS", cell: (run) => `${run.jobs.succeeded}/${run.jobs.total}` },
      { title: "SUBMITTED", cell: (run) => whenText(run.submittedAtMs, nowMs) },
      { title: "TIME", cell: (run) => durationText((run.endedAtMs ?? nowMs) - run.submittedAtMs) },
      { title: "WORKFLOW", cell: (run) => printable(run.workflow) },
    ],
    runs,
    printer.columns(),
    printer.style.dim,
  );
  printer.lines(lines);
}

function printJobs(session: Session, jobs: readonly JobView[]): void {
  const { printer } = session;
  if (jobs.length === 0) return printer.note("no jobs match");
  const lines = tableLines<JobView>(
    [
      { title: "JOB", cell: (job) => job.id },
      {
        title: "STATE",
        cell: (job) => job.state,
        paint: (text, job) => paintState(job.state, printer.style)(text),
      },
      { title: "CLUSTER", cell: (job) => job.cluster ?? "-" },
      { title: "ID THERE", cell: (job) => printable(job.schedulerJobId ?? "-") },
      { title: "TRIES", cell: (job) => String(job.attempt) },
      { title: "WHAT", cell: (job) => jobWords(job) },
    ],
    jobs,
    printer.columns(),
    printer.style.dim,
  );
  printer.lines(lines);
}

function parseWhat(text: string): "runs" | "jobs" {
  if (text === "runs" || text === "jobs") return text;
  throw new Failure("INVALID", `cannot list ${JSON.stringify(text)}`, {
    hint: "signalbox list [runs|jobs]; clusters are shown by `signalbox cluster list`",
  });
}
