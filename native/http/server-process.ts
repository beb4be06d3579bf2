// A server as a child of this process, in a group of its own with whatever it starts.
//
//   P1. It does not outlive this process, however that ends: a shell beside it holds the other end
//       of a pipe, and ends the group when the pipe closes.
//   P2. What it writes is appended to its log; the end of that is in the error when it ends.

import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, fstatSync, mkdirSync, openSync, readSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { dirname } from "node:path";

/** Asked to end, it has so long before it is killed. */
const GRACE_S = 10;
const TAIL_BYTES = 4_096;
/**
 * `$1` is the grace, and the rest the command. The shell ends as the command does, and what that
 * has left behind in the group goes two seconds later.
 */
const WATCH = `exec 3<&0 </dev/null; grace=$1; shift
"$@" 3<&- & child=$!
trap '' TERM
{ read -r _ <&3; kill -TERM -$$; sleep "$grace"; kill -KILL -$$; } & watcher=$!
wait $child; code=$?
kill -KILL $watcher 2>/dev/null
{ sleep 2; kill -KILL -$$; } & exit $code`;

export interface ServerCommand {
  /** `{port}` in it stands for the port that it is to listen at. */
  readonly argv: readonly string[];
  readonly port: number;
  readonly logFile: string;
}

export class ServerProcess {
  readonly logFile: string;
  /** In words: how it ended. Never rejects. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;

  constructor({ argv, port, logFile }: ServerCommand) {
    this.logFile = logFile;
    // It may be the first to need our state folder, where tokens come to lie, too.
    mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
    const log = openSync(logFile, "a", 0o600);
    const command = argv.map((it) => it.replaceAll("{port}", String(port)));
    this.#child = spawn("/bin/sh", ["-c", WATCH, "server", String(GRACE_S), ...command], {
      ...{ detached: true, stdio: ["pipe", log, log] },
    });
    closeSync(log);
    this.#child.stdin?.on("error", () => {}); // It ended before it was told to.
    this.ended = new Promise((resolve) => {
      this.#child.once("error", (reason) => resolve(`could not be started: ${reason.message}`));
      this.#child.once("exit", (code, signal) => resolve(howItEnded(code, signal)));
    });
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  /** Asks it to end, and kills it when it does not. */
  async stop(): Promise<void> {
    this.#child.stdin?.end();
    await this.ended;
  }

  /** The last lines of its log. */
  logTail(lines: number): string {
    const file = openSync(this.logFile, "r");
    try {
      const { size } = fstatSync(file);
      const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
      readSync(file, bytes, 0, bytes.length, size - bytes.length);
      return bytes.toString("utf8").trimEnd().split("\n").slice(-lines).join("\n");
    } finally {
      closeSync(file);
    }
  }
}

/** One that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** The shell says by 128 and more that a signal ended the command. */
function howItEnded(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal !== null) return `was ended by ${signal}`;
  if (code !== null && code > 128) return `was ended by signal ${code - 128}`;
  return `ended with ${code ?? "no code"}`;
}
