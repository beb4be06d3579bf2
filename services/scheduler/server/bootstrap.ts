// The first administrator. A mesh without any token gets one, in a file only its owner can read;
// the file is written before the token counts, so a crash in between leaves a file to overwrite and
// never a mesh that nobody can enter.

import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { namespaceAddress } from "../core/messages.ts";
import type { Engine } from "../engine.ts";
import { newToken, OPERATORS_NAMESPACE } from "./auth.ts";

/** True when this was the first start and `file` now holds an administrator's token. */
export async function bootstrapToken(engine: Engine, file: string): Promise<boolean> {
  const address = namespaceAddress(OPERATORS_NAMESPACE);
  const tokens = await engine.read<"namespace", number>(
    address,
    (state) => state?.tokens.size ?? 0,
  );
  if (tokens > 0) return false;
  const { id, hash, secret } = newToken(OPERATORS_NAMESPACE);
  writeSecret(file, secret);
  await engine.ask<"namespace">(address, {
    kind: "add-token",
    id,
    hash,
    role: "admin",
    name: "bootstrap",
    expiresAtMs: null,
  });
  return true;
}

/** Readable by its owner alone from its first byte on. */
export function writeSecret(file: string, secret: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const beside = `${file}.new`;
  const descriptor = openSync(beside, "w", 0o600);
  try {
    writeFileSync(descriptor, typeof secret === "string" ? `${secret}\n` : secret);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(beside, file);
}
