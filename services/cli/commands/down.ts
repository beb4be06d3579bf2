// `signalbox down`: end the mesh that `up` started, and nothing else.

import type { Command } from "commander";
import { makeCommand, perform, type App, type ExitCode } from "../command.ts";
import { readClientFile } from "../client/context.ts";
import type { ControlClient } from "../client/control-client.ts";
import { meshLayout } from "../mesh/mesh-layout.ts";
import type { MeshDown } from "../mesh/mesh-down.ts";
import type { Session } from "../session.ts";

interface DownOptions {
  readonly jobs?: boolean;
}

export function downCommand(app: App): Command {
  return makeCommand(
    "down",
    {
      summary: "end the mesh on this machine, and nothing else",
      details:
        "Ends exactly the processes that `up` recorded, known by pid and start time. Jobs that run on\n" +
        "the cluster `local` are named and run on; the next `up` adopts them. Nothing is deleted.",
      examples: ["signalbox down", "signalbox down --jobs     # cancel running local jobs too"],
    },
    "local",
  )
    .option("--jobs", "also cancel jobs that run on the cluster `local`")
    .action((options: DownOptions, self: Command) =>
      perform(app, self, (session) => down(session, options)),
    );
}

async function down(session: Session, options: DownOptions): Promise<ExitCode> {
  const { printer, home } = session;
  const { meshDown } = await import("../mesh/mesh-down.ts");
  const client = options.jobs === true ? await ownScheduler(home) : null;
  const result = await meshDown({ home, jobs: options.jobs === true, client }).finally(() =>
    client?.close(),
  );
  if (result === null) {
    printer.document({ home, services: [], left: [], ended: [] });
    printer.line(`there is no mesh in ${home}`);
    return 0;
  }
  printer.document({ home, ...result });
  printResult(session, result);
  return 0;
}

/** The scheduler of this home, whatever flags and environment say of others. */
async function ownScheduler(home: string): Promise<ControlClient | null> {
  const saved = readClientFile(home);
  if (saved === null) return null;
  const { contextOf } = await import("../mesh/mesh-up.ts");
  const { openControlClient } = await import("../client/control-client.ts");
  return openControlClient(contextOf(meshLayout(home), saved));
}

function printResult(session: Session, result: MeshDown): void {
  const { printer, terminal } = session;
  const { style } = printer;
  const stopped = result.services.filter((service) => service.result !== "was-gone");
  if (stopped.length === 0) printer.line("nothing was running");
  for (const service of stopped) {
    const how = service.result === "killed" ? " (killed: it did not end when asked)" : "";
    printer.line(`${style.green(style.signs.ok)} ${service.name} ended${how}`);
  }
  for (const job of result.ended) printer.line(`job ${job.job ?? job.token} was ended`);
  for (const job of result.left) {
    printer.warn(`job ${job.job ?? job.token} runs on (pid ${job.pid})`);
  }
  if (result.left.length > 0) {
    printer.note(
      `\`${terminal.invocation} up\` adopts them; \`${terminal.invocation} down --jobs\` ends them`,
    );
  }
}
