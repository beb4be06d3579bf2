// A new key for models, and what it allows: the same options and checks whether a router's file
// takes it or the control plane. The key is made here and goes nowhere but to who asked for it.

import { createHash, randomBytes } from "node:crypto";
import { Option, type Command } from "commander";
import { parseKeyEntry, RATE_MAX, REQUEST_CLASSES, type KeyEntry } from "#shared/base/api-key.ts";
import { Failure } from "#shared/base/errors.ts";
import { parseWhole } from "../parse-options.ts";

export interface KeyOptions {
  readonly name?: string;
  readonly models?: string;
  readonly priority: string;
  readonly priorityMax?: string;
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly concurrent?: number;
}

export interface NewKey {
  /** Null: its hash was given. */
  readonly key: string | null;
  readonly entry: KeyEntry;
}

/** As much as its hash tells of it: guessing either is hopeless. */
const KEY_BYTES = 32;

export function addKeyOptions(command: Command): Command {
  const rate = parseWhole(1, RATE_MAX);
  return command
    .option("--name <name>", "as logs and usage call the key (default: namespace and digits)")
    .option("--models <a,b>", "models it may use (default: all)")
    .addOption(
      new Option("--priority <class>", "of a request that names none")
        .choices(REQUEST_CLASSES)
        .default("normal"),
    )
    .addOption(
      new Option("--priority-max <class>", "the most urgent it may ask for").choices(
        REQUEST_CLASSES,
      ),
    )
    .option("--requests-per-minute <n>", "limit (default: none)", rate)
    .option("--tokens-per-minute <n>", "limit, prompt and output (default: none)", rate)
    .option("--concurrent <n>", "requests at once (default: no limit)", rate);
}

/** `given`: the hash of a key that is somewhere already. INVALID names the option that is wrong. */
export function newKey(namespace: string, options: KeyOptions, given: string | null): NewKey {
  const key = given === null ? `sk-sb-${randomBytes(KEY_BYTES).toString("base64url")}` : null;
  const sha256 =
    given ??
    createHash("sha256")
      .update(key ?? "")
      .digest("hex");
  const fields = {
    ...{ name: options.name ?? `${namespace}-${sha256.slice(0, 8)}`, sha256, namespace },
    models: options.models?.split(",").map((model) => model.trim()),
    ...{ priority: options.priority, priority_max: options.priorityMax },
    requests_per_minute: options.requestsPerMinute,
    tokens_per_minute: options.tokensPerMinute,
    concurrent: options.concurrent,
  };
  const entry = parseKeyEntry(fields, (field, why) => {
    return new Failure("INVALID", `--${field.replaceAll("_", "-")} ${why}`);
  });
  return { key, entry };
}
