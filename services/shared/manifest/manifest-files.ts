// The local files a manifest refers to, so that the command line can hash and upload them before it
// submits.

import type { ManifestError, ManifestInput } from "./compile-manifest.ts";
import { readManifest } from "./compile-manifest.ts";
import { parseReferences } from "./references.ts";
import { pathProblem } from "./paths.ts";

export type ManifestFiles =
  | { readonly files: readonly string[]; readonly errors?: never }
  | { readonly errors: readonly ManifestError[]; readonly files?: never };

/**
 * Paths as written, relative to the manifest, each once, sorted. Only paths that stay beside the
 * manifest are listed; what else is wrong with it the compiler says. Errors when it cannot be read.
 */
export function manifestFiles(
  input: Pick<ManifestInput, "text" | "fileName" | "params">,
): ManifestFiles {
  const read = readManifest(input);
  if ("errors" in read) return read;
  const { manifest, scope } = read;
  const files = new Set<string>();
  for (const task of manifest.tasks) {
    for (const file of Object.values(task.with.files ?? {})) {
      if (typeof file === "string" || file.from === undefined) continue;
      const parts = parseReferences(file.from);
      if (parts.some((part) => part.kind === "output" || part.kind === "bad")) continue;
      const path = parts
        .map((part) =>
          part.kind === "text"
            ? part.text
            : part.kind === "param"
              ? String(scope.params[part.name])
              : "",
        )
        .join("");
      if (pathProblem(path) === undefined) files.add(path);
    }
  }
  return { files: [...files].sort() };
}
