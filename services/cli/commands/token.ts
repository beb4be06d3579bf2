// `signalbox token`: create, list and revoke bearer tokens.

import { Option, type Command } from "commander";
import { resolve } from "node:path";
import { makeGroup, makeCommand, perform, type App, type ExitCode } from "../command.ts";
import { parseToken, type TokenView } from "../client/cluster-view.ts";
import { writeFileAtomic } from "../mesh/mesh-record.ts";
import { tableLines } from "../print/table.ts";
import { printable } from "../print/text.ts";
import { parseDuration, whenText } from "../print/units.ts";
import type { Session } from "../session.ts";

interface CreateOptions {
  readonly role: string;
  readonly name: string;
  readonly lifetime?: string;
  readonly out?: string;
}

export function tokenCommand(app: App): Command {
  return makeGroup(
    "token",
    {
      summary: "create, list and revoke bearer tokens",
      details: "Only their hashes are stored.",
      examples: [
        "signalbox token create --role submitter --name laptop --lifetime 30d",
        "signalbox token list",
      ],
    },
    [createCommand(app), listCommand(app), revokeCommand(app)],
  );
}

function createCommand(app: App): Command {
  return makeCommand("create", {
    summary: "create a token; its secret is shown once",
    examples: [
      "signalbox token create --role submitter --name laptop --lifetime 30d",
      "signalbox token create --role viewer --name dashboard --out dashboard.token",
    ],
  })
    .addOption(
      new Option("--role <role>", "what it may do")
        .choices(["viewer", "submitter", "admin"])
        .default("submitter"),
    )
    .option("--name <name>", "whose or what for", "unnamed")
    .option("--lifetime <duration>", "90s, 15m, 2h, 7d (default: no end)")
    .option("--out <file>", "write the secret there (mode 0600) instead of printing it")
    .action((options: CreateOptions, self: Command) =>
      perform(app, self, (session) => create(session, options)),
    );
}

async function create(session: Session, options: CreateOptions): Promise<ExitCode> {
  const lifetimeMs = options.lifetime === undefined ? 0 : parseDuration(options.lifetime);
  const client = await session.client();
  const { printer, terminal } = session;
  const answer = await client.once(() =>
    client.namespaces.createToken({
      namespace: client.context.namespace,
      role: options.role,
      name: options.name,
      lifetimeS: Math.ceil(lifetimeMs / 1000),
    }),
  );
  const token = parseToken(answer.token ?? {});
  const secret = answer.secret ?? "";
  if (options.out === undefined) {
    printer.document({ token, secret });
    printer.line(secret);
  } else {
    writeFileAtomic(resolve(terminal.cwd, options.out), `${secret}\n`);
    printer.document({ token, file: options.out });
    printer.line(`written to ${options.out}`);
  }
  printer.note(
    `token ${token.id}: ${token.role} in ${token.namespace}, ends: ${expiry(token, terminal.nowMs())}`,
  );
  printer.note("only its hash is kept: the secret cannot be shown again");
  return 0;
}

function listCommand(app: App): Command {
  return makeCommand("list", {
    summary: "list tokens, without their secrets",
    examples: ["signalbox token list"],
  }).action((_options: object, self: Command) => perform(app, self, list));
}

async function list(session: Session): Promise<ExitCode> {
  const client = await session.client();
  const { namespace } = client.context;
  const answer = await client.again(() => client.namespaces.listTokens({ namespace }));
  const tokens = (answer.tokens ?? []).map(parseToken);
  const { printer, terminal } = session;
  printer.document(tokens);
  const nowMs = terminal.nowMs();
  if (tokens.length === 0) {
    printer.note("there are no tokens in this namespace");
    return 0;
  }
  printer.lines(
    tableLines<TokenView>(
      [
        { title: "TOKEN", cell: (it) => it.id },
        { title: "ROLE", cell: (it) => it.role },
        { title: "CREATED", cell: (it) => whenText(it.createdAtMs, nowMs) },
        { title: "ENDS", cell: (it) => expiry(it, nowMs) },
        { title: "NAME", cell: (it) => printable(it.name) },
      ],
      tokens,
      printer.columns(),
      printer.style.dim,
    ),
  );
  return 0;
}

function revokeCommand(app: App): Command {
  return makeCommand("revoke", {
    summary: "revoke a token at once",
    examples: ["signalbox token revoke 7m2k4d"],
  })
    .argument("<id>", "the token's id, from `signalbox token list`")
    .action((id: string, _options: object, self: Command) =>
      perform(app, self, (session) => revoke(session, id)),
    );
}

async function revoke(session: Session, id: string): Promise<ExitCode> {
  const client = await session.client();
  const request = { namespace: client.context.namespace, id };
  const answer = await client.again(() => client.namespaces.revokeToken(request));
  const token = parseToken(answer.token ?? {});
  session.printer.document({ token });
  session.printer.line(`token ${token.id} (${printable(token.name)}) is revoked`);
  return 0;
}

function expiry(token: TokenView, nowMs: number): string {
  if (token.revoked) return "revoked";
  if (token.expiresAtMs === null) return "never";
  if (token.expiresAtMs <= nowMs) return "expired";
  return new Date(token.expiresAtMs).toISOString().slice(0, 16) + "Z";
}
