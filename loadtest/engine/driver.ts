// One contestant's process and the protocol it speaks (README.md).
//
//   D1. At most one request is under way; every request is answered or fails by its deadline.
//   D2. Who is not asked stands still: between requests the process is stopped, so that no pool of
//       threads that spins while it waits takes the processors from the one that is measured.
//   D3. A process that ends is told with its status and the end of what it said.
//   D4. No driver outlives us: a stopped one would not see the end of its input.

import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

export interface Ready {
  readonly name: string;
  readonly version: string;
  readonly isa: string;
  /** What a driver for GPUs computes on; "" for the others. */
  readonly device: string;
  readonly uuid: string;
  readonly numerics: string | null;
  readonly kinds: readonly string[];
  readonly loadSeconds: number | null;
  readonly weightBytes: number | null;
  /** Of loading, the part that read and packed the weights. */
  readonly weightsSeconds: number | null;
}

export interface DriverAnswer {
  readonly error: string | null;
  /** NaN where nothing is timed. */
  readonly stepSeconds: number;
  /** Every other number of the answer, by its name. */
  readonly numbers: { readonly [name: string]: number };
  readonly texts: { readonly [name: string]: string };
}

export interface DriverCommand {
  readonly argv: readonly string[];
  readonly readyMsMax: number;
}

const ERROR_LINES = 6;
const STOP_MS_MAX = 10_000;
const TICKS_PER_SECOND = 100; // USER_HZ, fixed by Linux's interface on all our machines.

export class Driver {
  readonly ready: Ready;
  readonly #process: ChildProcess;
  readonly #lines: Lines;

  private constructor(ready: Ready, process: ChildProcess, lines: Lines) {
    this.ready = ready;
    this.#process = process;
    this.#lines = lines;
  }

  /** Resolves when the driver is ready and stands still; rejects with a sentence saying why not. */
  static async start(command: DriverCommand): Promise<Driver> {
    const [program = "", ...args] = command.argv;
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    const onExit = (): void => void child.kill("SIGKILL");
    process.once("exit", onExit);
    child.once("close", () => process.off("exit", onExit));
    const lines = new Lines(child);
    try {
      const ready = parseReady(await lines.next(command.readyMsMax));
      child.kill("SIGSTOP");
      return new Driver(ready, child, lines);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  /** Rejects when the driver ends or the deadline passes; it is of no use then. */
  async ask(request: object, deadlineMs: number): Promise<DriverAnswer> {
    this.#process.kill("SIGCONT");
    this.#process.stdin?.write(`${JSON.stringify(request)}\n`);
    const line = await this.#lines.next(deadlineMs);
    this.#process.kill("SIGSTOP");
    return parseAnswer(line);
  }

  /** Processor time the driver has used so far, all threads. */
  cpuSeconds(): number {
    return cpuSecondsOf(this.#stat());
  }

  /** "R" and "S" of a process that runs or waits, "T" of one that is stopped, as proc(5) has it. */
  state(): string {
    const stat = this.#stat();
    return stat.charAt(stat.lastIndexOf(")") + 2);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGCONT");
    this.#process.stdin?.end();
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), STOP_MS_MAX);
    await ended;
    clearTimeout(timer);
  }

  /** Ends the driver in the middle of a request, whose answer then fails. */
  kill(): void {
    this.#process.kill("SIGKILL");
  }

  #stat(): string {
    return readFileSync(`/proc/${this.#process.pid ?? 0}/stat`, "utf8");
  }
}

/** Seconds of processor time in the text of /proc/PID/stat, children that ended included. */
export function cpuSecondsOf(stat: string): number {
  // The second field is the program's name in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return ticks / TICKS_PER_SECOND;
}

export function parseReady(line: string): Ready {
  const value = objectOf(line);
  if (value["ready"] !== true) throw new Error(`not a ready line: ${line.slice(0, 200)}`);
  const text = (key: string): string => (typeof value[key] === "string" ? value[key] : "");
  const number = (key: string): number | null =>
    typeof value[key] === "number" ? value[key] : null;
  const waterfall = value["waterfall"] as { readonly weights?: unknown } | null | undefined;
  const weights = waterfall?.weights;
  const kinds = Array.isArray(value["kinds"]) ? (value["kinds"] as unknown[]) : [];
  return {
    ...{ name: text("name"), version: text("version"), isa: text("isa") },
    ...{ device: text("device"), uuid: text("uuid") },
    numerics: text("numerics") === "" ? null : text("numerics"),
    kinds: kinds.filter((kind) => typeof kind === "string"),
    ...{ loadSeconds: number("loadSeconds"), weightBytes: number("weightBytes") },
    weightsSeconds: typeof weights === "number" ? weights : null,
  };
}

export function parseAnswer(line: string): DriverAnswer {
  const value = objectOf(line);
  const numbers: { [name: string]: number } = {};
  const texts: { [name: string]: string } = {};
  for (const [key, member] of Object.entries(value)) {
    if (typeof member === "number" && Number.isFinite(member)) numbers[key] = member;
    if (typeof member === "string") texts[key] = member;
  }
  const error = texts["error"] ?? null;
  return { error, stepSeconds: numbers["stepSeconds"] ?? Number.NaN, numbers, texts };
}

function objectOf(line: string): { readonly [key: string]: unknown } {
  const value: unknown = JSON.parse(line);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error(`not a JSON object: ${line.slice(0, 200)}`);
  }
  return value as { readonly [key: string]: unknown };
}

/** The process's standard output line by line, and what it said when it ended instead. */
class Lines {
  readonly #waiting: string[] = [];
  #errors: string[] = [];
  #ended: string | null = null;
  #wake: (() => void) | null = null;

  constructor(process: ChildProcess) {
    if (process.stdout !== null) {
      createInterface({ input: process.stdout }).on("line", (line) => {
        this.#waiting.push(line);
        this.#wake?.();
      });
    }
    if (process.stderr !== null) {
      createInterface({ input: process.stderr }).on("line", (line) => {
        this.#errors = [...this.#errors, line].slice(-ERROR_LINES);
      });
    }
    process.stdin?.on("error", () => {}); // A driver that ended: "close" says so.
    const end = (how: string): void => {
      this.#ended = [how, ...this.#errors].join("\n    ");
      this.#wake?.();
    };
    process.on("error", (error) => end(error.message));
    process.on("close", (code, signal) => end(`ended with ${signal ?? `status ${code}`}`));
  }

  async next(msMax: number): Promise<string> {
    const deadlineMs = performance.now() + msMax;
    for (;;) {
      const line = this.#waiting.shift();
      if (line !== undefined) return line;
      if (this.#ended !== null) throw new Error(this.#ended);
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) throw new Error(`no answer within ${Math.round(msMax / 1000)} s`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
    }
  }
}
