// Prints the totals of a run. A test that did not run proves nothing: every skipped test is named
// at the end of a run; with CI=true it fails the run, unless its name says which hardware is
// absent.

import type { Reporter, TestModule } from "vitest/node";

/** Hardware that a machine may lack; everything else can be installed. */
const ABSENT_HARDWARE = /\bno (?:AMX|GPU)\b|\bneeds (?:AMX|a GPU)\b/;

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

export class NoSkipsReporter implements Reporter {
  readonly #strict: boolean;

  constructor(options: { readonly strict: boolean }) {
    this.#strict = options.strict;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
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
