// `signalbox watch`: follow a run until it ends. Ctrl-C ends the watching, not the run.

import type { Command } from "commander";
import { EXIT_INTERRUPTED, makeCommand, perform, type App, type ExitCode } from "../command.ts";
import { parseRunOrJob } from "../client/job-name.ts";
import type { RunView } from "../client/run-view.ts";
import { printLastWords } from "../print/last-words.ts";
import { showRun } from "../print/show-run.ts";
import type { Session } from "../session.ts";

export function watchCommand(app: App): Command {
  return makeCommand("watch", {
    summary: "follow a run until it ends",
    details:
      "Ends 0 when the run succeeded and 1 when it did not. Ctrl-C leaves the run going (exit 130).\n" +
      "With --json one object per change: {run, jobs}, where jobs are those that changed.",
    examples: [
      "signalbox watch k3w5zq2mb7aycd4f",
      "signalbox watch k3w5zq2mb7aycd4f --json | jq -r '.run.state'",
    ],
  })
    .argument("<run>", "RUN, or RUN/TASK for the run it belongs to")
    .action((id: string, _options: object, self: Command) =>
      perform(app, self, (session) => watch(session, id)),
    );
}

async function watch(session: Session, id: string): Promise<ExitCode> {
  const { run } = parseRunOrJob(id);
  const client = await session.client();
  const shown = await showRun(session, client, run, "stream");
  if (shown.interrupted) return leftRunning(session, run);
  await printLastWords(session, client, shown.jobs);
  return exitOf(shown.run);
}

export function exitOf(run: RunView): ExitCode {
  return run.state === "succeeded" ? 0 : 1;
}

/** Says that the run goes on, and how to come back to it. */
export function leftRunning(session: Session, run: string): ExitCode {
  const { invocation } = session.terminal;
  session.printer.note(`run ${run} goes on without being watched`);
  session.printer.note(`  ${invocation} watch ${run}     # look again`);
  session.printer.note(`  ${invocation} cancel ${run}    # stop it`);
  return EXIT_INTERRUPTED;
}
