// The options that `submit`, `run` and `validate` share.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { parse } from "yaml";
import { Failure } from "#shared/base/errors.ts";
import { parseClusterName } from "#shared/base/ids.ts";
import { collect } from "../command.ts";
import type { SubmissionOptions } from "../client/submission.ts";
import { parsePairs } from "../parse-options.ts";
import type { Terminal } from "../terminal.ts";

export interface ParamFlags {
  readonly param?: readonly string[];
  readonly paramsFile?: string;
  readonly cluster?: string;
}

export interface SubmitFlags extends ParamFlags {
  readonly label?: readonly string[];
  readonly key?: string;
}

/** The server's own bound. */
const KEY_CHARACTERS_MAX = 200;

export function withParamOptions(command: Command): Command {
  return command
    .option("-p, --param <name=value>", "value of a param; may be repeated", collect)
    .option("--params-file <file>", "YAML or JSON object with values of params")
    .option("--cluster <name>", "the cluster of steps that name none");
}

export function withSubmitOptions(command: Command): Command {
  return withParamOptions(command)
    .option("--label <name=value>", "kept with the run; may be repeated", collect)
    .option("--key <key>", "idempotency key: the same key and content give the same run");
}

export function paramsOf(
  terminal: Terminal,
  flags: ParamFlags,
): { readonly [name: string]: unknown } {
  const fromFile = flags.paramsFile === undefined ? {} : readParamsFile(terminal, flags.paramsFile);
  return { ...fromFile, ...parsePairs(flags.param ?? [], "--param") };
}

export function submissionOptions(terminal: Terminal, flags: SubmitFlags): SubmissionOptions {
  if (flags.key !== undefined && (flags.key === "" || flags.key.length > KEY_CHARACTERS_MAX)) {
    throw new Failure("INVALID", `--key must have 1 to ${KEY_CHARACTERS_MAX} characters`);
  }
  return {
    params: paramsOf(terminal, flags),
    labels: parsePairs(flags.label ?? [], "--label"),
    cluster: flags.cluster === undefined ? null : parseClusterName(flags.cluster),
    key: flags.key ?? null,
  };
}

function readParamsFile(terminal: Terminal, file: string): { readonly [name: string]: unknown } {
  let value: unknown;
  try {
    value = parse(readFileSync(resolve(terminal.cwd, file), "utf8"));
  } catch (reason) {
    throw new Failure("INVALID", `cannot read params from ${file}: ${(reason as Error).message}`, {
      cause: reason,
    });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new Failure("INVALID", `${file} holds no object of params`, {
    hint: "write one value per line: steps: 100",
  });
}
