// `signalbox agent`: run an agent here, in the foreground. This is how a user without root puts a
// cluster's login node to work: outbound connections only, nothing installed.

import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { Option, type Command } from "commander";
import { Failure } from "#shared/base/errors.ts";
import { collect, makeCommand, perform, type App, type ExitCode } from "../command.ts";
import { writeFileAtomic } from "../mesh/mesh-record.ts";
import { runForeground } from "../mesh/run-foreground.ts";
import { tomlText } from "../mesh/toml.ts";
import { parsePairs } from "../parse-options.ts";
import type { Session } from "../session.ts";

interface AgentOptions {
  readonly config?: string;
  readonly scheduler?: string;
  readonly kind?: string;
  readonly root?: string;
  readonly state?: string;
  readonly enrolmentFile?: string;
  readonly http: string;
  readonly ca?: string;
  readonly option?: readonly string[];
}

export function agentCommand(app: App): Command {
  return makeCommand(
    "agent",
    {
      summary: "run a cluster's agent here, in the foreground",
      details:
        "Dials the scheduler and needs no inbound port and no root. The enrolment token is needed once:\n" +
        "afterwards the agent has a key of its own in its state folder. Ctrl-C ends the agent; jobs run\n" +
        "on, and the next agent with the same folders adopts them. Logs are JSON lines on stderr.",
      examples: [
        "signalbox agent --scheduler box.example.org:7400 --token-file hpc.token --kind slurm --root ~/signalbox",
        "signalbox agent --scheduler box.example.org:7400 --kind slurm --root ~/signalbox   # later",
        "signalbox agent --config agent.toml",
      ],
    },
    "local",
  )
    .option("--config <file>", "TOML file that says all of this; other options are then not needed")
    .option("--scheduler <host:port>", "the scheduler's gRPC address")
    .option("--token-file <file>", "file with the one-time token from `signalbox cluster add`")
    .addOption(new Option("--kind <kind>", "what runs jobs here").choices(["slurm", "local"]))
    .option("--root <dir>", "job folders; on a file system the compute nodes see")
    .option("--state <dir>", "journal and key, on a local disk (default: below the home folder)")
    .option("--http <host:port>", "health and metrics", "127.0.0.1:0")
    .option("--ca <file>", "PEM of the authority the scheduler's certificate is from")
    .option(
      "--option <name=value>",
      "for the dialect, as in [agent.options]; may be repeated",
      collect,
    )
    .action((options: AgentOptions & { tokenFile?: string }, self: Command) =>
      perform(app, self, (session) => {
        const { tokenFile, ...rest } = options;
        return agent(
          session,
          tokenFile === undefined ? rest : { ...rest, enrolmentFile: tokenFile },
        );
      }),
    );
}

function agent(session: Session, options: AgentOptions): Promise<ExitCode> {
  const { terminal } = session;
  const config =
    options.config === undefined
      ? writeAgentConfig(session, options)
      : resolve(terminal.cwd, options.config);
  return runForeground(session, "agent", config, (pid, ready) => {
    return `the agent runs (pid ${pid}, HTTP ${String(ready["http"])}); Ctrl-C ends it, jobs run on`;
  });
}

function writeAgentConfig(session: Session, options: AgentOptions): string {
  const { scheduler, kind, root } = options;
  const { cwd } = session.terminal;
  if (scheduler === undefined || kind === undefined || root === undefined) {
    throw new Failure("INVALID", "--scheduler, --kind and --root are needed, or --config", {
      hint: "signalbox agent --scheduler HOST:PORT --token-file FILE --kind slurm --root DIR",
    });
  }
  const place = `${scheduler.replaceAll(/[^A-Za-z0-9.-]/gu, "-")}-${kind}`;
  const state = resolve(cwd, options.state ?? join(session.home, "agents", place));
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const pathOf = (path: string | undefined): string | null =>
    path === undefined ? null : resolve(cwd, path);
  const path = join(state, "agent.toml");
  const text = tomlText("Written by `signalbox agent` from its options, anew at every start.", {
    agent: {
      scheduler,
      kind,
      root: resolve(cwd, root),
      state,
      enrolment_token_file: pathOf(options.enrolmentFile),
      http: options.http,
    },
    "agent.options": parsePairs(options.option ?? [], "--option"),
    tls: { ca_file: pathOf(options.ca) },
  });
  writeFileAtomic(path, text);
  return path;
}
