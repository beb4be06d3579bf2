// `signalbox retry`: run again what failed, was cancelled or was skipped.

import type { Command } from "commander";
import { makeCommand, perform, type App, type ExitCode } from "../command.ts";
import { parseRunName } from "../client/job-name.ts";
import { parseRun } from "../client/run-view.ts";
import { printLastWords } from "../print/last-words.ts";
import { showRun } from "../print/show-run.ts";
import type { Session } from "../session.ts";
import { exitOf, leftRunning } from "./watch.ts";

interface RetryOptions {
  readonly watch?: boolean;
}

export function retryCommand(app: App): Command {
  return makeCommand("retry", {
    summary: "run again what failed, was cancelled or was skipped; what succeeded is kept",
    examples: ["signalbox retry k3w5zq2mb7aycd4f", "signalbox retry k3w5zq2mb7aycd4f --watch"],
  })
    .argument("<run>", "RUN")
    .option("--watch", "follow the run and end with its result")
    .action((id: string, options: RetryOptions, self: Command) =>
      perform(app, self, (session) => retry(session, id, options)),
    );
}

async function retry(session: Session, id: string, options: RetryOptions): Promise<ExitCode> {
  const client = await session.client();
  const request = { namespace: client.context.namespace, id: parseRunName(id) };
  const answer = await client.once(() => client.runs.retryRun(request));
  const run = parseRun(answer.run ?? {});
  if (options.watch !== true) {
    session.printer.document({ run });
    session.printer.line(`${run.id} ${run.state}`);
    return 0;
  }
  const shown = await showRun(session, client, run.id, "progress");
  session.printer.document({ run: shown.run, jobs: shown.jobs });
  if (shown.interrupted) return leftRunning(session, run.id);
  await printLastWords(session, client, shown.jobs);
  return exitOf(shown.run);
}
