// The addon for tests that need it: built where a compiler is, or the one SIGNALBOX_ENGINE names.

import { existsSync } from "node:fs";
import { join } from "node:path";

import { ADDON_FILE, ADDON_TARGET, buildNative, whyNoBuild } from "../../tools/native-build.ts";
import { ADDON_VARIABLE } from "../binding.ts";

const named = process.env[ADDON_VARIABLE] ?? "";

/** Why tests of the addon cannot run here; null where they can. */
export const WHY_NO_ADDON: string | null = named === "" ? whyNoBuild() : null;

/** Building the whole engine for the first time, on two busy cores. */
export const BUILD_MS_MAX = 900_000;

/** A small model with random weights, whose greedy outputs are known. */
export const TEST_MODEL = join(import.meta.dirname, "..", "models", "random", "llama-gqa");

/** Its path. Built once; other files and processes wait for it. */
export async function builtAddon(): Promise<string> {
  if (named !== "") return named;
  await buildNative({ variant: "release", targets: [ADDON_TARGET], strict: true });
  if (!existsSync(ADDON_FILE)) throw new Error(`${ADDON_FILE} was built and is not there`);
  return ADDON_FILE;
}
