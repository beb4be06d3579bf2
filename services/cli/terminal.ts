// What a command sees of the world it was started in: streams, environment, time, Ctrl-C. Commands
// take it as an argument, so that a test can run one in its own process and read what it printed.

import { basename, join, relative, sep } from "node:path";
import { isatty } from "node:tty";
import type { Readable, Writable } from "node:stream";

export interface Terminal {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly stdoutIsTty: boolean;
  readonly stderrIsTty: boolean;
  readonly env: { readonly [name: string]: string | undefined };
  readonly cwd: string;
  /** How the user would call this command again: `signalbox`, `npx signalbox`, `node …/main.ts`. */
  readonly invocation: string;
  /** Width and height now; a window may be resized while a command runs. */
  size(): { readonly columns: number; readonly rows: number };
  nowMs(): number;
  /** Calls `onSignal` on Ctrl-C or SIGTERM instead of ending; returns the way to stop listening. */
  onInterrupt(onSignal: (signal: "SIGINT" | "SIGTERM") => void): () => void;
}

/** The real terminal of this process. */
export function processTerminal(): Terminal {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    stdoutIsTty: isatty(1),
    stderrIsTty: isatty(2),
    env: process.env,
    cwd: workingFolderOf(process.env, process.cwd()),
    invocation: invocationOf(process.env, process.argv[1] ?? "", process.cwd()),
    size: () => ({
      columns: process.stdout.columns || process.stderr.columns || 80,
      rows: process.stdout.rows || process.stderr.rows || 24,
    }),
    nowMs: () => Date.now(),
    onInterrupt: (onSignal) => {
      const onInt = (): void => onSignal("SIGINT");
      const onTerm = (): void => onSignal("SIGTERM");
      process.on("SIGINT", onInt);
      process.on("SIGTERM", onTerm);
      return () => {
        process.off("SIGINT", onInt);
        process.off("SIGTERM", onTerm);
      };
    },
  };
}

/**
 * Where the user stands. In a clone `npm run signalbox` enters the clone's folder first and keeps
 * the user's in INIT_CWD. Scripts of other packages that call us mean the folder they are in.
 */
export function workingFolderOf(env: Terminal["env"], cwd: string): string {
  const event = env["npm_lifecycle_event"];
  const ours =
    env["npm_package_name"] === "signalbox" && (event === "signalbox" || event === "demo");
  return ours && env["npm_package_json"] === join(cwd, "package.json")
    ? (env["INIT_CWD"] ?? cwd)
    : cwd;
}

export function invocationOf(env: NodeJS.ProcessEnv, script: string, cwd: string): string {
  if (env["npm_command"] === "exec") return "npx signalbox";
  // "run-script" before npm 11.
  if (env["npm_command"]?.startsWith("run")) {
    // From outside of the clone only an alias gets here, and the README's is called `signalbox`.
    const from = relative(cwd, env["INIT_CWD"] ?? cwd);
    return from === ".." || from.startsWith(`..${sep}`) ? "signalbox" : "npm run signalbox --";
  }
  if (basename(script) === "main.ts") return `node ${relative(cwd, script)}`;
  return "signalbox";
}
