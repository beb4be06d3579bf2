// A service of the mesh as a process of its own, to be killed, stopped and started again. Ended by
// its pid and nothing else.

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { once } from "node:events";

export interface ReadyLine {
  readonly ready: true;
  readonly grpc?: string;
  readonly http?: string;
  readonly pid: number;
}

const READY_MS = 60_000;

export class ServiceProcess {
  readonly name: string;
  readonly #argv: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  readonly #logPath: string;
  #child: ChildProcess | null = null;
  #stopped = false;

  constructor(name: string, argv: readonly string[], env: NodeJS.ProcessEnv, logPath: string) {
    this.name = name;
    this.#argv = argv;
    this.#env = env;
    this.#logPath = logPath;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.name} does not run`);
    return this.#child.pid;
  }

  /** Resolves with its ready line; rejects with the end of its log when it does not come up. */
  async start(readyMs = READY_MS): Promise<ReadyLine> {
    const log = openSync(this.#logPath, "a");
    const [file = "", ...rest] = this.#argv;
    const child = spawn(file, rest, { env: this.#env, stdio: ["ignore", "pipe", log] });
    closeSync(log);
    this.#child = child;
    let text = "";
    return await new Promise<ReadyLine>((resolve, reject) => {
      const fail = (why: string): void =>
        reject(new Error(`${this.name} ${why}\n${this.logTail()}`));
      const timer = setTimeout(() => fail(`was not ready within ${readyMs} ms`), readyMs);
      child.once("exit", (code, signal) => {
        clearTimeout(timer);
        fail(`ended with ${code ?? signal}`);
      });
      child.stdout?.on("data", (chunk: Buffer) => {
        text += chunk.toString("utf8");
        const line = text.split("\n").find((each) => each.startsWith('{"ready":true'));
        if (line === undefined || !text.includes("\n")) return;
        clearTimeout(timer);
        child.removeAllListeners("exit");
        resolve(JSON.parse(line) as ReadyLine);
      });
    });
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
    this.#stopped = signal === "SIGSTOP" || (this.#stopped && signal !== "SIGCONT");
  }

  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  logTail(lines = 15): string {
    try {
      return readFileSync(this.#logPath, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
    } catch {
      return "";
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    if (this.#stopped) child.kill("SIGCONT");
    const force = setTimeout(() => child.kill("SIGKILL"), 15_000);
    await ended;
    clearTimeout(force);
    this.#stopped = false;
  }
}
