// `signalbox router`: one in the foreground, its workers, and keys for its OpenAI API.

import { resolve } from "node:path";
import type { Command } from "commander";
import { keyFieldsOf } from "#shared/base/api-key.ts";
import { makeCommand, makeGroup, perform, type App, type ExitCode } from "../command.ts";
import { runForeground } from "../mesh/run-foreground.ts";
import { addKeyOptions, newKey, type KeyOptions } from "../serving/new-key.ts";
import type { Session } from "../session.ts";

interface NewOptions extends KeyOptions {
  readonly namespace: string;
}

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
      summary: "run a router here, list one's workers, and make keys for it",
      examples: [
        "signalbox router run --config router.toml",
        "signalbox router workers http://login1:8000",
        "signalbox router key new --namespace lab --name ada",
      ],
    },
    [runCommand(app), workersCommand(app), key],
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

function workersCommand(app: App): Command {
  return makeCommand(
    "workers",
    {
      summary: "the workers of a running router: state, load, when they were heard",
      details:
        "STREAMS are this router's, RUNNING and WAITING the worker's own word. `unwell` hangs or is\n" +
        "silent; `held out` failed requests and is tried again by and by; `sick` has a broken GPU.",
      examples: [
        "signalbox router workers",
        "signalbox router workers http://login1:8000 --json | jq -r '.workers[].worker'",
      ],
    },
    "local",
  )
    .argument("[url]", "the router's OpenAI address", "http://127.0.0.1:8000")
    .action((url: string, _options: object, self: Command) =>
      perform(app, self, async (session) => {
        const { showWorkers } = await import("../serving/router-workers.ts");
        await showWorkers(session, url);
        return 0;
      }),
    );
}

function newCommand(app: App): Command {
  const command = makeCommand(
    "new",
    {
      summary: "print a new key, once, and what to add to the router's keys file",
      details:
        "The keys file ([router] keys_file) holds the key's SHA-256, never the key. The router\n" +
        "reads the file again when it changes. `signalbox key new` adds a key to the control\n" +
        "plane instead, for all routers that take theirs from there.",
      examples: [
        "signalbox router key new --namespace lab --name ada",
        "signalbox router key new --namespace lab --models Qwen3-0.6B --requests-per-minute 60",
      ],
    },
    "local",
  ).requiredOption("--namespace <name>", "whose requests these are: usage is summed by it");
  return addKeyOptions(command).action((options: NewOptions, self: Command) =>
    perform(app, self, (session) => Promise.resolve(makeKey(session, options))),
  );
}

function makeKey({ printer }: Session, options: NewOptions): ExitCode {
  const { key, entry } = newKey(options.namespace, options, null);
  const lines = Object.entries(keyFieldsOf(entry)).map(
    ([field, value]) => `${field} = ${JSON.stringify(value)}`,
  );
  const toml = ["[[key]]", ...lines].join("\n");
  printer.document({ key, sha256: entry.sha256, toml });
  printer.line(`${key}\n`);
  printer.line(toml);
  printer.note("add these lines to the router's keys file; the key cannot be shown again");
  return 0;
}
