// `signalbox key`: keys for models, kept by the control plane for every router.

import { resolve } from "node:path";
import type { Command } from "commander";
import { parseKey, type KeyView } from "../client/key-view.ts";
import { makeCommand, makeGroup, perform, type App, type ExitCode } from "../command.ts";
import { writeFileAtomic } from "../mesh/mesh-record.ts";
import { tableLines, type Column } from "../print/table.ts";
import { printable } from "../print/text.ts";
import { whenText } from "../print/units.ts";
import { addKeyOptions, newKey, type KeyOptions } from "../serving/new-key.ts";
import type { Session } from "../session.ts";

interface NewOptions extends KeyOptions {
  readonly sha256?: string;
  readonly out?: string;
}

export function keyCommand(app: App): Command {
  return makeGroup(
    "key",
    {
      summary: "make, list and revoke keys for models",
      details:
        "The control plane keeps the SHA-256 of each key, never a key. Routers with `scheduler_keys`\n" +
        "in their configuration ask it every second, and go by their copy while it is away.\n" +
        "For a router that is alone there is `signalbox router key new`.",
      examples: [
        "signalbox key new --name ada --models Qwen3-0.6B --requests-per-minute 60",
        "signalbox key list",
        "signalbox key revoke ada",
      ],
    },
    [newCommand(app), listCommand(app), revokeCommand(app)],
  );
}

function newCommand(app: App): Command {
  const command = makeCommand("new", {
    summary: "make a key; it is shown once",
    details:
      "The key is made here, and only its SHA-256 goes to the control plane. Usage is summed by\n" +
      "the key's name. Takes an administrator's token.",
    examples: [
      "signalbox key new --name ada --requests-per-minute 60 --out ada.key",
      "signalbox key new --namespace lab --models Qwen3-0.6B --concurrent 8",
      "signalbox key new --name ada --sha256 HASH     # one that a router's file has",
    ],
  });
  return addKeyOptions(command)
    .option("--sha256 <hash>", "of a key there is already (default: a new key is made)")
    .option("--out <file>", "write the key there (mode 0600) instead of printing it")
    .action((options: NewOptions, self: Command) =>
      perform(app, self, (session) => make(session, options)),
    );
}

async function make(session: Session, options: NewOptions): Promise<ExitCode> {
  const client = await session.client();
  const { printer, terminal } = session;
  const { key, entry } = newKey(client.context.namespace, options, options.sha256 ?? null);
  const { name, namespace, sha256, models, priority, priorityMax, limits } = entry;
  // Said again it changes nothing: the key stays the same.
  const answer = await client.again(() =>
    client.keys.addKey({
      ...{ namespace, name, sha256, models: [...(models ?? [])], priority, priorityMax },
      requestsPerMinute: limits.requestsPerMinute ?? 0,
      tokensPerMinute: limits.tokensPerMinute ?? 0,
      concurrent: limits.concurrent ?? 0,
    }),
  );
  const added = parseKey(answer.key ?? {});
  if (key === null) {
    printer.document({ key: null, sha256, added });
    printer.line(`key ${printable(name)} of ${namespace} counts from now on`);
    return 0;
  }
  if (options.out === undefined) {
    printer.document({ key, sha256, added });
    printer.line(key);
  } else {
    writeFileAtomic(resolve(terminal.cwd, options.out), `${key}\n`);
    printer.document({ file: options.out, sha256, added });
    printer.line(`written to ${options.out}`);
  }
  printer.note(`key ${name} of ${namespace}: ${limitsText(added)}; routers know it within seconds`);
  printer.note("only its hash is kept: the key cannot be shown again");
  return 0;
}

function listCommand(app: App): Command {
  return makeCommand("list", {
    summary: "list keys, the revoked ones too",
    examples: ["signalbox key list", "signalbox key list --namespace lab --json"],
  }).action((_options: object, self: Command) => perform(app, self, list));
}

async function list(session: Session): Promise<ExitCode> {
  const client = await session.client();
  const { namespace } = client.context;
  const answer = await client.again(() => client.keys.listKeys({ namespace }));
  const keys = (answer.keys ?? []).map(parseKey);
  const { printer, terminal } = session;
  printer.document(keys);
  if (keys.length === 0) {
    printer.note("there are no keys in this namespace; signalbox key new makes one");
    return 0;
  }
  const nowMs = terminal.nowMs();
  const columns: readonly Column<KeyView>[] = [
    { title: "KEY", cell: ({ name }) => printable(name) },
    { title: "MODELS", cell: ({ models }) => printable(models?.join(", ") ?? "all") },
    { title: "PRIORITY", cell: priorityText },
    { title: "LIMITS", cell: limitsText },
    { title: "CREATED", cell: ({ createdAtMs }) => whenText(createdAtMs, nowMs) },
    {
      title: "REVOKED",
      cell: ({ revokedAtMs }) => (revokedAtMs === null ? "-" : whenText(revokedAtMs, nowMs)),
    },
  ];
  printer.lines(tableLines<KeyView>(columns, keys, printer.columns(), printer.style.dim));
  return 0;
}

function revokeCommand(app: App): Command {
  return makeCommand("revoke", {
    summary: "revoke a key for good",
    details:
      "Routers that reach the control plane refuse it within seconds; requests that run go on.\n" +
      "Its name is free for another key then.",
    examples: ["signalbox key revoke ada"],
  })
    .argument("<name>", "the key's name, from `signalbox key list`")
    .action((name: string, _options: object, self: Command) =>
      perform(app, self, (session) => revoke(session, name)),
    );
}

async function revoke(session: Session, name: string): Promise<ExitCode> {
  const client = await session.client();
  const request = { namespace: client.context.namespace, name };
  const answer = await client.again(() => client.keys.revokeKey(request));
  const key = parseKey(answer.key ?? {});
  session.printer.document({ key });
  session.printer.line(`key ${printable(key.name)} of ${key.namespace} is revoked`);
  return 0;
}

function priorityText({ priority, priorityMax }: KeyView): string {
  return priority === priorityMax ? priority : `${priority}, up to ${priorityMax}`;
}

function limitsText({ requestsPerMinute, tokensPerMinute, concurrent }: KeyView): string {
  const limits = [
    requestsPerMinute === null ? [] : `${requestsPerMinute} requests/min`,
    tokensPerMinute === null ? [] : `${tokensPerMinute} tokens/min`,
    concurrent === null ? [] : `${concurrent} at once`,
  ].flat();
  return limits.length === 0 ? "no limits" : limits.join(", ");
}
