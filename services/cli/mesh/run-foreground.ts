// One service in the foreground of a terminal, as `signalbox agent` runs it.

import { spawn } from "node:child_process";
import type { ExitCode } from "../command.ts";
import type { Session } from "../session.ts";
import { parseReady, serviceMain } from "./start-service.ts";

type Ready = { readonly [member: string]: string | number | boolean };

/** Ends with the service's own exit code, as far as it is one of ours. */
export async function runForeground(
  session: Session,
  service: "agent" | "router" | "worker",
  config: string,
  textOf: (pid: number | undefined, ready: Ready) => string,
): Promise<ExitCode> {
  const { printer, terminal } = session;
  const argv = [serviceMain(service), "--config", config];
  const { SIGNALBOX_TOKEN: _token, ...env } = terminal.env;
  const child = spawn(process.execPath, argv, { env, stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    if (printer.json) return void terminal.stdout.write(chunk);
    if (parseReady(said) !== null) return;
    said += chunk.toString();
    const ready = parseReady(said);
    if (ready !== null) printer.note(textOf(child.pid, ready));
  });
  const unlisten = terminal.onInterrupt((signal) => {
    // A terminal sends Ctrl-C to the service itself; a second signal would end it at once.
    if (signal === "SIGTERM" || !terminal.stdoutIsTty) child.kill("SIGTERM");
  });
  try {
    const code = await new Promise<number | null>((done, fail) => {
      child.once("error", fail);
      child.once("close", (exitCode) => done(exitCode));
    });
    if (code === 0) return 0;
    return code === 2 ? 2 : 3;
  } finally {
    unlisten();
  }
}
