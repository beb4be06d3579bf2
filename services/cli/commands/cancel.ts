// `signalbox cancel`: ask for the end of runs or single jobs.

import type { Command } from "commander";
import { makeCommand, perform, type App, type ExitCode } from "../command.ts";
import { parseRunOrJob } from "../client/job-name.ts";
import { isJobEnd, parseJob, parseRun, type JobView } from "../client/run-view.ts";
import type { Session } from "../session.ts";

interface CancelOptions {
  readonly reason: string;
}

export function cancelCommand(app: App): Command {
  return makeCommand("cancel", {
    summary: "cancel runs or single jobs",
    details:
      "Answers when the wish is durable. A job ends when its cluster says so: `signalbox watch RUN` waits.",
    examples: [
      "signalbox cancel k3w5zq2mb7aycd4f",
      'signalbox cancel k3w5zq2mb7aycd4f/scf --reason "wrong cut-off"',
      "signalbox list --state running --json | jq -r '.[].id' | xargs signalbox cancel",
    ],
  })
    .argument("<run-or-job...>", "RUN or RUN/TASK")
    .option("--reason <text>", "kept with the job", "cancelled from the command line")
    .action((ids: string[], options: CancelOptions, self: Command) =>
      perform(app, self, (session) => cancel(session, ids, options)),
    );
}

async function cancel(
  session: Session,
  ids: readonly string[],
  options: CancelOptions,
): Promise<ExitCode> {
  const named = ids.map(parseRunOrJob); // All are checked before the first is cancelled.
  const client = await session.client();
  const { namespace } = client.context;
  const { reason } = options;
  const results: { readonly id: string; readonly state: string }[] = [];
  for (const target of named) {
    if (target.kind === "run") {
      const request = { namespace, id: target.run, reason };
      const answer = await client.again(() => client.runs.cancelRun(request));
      const { state } = parseRun(answer.run ?? {});
      results.push({ id: target.run, state });
      session.printer.line(`${target.run} ${state}`);
    } else {
      const request = { namespace, id: target.job, reason };
      const answer = await client.again(() => client.jobs.cancelJob(request));
      const { state } = parseJob(answer.job ?? {});
      results.push({ id: target.job, state });
      session.printer.line(`${target.job} ${wishText(state)}`);
    }
  }
  session.printer.document(results);
  return 0;
}

/** A job keeps its state until its cluster confirms the end; the wish is durable before. */
function wishText(state: JobView["state"]): string {
  return isJobEnd(state) ? state : "cancelling";
}
