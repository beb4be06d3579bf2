// A small Node process that starts others for this one.
//
// On Linux libuv starts a process by fork(2), whose cost grows with the memory of who forks:
// measured 0.7 ms at 49 MB, 2.7 ms at 129 MB, and all of it in the way of everything else. So the
// large process asks a small one, by lines of JSON over two pipes.
//
//   H1. What the host started outlives it: sessions of their own, no shared files.
//   H2. The host ends when its standard input does, that is with whoever started it.
//   H3. A request whose answer got lost with the host is UNKNOWN_OUTCOME, never a refusal; and for
//       every process of a lost host onExit is called, with nulls: somebody must look.

import { spawn } from "node:child_process";
import type { ChildProcess, spawn as Spawn } from "node:child_process";
import { Failure } from "#shared/base/errors.ts";
import type { SpawnOptions } from "../../transport.ts";

type OnExit = NonNullable<SpawnOptions["onExit"]>;

interface Waiting {
  readonly resolve: (pid: number) => void;
  readonly reject: (reason: unknown) => void;
  readonly onExit: OnExit | undefined;
}

interface Answer {
  readonly id: number;
  readonly pid?: number;
  /** A failed start, as Node words it. */
  readonly error?: { readonly code?: string; readonly message: string };
  readonly exit?: number | null;
  readonly signal?: string | null;
}

export class SpawnHost {
  #host: ChildProcess | null = null;
  #nextId = 1;
  #env: object | null = null;
  #text = "";
  readonly #waiting = new Map<number, Waiting>();
  readonly #running = new Map<number, OnExit>();
  readonly #failureOf: (reason: unknown) => Failure;

  /** `failureOf` words a start that failed, given an error with Node's `code`. */
  constructor(failureOf: (reason: unknown) => Failure) {
    this.#failureOf = failureOf;
  }

  /** As Transport.spawnDetached. */
  spawn(file: string, args: readonly string[], options: SpawnOptions): Promise<number> {
    const host = this.#hostNow();
    const id = this.#nextId++;
    const { cwd, env, onExit } = options;
    // The same environment is sent once; jobs of one dialect share it.
    const request = { id, file, args, cwd, ...(env === this.#env ? {} : { env }) };
    this.#env = env;
    host.stdin?.write(`${JSON.stringify(request)}\n`);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject, onExit }));
  }

  /** The host ends; what it started goes on. */
  close(): void {
    this.#host?.removeAllListeners("exit");
    this.#host?.stdin?.end();
    this.#lost();
  }

  #hostNow(): ChildProcess {
    if (this.#host !== null) return this.#host;
    const code = `(${serveSpawns.toString()})(require("node:child_process").spawn)`;
    const flags = ["--no-warnings", "--input-type=commonjs", "-e", code];
    const host = spawn(process.execPath, flags, {
      stdio: ["pipe", "pipe", "ignore"],
      detached: true,
      env: {},
    });
    host.once("error", () => this.#lost());
    host.once("exit", () => this.#lost());
    host.stdin?.on("error", () => {}); // It is gone; its exit says so.
    host.stdout?.setEncoding("utf8").on("data", (chunk: string) => this.#onText(chunk));
    for (const handle of [host, host.stdin, host.stdout]) unref(handle);
    this.#host = host;
    return host;
  }

  #onText(chunk: string): void {
    const lines = (this.#text + chunk).split("\n");
    this.#text = lines.pop() ?? "";
    for (const line of lines) this.#onAnswer(JSON.parse(line) as Answer);
  }

  #onAnswer({ id, pid, error, exit = null, signal = null }: Answer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) {
      const onExit = this.#running.get(id);
      this.#running.delete(id);
      onExit?.(exit, signal);
      return;
    }
    this.#waiting.delete(id);
    if (pid === undefined) {
      waiting.reject(this.#failureOf(Object.assign(new Error(error?.message), error)));
      return;
    }
    if (waiting.onExit !== undefined) this.#running.set(id, waiting.onExit);
    waiting.resolve(pid);
  }

  #lost(): void {
    this.#host = null;
    this.#env = null;
    this.#text = "";
    for (const { reject } of this.#waiting.values()) {
      reject(new Failure("UNKNOWN_OUTCOME", "the process that starts jobs was lost"));
    }
    this.#waiting.clear();
    const running = [...this.#running.values()];
    this.#running.clear();
    for (const onExit of running) onExit(null, null);
  }
}

/**
 * The host's whole program. It is sent as text, so it names nothing outside itself, and the host
 * needs neither a file nor a loader (17 MB more to fork).
 */
function serveSpawns(start: typeof Spawn): void {
  let text = "";
  let env: NodeJS.ProcessEnv = {};
  const answer = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
  const serve = (line: string): void => {
    const request = JSON.parse(line);
    const { id, file, args, cwd } = request;
    env = request.env ?? env;
    const fail = (error: NodeJS.ErrnoException): void =>
      answer({ id, error: { code: error.code, message: error.message } });
    try {
      const child = start(file, args, { cwd, env, detached: true, stdio: "ignore" });
      child.on("error", fail);
      if (child.pid === undefined) return;
      answer({ id, pid: child.pid });
      child.on("exit", (exit, signal) => answer({ id, exit, signal }));
    } catch (error) {
      fail(error as NodeJS.ErrnoException);
    }
  };
  process.stdout.on("error", () => process.exit(0));
  process.stdin.setEncoding("utf8");
  process.stdin.on("data", (chunk: string) => {
    const lines = (text + chunk).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) serve(line);
  });
  process.stdin.on("end", () => process.exit(0));
}

function unref(handle: unknown): void {
  (handle as { unref?: () => void } | null)?.unref?.();
}
