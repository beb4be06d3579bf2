// `signalbox run`: submit a workflow, follow it, and end with its result.

import type { Command } from "commander";
import { makeCommand, perform, type App, type ExitCode } from "../command.ts";
import { downloadOutputs } from "../client/download-outputs.ts";
import { printLastWords } from "../print/last-words.ts";
import { outputLines } from "../print/run-text.ts";
import { showRun } from "../print/show-run.ts";
import { printable } from "../print/text.ts";
import type { Session } from "../session.ts";
import { submitFile } from "./submit.ts";
import { withSubmitOptions, type SubmitFlags } from "./submit-options.ts";
import { exitOf, leftRunning } from "./watch.ts";

interface RunFlags extends SubmitFlags {
  readonly outputs?: string;
}

export function runCommand(app: App): Command {
  const command = makeCommand("run", {
    summary: "submit a workflow, follow it, and end with its result",
    details:
      "Ends 0 when the run succeeded and 1 when it did not. Ctrl-C leaves the run going (exit 130).",
    examples: [
      "signalbox run workflow.yaml",
      "signalbox run workflow.yaml -p steps=200 --outputs results",
      "signalbox run workflow.yaml --json | jq '.jobs[].outputs'",
    ],
  }).argument("<file>", "manifest, YAML or JSON; - for standard input");
  return withSubmitOptions(command)
    .option("--outputs <dir>", "download the result files into this folder")
    .action((file: string, flags: RunFlags, self: Command) =>
      perform(app, self, (session) => run(session, file, flags)),
    );
}

async function run(session: Session, file: string, flags: RunFlags): Promise<ExitCode> {
  const { printer, terminal } = session;
  const submitted = await submitFile(session, file, flags);
  const client = await session.client();
  const shown = await showRun(session, client, submitted.run.id, "progress");
  if (shown.interrupted) {
    printer.document({ run: submitted.run, jobs: shown.jobs, interrupted: true });
    return leftRunning(session, submitted.run.id);
  }
  const files =
    flags.outputs === undefined
      ? []
      : await downloadOutputs(client, shown.jobs, flags.outputs, terminal.cwd);
  printer.document({ run: shown.run, jobs: shown.jobs, files: files.map((it) => it.path) });
  const outputs = outputLines(shown.jobs, printer.style, printer.columns());
  if (outputs.length > 0) printer.lines(["", ...outputs]);
  for (const it of files) printer.note(`fetched ${printable(it.path)}`);
  if (shown.run.state !== "succeeded") {
    await printLastWords(session, client, shown.jobs);
    printer.note(`why: ${terminal.invocation} why ${shown.run.id}`);
  }
  return exitOf(shown.run);
}
