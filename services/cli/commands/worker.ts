// `signalbox worker`: one model's worker here, in the foreground; it dials the routers it is given.
// And what a worker keeps in its state directory.

import { resolve } from "node:path";
import type { Command } from "commander";
import { Failure } from "#shared/base/errors.ts";
import { makeCommand, perform, type App } from "../command.ts";
import { runForeground } from "../mesh/run-foreground.ts";
import { journalCommand, manifestCommand } from "./worker-state.ts";

export function workerCommand(app: App): Command {
  const worker = makeCommand(
    "worker",
    {
      summary: "run a model's worker here, in the foreground",
      details:
        "Loads the model and dials its routers: no inbound port is needed. SIGTERM or Ctrl-C lets its\n" +
        "streams finish within [worker] drain_s and hands the others back. Logs are JSON lines on stderr.",
      examples: [
        "signalbox worker --config worker.toml",
        "signalbox worker journal /var/lib/signalbox/worker    # which requests it ran",
      ],
    },
    "local",
  )
    .option("--config <file>", "TOML file with a [worker] section")
    .action(({ config }: { config?: string }, self: Command) =>
      perform(app, self, (session) => {
        if (config === undefined) {
          throw new Failure("INVALID", "required option '--config <file>' not specified");
        }
        const file = resolve(session.terminal.cwd, config);
        return runForeground(session, "worker", file, (pid, ready) => {
          return `the worker of ${String(ready["model"])} runs (pid ${pid}); Ctrl-C drains it`;
        });
      }),
    );
  worker.addCommand(journalCommand(app));
  worker.addCommand(manifestCommand(app));
  return worker;
}
