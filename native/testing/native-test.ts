// Runs one executable of C++ tests and reads what it says (native/test/check.h).

import { spawn } from "node:child_process";
import { join } from "node:path";

/** What a machine may lack, huge pages of its kernel too; all else that a case skips for fails. */
const HARDWARE = /\bprocessor\b|\bx86\b|\bAMX\b|\bAVX|\bNEON\b|\bGPU\b|\bhuge pages\b/u;

export interface NativeResult {
  readonly ok: boolean;
  /** Sentences of the cases that ran. */
  readonly passed: readonly string[];
  /** `case: reason`, by whether the reason is hardware that is not here. */
  readonly excused: readonly string[];
  readonly refused: readonly string[];
  /** All it printed. */
  readonly output: string;
}

/** Ends by itself after `timeoutMs`, and counts as failed then. */
export async function runNativeTest(
  folder: string,
  name: string,
  timeoutMs: number,
  env: NodeJS.ProcessEnv = {},
): Promise<NativeResult> {
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  const child = spawn(join(folder, name), [], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  const said: Buffer[] = [];
  child.stdout.on("data", (bytes: Buffer) => said.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => said.push(bytes));
  child.on("error", reject).on("close", (code, signal) => {
    if (signal !== null) said.push(Buffer.from(`\nended by ${signal} (limit ${timeoutMs} ms)\n`));
    resolve(code);
  });
  const code = await promise;
  return readNativeResult(code, Buffer.concat(said).toString("utf8"));
}

export function readNativeResult(code: number | null, output: string): NativeResult {
  const lines = output.split("\n");
  const named = (word: string): string[] =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(6));
  const skipped = named("skip ");
  return {
    // A summary that is missing means that it ended in the middle, whatever its exit code.
    ok: code === 0 && /^\d+ cases, 0 failed/mu.test(output),
    passed: named("ok   "),
    excused: skipped.filter((it) => HARDWARE.test(reasonOf(it))),
    refused: skipped.filter((it) => !HARDWARE.test(reasonOf(it))),
    output,
  };
}

/** Sentences may have colons too; reasons have none so far, and are last. */
function reasonOf(skip: string): string {
  return skip.slice(skip.lastIndexOf(": ") + 2);
}
