// The order of test files. Vitest begins with the largest where it has not run them before; the one
// that takes a third of all time is small, and would be what everybody waits for at the end.

import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Begun first, in this order: they wait for a compiler most of the time. */
const FIRST = ["native/native.test.ts", "test/pack.test.ts"];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = (file: TestSpecification): number => {
      const at = FIRST.findIndex((end) => file.moduleId.endsWith(`/${end}`));
      return at === -1 ? FIRST.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}
