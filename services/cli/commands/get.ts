// `signalbox get`: a run or a job with its outputs; with --outputs its result files too.

import type { Command } from "commander";
import { makeCommand, perform, type App, type ExitCode } from "../command.ts";
import { downloadOutputs } from "../client/download-outputs.ts";
import { parseRunOrJob } from "../client/job-name.ts";
import { parseJob, parseRun, type JobView } from "../client/run-view.ts";
import { jobLines, runLines } from "../print/run-text.ts";
import { printable } from "../print/text.ts";
import { bytesText } from "../print/units.ts";
import type { Session } from "../session.ts";

interface GetOptions {
  readonly outputs?: string;
}

export function getCommand(app: App): Command {
  return makeCommand("get", {
    summary: "show a run or a job with its outputs",
    details:
      "With --outputs the result files are fetched as DIR/STEP/PATH and checked against their digests.",
    examples: [
      "signalbox get k3w5zq2mb7aycd4f                     # a run and its steps",
      "signalbox get k3w5zq2mb7aycd4f/scf                 # one step with its attempts",
      "signalbox get k3w5zq2mb7aycd4f --outputs results   # fetch all result files",
      "signalbox get k3w5zq2mb7aycd4f --json | jq '.jobs[].outputs'",
    ],
  })
    .argument("<run-or-job>", "RUN or RUN/TASK")
    .option("--outputs <dir>", "download the result files into this folder")
    .action((id: string, options: GetOptions, self: Command) =>
      perform(app, self, (session) => get(session, id, options)),
    );
}

async function get(session: Session, id: string, options: GetOptions): Promise<ExitCode> {
  const named = parseRunOrJob(id);
  const client = await session.client();
  const { namespace } = client.context;
  const { printer, terminal } = session;
  const nowMs = terminal.nowMs();
  if (named.kind === "job") {
    const answer = await client.again(() => client.jobs.getJob({ namespace, id: named.job }));
    const job = parseJob(answer.job ?? {});
    const files = await fetchFiles(session, [job], options);
    printer.document({ ...job, ...files });
    printer.lines(jobLines(job, printer.style, printer.columns(), nowMs));
    return 0;
  }
  const answer = await client.again(() => client.runs.getRun({ namespace, id: named.run }));
  const run = parseRun(answer.run ?? {});
  const jobs = (answer.jobs ?? []).map(parseJob).toSorted((a, b) => a.ordinal - b.ordinal);
  const files = await fetchFiles(session, jobs, options);
  printer.document({ run, jobs, ...files });
  printer.lines(runLines(run, jobs, printer.style, printer.columns(), nowMs));
  return 0;
}

async function fetchFiles(
  session: Session,
  jobs: readonly JobView[],
  options: GetOptions,
): Promise<{ readonly files?: readonly string[] }> {
  if (options.outputs === undefined) return {};
  const files = await downloadOutputs(
    await session.client(),
    jobs,
    options.outputs,
    session.terminal.cwd,
  );
  for (const file of files) {
    session.printer.note(`${printable(file.path)}  ${bytesText(file.sizeBytes)}`);
  }
  if (files.length === 0) session.printer.note("there are no result files");
  return { files: files.map((file) => file.path) };
}
