// A directory of a test's own, gone when the test is.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TempDirectory extends Disposable {
  readonly path: string;
  /** Deletes it with all that is inside. */
  readonly remove: () => void;
}

/** `onTestFinished(directory.remove)`, or `using directory = tempDirectory()`. */
export function tempDirectory(name = "test"): TempDirectory {
  const path = mkdtempSync(join(tmpdir(), `signalbox-${name}-`));
  const remove = (): void => rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  return { path, remove, [Symbol.dispose]: remove };
}
