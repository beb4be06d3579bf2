// `signalbox router`: one in the foreground, and keys for its OpenAI API.

import { createHash, randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { Option, type Command } from "commander";
import { makeCommand, makeGroup, perform, type App, type ExitCode } from "../command.ts";
import { Failure } from "#shared/base/errors.ts";
import { runForeground } from "../mesh/run-foreground.ts";
import { parseWhole } from "../parse-options.ts";
import type { Session } from "../session.ts";

interface NewOptions {
  readonly namespace: string;
  readonly name?: string;
  readonly models?: string;
  readonly priority: string;
  readonly priorityMax?: string;
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly concurrent?: number;
}

/** As the router's keys file takes them. */
const CLASSES = ["critical", "realtime", "high", "normal", "low", "bulk"];
const RATE_MAX = 1_000_000_000;
/** As much as its hash tells of it: guessing either is hopeless. */
const KEY_BYTES = 32;

export function routerCommand(app: App): Command {
  const key = makeGroup(
    "key",
    {
      summary: "make keys for the OpenAI API",
      examples: ["signalbox router key new --namespace lab --name ada"],
    },
    [newCommand(app)],
  );
  return makeGroup(
    "router",
    {
      summary: "run a router here, and make keys for it",
      examples: [
        "signalbox router run --config router.toml",
        "signalbox router key new --namespace lab --name ada",
      ],
    },
    [runCommand(app), key],
  );
}

function runCommand(app: App): Command {
  return makeCommand(
    "run",
    {
      summary: "run a router here, in the foreground",
      details:
        "The OpenAI API at [router] http, and workers dial [router] workers. SIGTERM or Ctrl-C refuses\n" +
        "what is new and lets streams finish within drain_s. Logs are JSON lines on stderr.",
      examples: ["signalbox router run --config router.toml"],
    },
    "local",
  )
    .requiredOption("--config <file>", "TOML file with a [router] section")
    .action(({ config }: { config: string }, self: Command) =>
      perform(app, self, (session) => {
        const file = resolve(session.terminal.cwd, config);
        return runForeground(session, "router", file, (pid, ready) => {
          const { http, workers } = ready;
          return `the API is at http://${String(http)}/v1, workers dial ${String(workers)} (pid ${pid})`;
        });
      }),
    );
}

function newCommand(app: App): Command {
  const rate = parseWhole(1, RATE_MAX);
  return makeCommand(
    "new",
    {
      summary: "print a new key, once, and what to add to the router's keys file",
      details:
        "The keys file ([router] keys_file) holds the key's SHA-256, never the key. The router\n" +
        "reads the file again when it changes.",
      examples: [
        "signalbox router key new --namespace lab --name ada",
        "signalbox router key new --namespace lab --models Qwen3-0.6B --requests-per-minute 60",
      ],
    },
    "local",
  )
    .requiredOption("--namespace <name>", "whose requests these are: usage is summed by it")
    .option("--name <name>", "as logs and usage call the key (default: namespace and digits)")
    .option("--models <a,b>", "models it may use (default: all)")
    .addOption(
      new Option("--priority <class>", "of a request that names none")
        .choices(CLASSES)
        .default("normal"),
    )
    .addOption(
      new Option("--priority-max <class>", "the most urgent it may ask for").choices(CLASSES),
    )
    .option("--requests-per-minute <n>", "limit (default: none)", rate)
    .option("--tokens-per-minute <n>", "limit, prompt and output (default: none)", rate)
    .option("--concurrent <n>", "requests at once (default: no limit)", rate)
    .action((options: NewOptions, self: Command) =>
      perform(app, self, (session) => Promise.resolve(makeKey(session, options))),
    );
}

function makeKey({ printer }: Session, options: NewOptions): ExitCode {
  const key = `sk-sb-${randomBytes(KEY_BYTES).toString("base64url")}`;
  const sha256 = createHash("sha256").update(key).digest("hex");
  const name = options.name ?? `${options.namespace}-${sha256.slice(0, 8)}`;
  for (const each of [name, options.namespace]) {
    if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/u.test(each)) continue;
    throw new Failure("INVALID", `${JSON.stringify(each)}: letters, digits, dots and dashes only`);
  }
  const priorityMax = options.priorityMax ?? options.priority;
  if (CLASSES.indexOf(priorityMax) > CLASSES.indexOf(options.priority)) {
    throw new Failure("INVALID", `--priority-max ${priorityMax} is below ${options.priority}`);
  }
  const entry = {
    ...{ name, sha256, namespace: options.namespace },
    models: options.models?.split(",").map((model) => model.trim()) ?? "all",
    ...{ priority: options.priority, priority_max: priorityMax },
    requests_per_minute: options.requestsPerMinute,
    tokens_per_minute: options.tokensPerMinute,
    concurrent: options.concurrent,
  };
  const lines = Object.entries(entry)
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => `${field} = ${JSON.stringify(value)}`);
  const toml = ["[[key]]", ...lines].join("\n");
  printer.document({ key, sha256, toml });
  printer.line(`${key}\n`);
  printer.line(toml);
  printer.note("add these lines to the router's keys file; the key cannot be shown again");
  return 0;
}
