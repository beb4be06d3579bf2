// Prints the totals of a run, with the name of everything that failed, since the end of a log is
// what is kept of it. A test that did not run proves nothing: every skipped test is named too; with
// CI=true it fails the run, unless its name says which hardware is absent.

import type { Reporter, SerializedError, TestModule } from "vitest/node";

/** Hardware that a machine may lack; everything else can be installed. */
const ABSENT_HARDWARE = /\bno (?:AMX|GPU)\b|\bneeds (?:AMX|a GPU)\b/;

const LINE_CHARACTERS_MAX = 300;

export interface SkipJudgement {
  /** Skipped without an excuse. */
  readonly refused: readonly string[];
  /** Skipped because hardware is absent. */
  readonly excused: readonly string[];
}

export function judgeSkips(names: readonly string[]): SkipJudgement {
  return {
    refused: names.filter((name) => !ABSENT_HARDWARE.test(name)),
    excused: names.filter((name) => ABSENT_HARDWARE.test(name)),
  };
}

export class TotalsReporter implements Reporter {
  readonly #strict: boolean;

  constructor(options: { readonly strict: boolean }) {
    this.#strict = options.strict;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state] += 1;
    }
    const skipped = modules.flatMap((module) =>
      [...module.children.allTests("skipped")].map(
        (test) => `${module.relativeModuleId} > ${test.fullName}`,
      ),
    );
    const { refused, excused } = judgeSkips(skipped);
    for (const name of excused) process.stdout.write(` skipped, hardware absent: ${name}\n`);
    for (const name of refused) process.stdout.write(` skipped: ${name}\n`);
    for (const line of failures(modules, unhandled)) process.stdout.write(` failed: ${line}\n`);
    const failed = modules.filter((module) => module.state() === "failed").length;
    process.stdout.write(
      ` totals: ${count.passed} passed, ${count.failed + count.pending} failed, ` +
        `${count.skipped} skipped; ${modules.length} files, ${failed} failed\n`,
    );
    if (refused.length === 0 || !this.#strict) return;
    process.stdout.write(` ${refused.length} skipped tests fail this run (CI=true)\n`);
    process.exitCode = 1;
  }
}

function failures(
  modules: readonly TestModule[],
  unhandled: readonly { readonly message: string }[],
): string[] {
  const lines: string[] = [];
  for (const module of modules) {
    const name = module.relativeModuleId;
    for (const error of module.errors()) lines.push(`${name}: ${firstLine(error.message)}`);
    for (const test of module.children.allTests("failed")) {
      const [error] = test.result().errors ?? [];
      lines.push(`${name} > ${test.fullName}: ${firstLine(error?.message ?? "no error given")}`);
    }
    for (const suite of module.children.allSuites()) {
      for (const error of suite.errors()) {
        lines.push(`${name} > ${suite.fullName}: ${firstLine(error.message)}`);
      }
    }
  }
  for (const error of unhandled) lines.push(`outside any test: ${firstLine(error.message)}`);
  return lines;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!.slice(0, LINE_CHARACTERS_MAX);
}
