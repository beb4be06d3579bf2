// A process of the benchmark: a service, or a proxy of somebody else's. Ended by its pid.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface ReadyLine {
  readonly grpc?: string;
  readonly http?: string;
  readonly workers?: string;
}

const READY_MS = 30_000;
const STOP_MS = 5_000;
const LOOK_MS = 50;

export class BenchProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #log: string;

  private constructor(name: string, argv: readonly string[], log: string) {
    this.name = name;
    this.#log = log;
    const [file = "", ...rest] = argv;
    const end = openSync(log, "a");
    this.#child = spawn(file, rest, { stdio: ["ignore", "pipe", end, "ipc"] });
    closeSync(end);
    const kill = (): boolean => this.#child.kill("SIGKILL");
    process.once("exit", kill);
    this.#child.once("exit", () => process.off("exit", kill));
    this.#child.on("error", () => {}); // It is never ready then, and its log says nothing.
  }

  /** One of ours: it says when it is ready, and where. */
  static async ours(
    name: string,
    argv: readonly string[],
    log: string,
  ): Promise<{ process: BenchProcess; ready: ReadyLine }> {
    const started = new BenchProcess(name, [process.execPath, ...argv], log);
    return { process: started, ready: await started.#ready() };
  }

  /** Anything that listens at `port` when it is ready. */
  static async listening(
    name: string,
    argv: readonly string[],
    log: string,
    port: number,
  ): Promise<BenchProcess> {
    const started = new BenchProcess(name, argv, log);
    const endMs = performance.now() + READY_MS;
    while (!(await answers(port))) {
      if (performance.now() > endMs || started.#child.exitCode !== null) {
        await started.stop();
        throw new Error(`${name} does not listen\n${started.#said()}`);
      }
      await sleep(LOOK_MS);
    }
    return started;
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.name} does not run`);
    return this.#child.pid;
  }

  /** Of our own: a message, and the message that answers it. */
  async ask(message: object): Promise<object> {
    const over = new AbortController();
    const until = { signal: over.signal };
    const answer = once(this.#child, "message", until);
    const gone = once(this.#child, "exit", until).then(() => {
      throw new Error(`${this.name} ended\n${this.#said()}`);
    });
    this.#child.send(message);
    try {
      const [answered] = (await Promise.race([answer, gone])) as [object];
      return answered;
    } finally {
      for (const promise of [answer, gone]) promise.catch(() => {}); // One of them is aborted.
      over.abort();
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const force = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(force);
  }

  #ready(): Promise<ReadyLine> {
    const { promise, resolve, reject } = Promise.withResolvers<ReadyLine>();
    const fail = (why: string): void => reject(new Error(`${this.name} ${why}\n${this.#said()}`));
    const timer = setTimeout(() => fail(`was not ready in ${READY_MS} ms`), READY_MS);
    this.#child.once("exit", (code) => fail(`ended with ${code}`));
    let text = "";
    this.#child.stdout?.on("data", (bytes: Buffer) => {
      text += bytes.toString();
      const line = text.split("\n").find((each) => each.startsWith('{"ready":true'));
      if (line === undefined || !text.endsWith("\n")) return;
      clearTimeout(timer);
      resolve(JSON.parse(line) as ReadyLine);
    });
    return promise;
  }

  #said(): string {
    return readFileSync(this.#log, "utf8").trimEnd().split("\n").slice(-10).join("\n");
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
