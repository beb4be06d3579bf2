// Where the package lies: beside services/ in a clone, above dist/ when installed.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure } from "#shared/base/errors.ts";

export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    // dist may carry a package.json of its own, without a name: examples/ tells them apart.
    if (existsSync(join(folder, "package.json")) && existsSync(join(folder, "proto"))) {
      if (!existsSync(join(folder, "..", "package.json")) || !folder.endsWith("dist"))
        return folder;
    }
    const parent = dirname(folder);
    if (parent === folder) throw new Failure("CORRUPT", "the signalbox package is incomplete");
    folder = parent;
  }
}

/** The small model that comes along: its README says what it knows. */
export function bundledModel(): string {
  return join(packageRoot(), "native", "models", "lantern");
}
