// `signalbox log`: what can be done to the event log as a whole.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { Option, type Command } from "commander";
import { Failure } from "#shared/base/errors.ts";
import { collect, makeCommand, makeGroup, perform, type App, type ExitCode } from "../command.ts";
import { meshLayout } from "../mesh/mesh-layout.ts";
import { parseWhole } from "../parse-options.ts";
import type { Session } from "../session.ts";

interface MigrateOptions {
  readonly from?: string;
  readonly to?: readonly string[];
  readonly partitions: number;
  readonly replicas: number;
  readonly credentialsFile?: string;
  readonly systemCredentialsFile?: string;
}

export function logCommand(app: App): Command {
  return makeGroup(
    "log",
    {
      summary: "move the event log",
      details: "The event log holds everything the scheduler knows.",
      examples: ["signalbox down && signalbox log migrate && signalbox up"],
    },
    [migrateCommand(app)],
  );
}

function migrateCommand(app: App): Command {
  return makeCommand(
    "migrate",
    {
      summary: "move an embedded log into NATS JetStream, losing nothing",
      details:
        "Without options the mesh of this machine moves to a private nats-server, which the next `up`\n" +
        "starts. With --to a log moves to servers you run; the lines to put into the scheduler's\n" +
        "configuration are printed. No scheduler may run on the log. Records keep their places and\n" +
        "hashes, every one is read back and compared, and the old log stays where it is. A migration\n" +
        "that broke off goes on when run again.",
      examples: [
        "signalbox down && signalbox log migrate && signalbox up",
        "signalbox log migrate --from /var/lib/signalbox/log --to nats://n1:4222 --to nats://n2:4222 --to nats://n3:4222 --replicas 3",
      ],
    },
    "local",
  )
    .option("--from <dir>", "the embedded log (default: that of the mesh on this machine)")
    .option("--to <url>", "nats://HOST:PORT, one per server; may be repeated", collect)
    .addOption(
      new Option("--partitions <count>", "as many as the log has")
        .default(16)
        .argParser(parseWhole(1, 1024)),
    )
    .addOption(
      new Option("--replicas <count>", "copies of each stream")
        .default(1)
        .argParser(parseWhole(1, 5)),
    )
    .option("--credentials-file <file>", "USER:PASSWORD or a .creds file for the servers")
    .option("--system-credentials-file <file>", "for their system account: checks how they sync")
    .action((options: MigrateOptions, self: Command) =>
      perform(app, self, (session) => migrateLog(session, options)),
    );
}

async function migrateLog(session: Session, options: MigrateOptions): Promise<ExitCode> {
  const { printer, terminal, home } = session;
  const { migrate, migrateMesh } = await import("../mesh/migrate-mesh.ts");
  const progress = (partition: number, n: number, of: number): void => {
    if (of > 1000) printer.note(`partition ${partition}: ${n} of ${of} records`);
  };
  if (options.to === undefined) {
    if (options.from !== undefined) {
      throw new Failure("INVALID", "--from needs --to: where is the log to go?");
    }
    const result = await migrateMesh(home, terminal.env, progress);
    printer.document({ home, log: "jetstream", records: result.records, copied: result.copied });
    printer.line(`${result.records} records are in JetStream, read back and compared`);
    printer.note(`the mesh goes on with it: ${terminal.invocation} up`);
    return 0;
  }
  const path =
    options.from === undefined ? meshLayout(home).embeddedLog : resolve(terminal.cwd, options.from);
  if (!existsSync(join(path, "data.mdb"))) {
    throw new Failure("NOT_FOUND", `there is no embedded log in ${path}`);
  }
  const fileOf = (file: string | undefined): string | null =>
    file === undefined ? null : resolve(terminal.cwd, file);
  const target = {
    urls: options.to,
    credentialsFile: fileOf(options.credentialsFile),
    systemCredentialsFile: fileOf(options.systemCredentialsFile),
    replicas: options.replicas,
  };
  const result = await migrate({ path, partitions: options.partitions }, target, progress);
  const { records, copied } = result;
  printer.document({ from: path, to: options.to, log: "jetstream", records, copied });
  printer.line(`${records} records are in JetStream, read back and compared`);
  printer.note("in the scheduler's configuration:");
  printer.note(`  [log]\n  driver = "jetstream"\n  [nats]\n  url = ${JSON.stringify(options.to)}`);
  return 0;
}
