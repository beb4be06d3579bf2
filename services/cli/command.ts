// How every command is made: the same common options, help with examples, and one way from the work
// to an exit code.

import { Command, Option } from "commander";
import { openSession, type Session } from "./session.ts";
import type { Terminal } from "./terminal.ts";

/**
 * 0 ok, 1 the work failed, 2 usage or an invalid manifest, 3 unreachable or refused (DESIGN §8).
 */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

export const COMMON_GROUP = "Common options:";

/** Ctrl-C, as shells count it: 128 + SIGINT. */
export const EXIT_INTERRUPTED = 130;

/** One invocation: commander calls actions, the code of the last one is kept here. */
export interface App {
  readonly terminal: Terminal;
  exitCode: number;
}

export interface CommandText {
  readonly summary: string;
  /** More than the summary, for --help. */
  readonly details?: string;
  /** Lines of `command  # what it does`. */
  readonly examples: readonly string[];
}

/** `client` adds the options that say which scheduler is meant. */
export function makeCommand(
  name: string,
  text: CommandText,
  kind: "client" | "local" = "client",
): Command {
  const command = new Command(name)
    .summary(text.summary)
    .description(text.details === undefined ? text.summary : `${text.summary}\n\n${text.details}`)
    .addHelpText("after", () => examplesText(text));
  for (const option of commonOptions(kind)) command.addOption(option);
  return command;
}

/** A command that only holds others. */
export function makeGroup(name: string, text: CommandText, commands: readonly Command[]): Command {
  const group = new Command(name)
    .summary(text.summary)
    .description(text.details === undefined ? text.summary : `${text.summary}\n\n${text.details}`)
    .addHelpText("after", () => examplesText(text));
  for (const command of commands) group.addCommand(command);
  return group;
}

function examplesText(text: CommandText): string {
  return `\nExamples:\n${text.examples.map((line) => `  ${line}`).join("\n")}`;
}

function commonOptions(kind: "client" | "local"): Option[] {
  const common = [
    new Option("--json", "print JSON and nothing else on stdout"),
    new Option(
      "--home <dir>",
      "where the local mesh lives (default: $SIGNALBOX_HOME, else ~/.local/state/signalbox)",
    ),
  ];
  const client = [
    new Option("--server <host:port>", "the scheduler's gRPC address (SIGNALBOX_SERVER)"),
    new Option("--token-file <file>", "file that holds the bearer token (SIGNALBOX_TOKEN_FILE)"),
    new Option("--namespace <name>", "namespace to work in (SIGNALBOX_NAMESPACE)"),
    new Option("--ca <file>", "PEM of the authority the scheduler's certificate is from"),
  ];
  const options = kind === "client" ? [...common, ...client] : common;
  for (const option of options) option.helpGroup(COMMON_GROUP);
  return options;
}

/** Runs a command's work with a session made from its options, and keeps the exit code. */
export async function perform(
  app: App,
  command: Command,
  work: (session: Session) => Promise<ExitCode>,
): Promise<void> {
  const session = openSession(app.terminal, command.optsWithGlobals());
  try {
    app.exitCode = await work(session);
  } finally {
    session.close();
  }
}

/** For repeatable options. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
