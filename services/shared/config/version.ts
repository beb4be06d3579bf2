// This build's version, from the package it belongs to: the nearest package.json above, which is
// one folder further up in dist.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export function readVersion(directory: string = import.meta.dirname): string {
  const file = join(directory, "package.json");
  if (existsSync(file))
    return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
  const parent = dirname(directory);
  return parent === directory ? "0.0.0" : readVersion(parent);
}
