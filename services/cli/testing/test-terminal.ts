// A terminal made of strings: what a command prints can be read, Ctrl-C can be pressed.

import { PassThrough, Readable, Writable } from "node:stream";
import type { Terminal } from "../terminal.ts";

export interface TestTerminal extends Terminal {
  readonly out: () => string;
  readonly err: () => string;
  /** What is on stdout as JSON. */
  readonly json: () => unknown;
  /** What is on stdout as JSON lines. */
  readonly records: () => unknown[];
  readonly interrupt: () => void;
  /** How many listen for Ctrl-C now. */
  readonly listeners: () => number;
}

export interface TestTerminalOptions {
  readonly env?: Terminal["env"];
  readonly cwd?: string;
  readonly tty?: boolean;
  readonly stdin?: string;
  readonly columns?: number;
}

export function testTerminal(options: TestTerminalOptions = {}): TestTerminal {
  const stdout = recorder();
  const stderr = recorder();
  const listeners = new Set<(signal: "SIGINT" | "SIGTERM") => void>();
  return {
    stdin: options.stdin === undefined ? new PassThrough().end() : Readable.from([options.stdin]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    stdoutIsTty: options.tty ?? false,
    stderrIsTty: options.tty ?? false,
    env: { LANG: "C.UTF-8", ...options.env },
    cwd: options.cwd ?? process.cwd(),
    invocation: "signalbox",
    size: () => ({ columns: options.columns ?? 100, rows: 24 }),
    nowMs: () => Date.now(),
    onInterrupt: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    out: stdout.text,
    err: stderr.text,
    json: () => JSON.parse(stdout.text()) as unknown,
    records: () =>
      stdout
        .text()
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    interrupt: () => {
      for (const listener of listeners) listener("SIGINT");
    },
    listeners: () => listeners.size,
  };
}

function recorder(): { readonly stream: Writable; readonly text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString("utf8") };
}
