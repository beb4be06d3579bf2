// One invocation from arguments to exit code, without touching the process: main.ts and the tests
// both call it.

import { type Command, CommanderError, Help } from "commander";
import { ERROR_CODES, Failure } from "#shared/base/errors.ts";
import { COMMON_GROUP, type App } from "./command.ts";
import { makePrinter } from "./print/printer.ts";
import { makeProgram } from "./program.ts";
import type { Terminal } from "./terminal.ts";

const USAGE_EXIT = ERROR_CODES.INVALID.exit;

/** `args` are those after `signalbox`. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  const app: App = { terminal, exitCode: 0 };
  const program = makeProgram(app);
  dress(program, terminal, args.includes("--json"));
  try {
    await program.parseAsync([...args], { from: "user" });
    return app.exitCode;
  } catch (reason) {
    if (reason instanceof CommanderError) return reason.exitCode === 0 ? 0 : USAGE_EXIT;
    const failure = Failure.from(reason);
    makePrinter(terminal, args.includes("--json")).failure(failure);
    if (failure.code === "INTERNAL" && terminal.env["SIGNALBOX_DEBUG"] !== undefined) {
      terminal.stderr.write(`${String((reason as Error).stack)}\n`);
    }
    return ERROR_CODES[failure.code].exit;
  }
}

/** Commander writes to the terminal given and throws instead of ending the process. */
function dress(command: Command, terminal: Terminal, json: boolean): void {
  const plain = new Help();
  command.exitOverride();
  command.configureOutput({
    writeOut: (text) => void terminal.stdout.write(text),
    writeErr: (text) => void terminal.stderr.write(text),
    outputError: (text, write) => {
      if (!json) return write(text);
      const message = text.trim().replace(/^error: /u, "");
      return makePrinter(terminal, true).failure(new Failure("INVALID", message));
    },
    getOutHelpWidth: () => (terminal.stdoutIsTty ? terminal.size().columns : 100),
    getErrHelpWidth: () => (terminal.stderrIsTty ? terminal.size().columns : 100),
  });
  command.configureHelp({
    subcommandTerm: (sub) => plain.subcommandTerm(sub).replace(" [options]", ""),
    // A command's own options come before those that every command has.
    groupItems: (all, visible, groupOf) => {
      const own = all.filter((item) => groupOf(item) !== COMMON_GROUP);
      const common = all.filter((item) => groupOf(item) === COMMON_GROUP);
      return plain.groupItems([...own, ...common], visible, groupOf);
    },
  });
  for (const sub of command.commands) dress(sub, terminal, json);
}
