// `signalbox worker journal` and `worker manifest`: what a worker keeps in its state directory. It
// may run meanwhile.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { Option, type Command } from "commander";
import { Failure } from "#shared/base/errors.ts";
import {
  WORKER_TABLES,
  type FileRow,
  type ModelRow,
  type RequestRow,
} from "#shared/base/worker-state.ts";
import type { Store } from "#shared/state/store.ts";
import { makeCommand, perform, type App, type ExitCode } from "../command.ts";
import { parseWhole } from "../parse-options.ts";
import { tableLines, type Column } from "../print/table.ts";
import { printable } from "../print/text.ts";
import { durationText, whenText } from "../print/units.ts";
import type { Session } from "../session.ts";

const LIMIT = 20;

export function journalCommand(app: App): Command {
  return makeCommand(
    "journal",
    {
      summary: "which requests a worker ran, and how they ended",
      details:
        "Reads [worker] state, the newest request last. `lost` are those that a worker had in hand when\n" +
        "it died, as the next one there found them. No prompt and no answer is kept.",
      examples: [
        "signalbox worker journal /var/lib/signalbox/worker",
        "signalbox worker journal /var/lib/signalbox/worker --end lost --json",
      ],
    },
    "local",
  )
    .argument("<dir>", "the worker's state directory")
    .addOption(
      new Option("--end <how>", "only requests that ended so").choices([
        ...["running", "stop", "length", "aborted", "fenced", "handed_back", "failed", "lost"],
      ]),
    )
    .addOption(
      new Option("--limit <count>", "requests at most")
        .default(LIMIT)
        .argParser(parseWhole(1, 1_000_000)),
    )
    .action((dir: string, options: { end?: string; limit: number }, self: Command) =>
      perform(app, self, (session) =>
        reading(session, dir, (store) => showJournal(session, store, options)),
      ),
    );
}

export function manifestCommand(app: App): Command {
  return makeCommand(
    "manifest",
    {
      summary: "which model files a worker serves, by SHA-256",
      details:
        "Reads [worker] state. The lines are those of sha256sum, which can check the model's folder by\n" +
        "them. A worker hashes new files while it serves nobody: the rest is named on stderr.",
      examples: [
        "signalbox worker manifest /var/lib/signalbox/worker",
        "cd ~/models/Qwen3-0.6B && signalbox worker manifest /var/lib/signalbox/worker | sha256sum -c",
      ],
    },
    "local",
  )
    .argument("<dir>", "the worker's state directory")
    .action((dir: string, _: object, self: Command) =>
      perform(app, self, (session) =>
        reading(session, dir, (store) => showManifest(session, store)),
      ),
    );
}

async function reading(
  session: Session,
  given: string,
  show: (store: Store) => void,
): Promise<ExitCode> {
  const path = resolve(session.terminal.cwd, given);
  if (!existsSync(join(path, "data.mdb"))) {
    throw new Failure("NOT_FOUND", `no worker has kept anything in ${path}`, {
      hint: "give the directory that is `state` in the worker's configuration",
    });
  }
  const { openStore } = await import("#shared/state/store.ts");
  const store = openStore({ path });
  try {
    show(store);
  } finally {
    await store.close();
  }
  return 0;
}

function showJournal(
  { printer, terminal }: Session,
  store: Store,
  { end, limit }: { readonly end?: string; readonly limit: number },
): void {
  const { ended, running } = WORKER_TABLES;
  const all = [ended, running].flatMap((table) => store.range<RequestRow>(table));
  const found = all
    .map(({ value }) => value)
    .filter((row) => end === undefined || (row.end ?? "running") === end)
    .toSorted((a, b) => a.serial - b.serial);
  const rows = found.slice(-limit);
  printer.document(rows);
  if (rows.length === 0) return printer.note("no such request is in the journal");
  const columns = journalColumns(terminal.nowMs());
  printer.lines(tableLines(columns, rows, printer.columns(), printer.style.dim));
  if (found.length > rows.length) {
    printer.note(`there are ${found.length - rows.length} more: --limit ${limit * 10} shows them`);
  }
}

function journalColumns(nowMs: number): Column<RequestRow>[] {
  const ended = ({ end, endedMs }: RequestRow): number | null => (end === "lost" ? null : endedMs);
  return [
    { title: "STARTED", cell: ({ startedMs }) => whenText(startedMs, nowMs) },
    {
      title: "TOOK",
      cell: (row) => {
        const endedMs = ended(row);
        return endedMs === null ? "-" : durationText(endedMs - row.startedMs);
      },
    },
    { title: "END", cell: ({ end }) => end ?? "running" },
    { title: "PROMPT", cell: ({ promptTokens }) => String(promptTokens) },
    { title: "OUTPUT", cell: ({ tokens }) => String(tokens) },
    { title: "ROUTER", cell: ({ router }) => printable(router) },
    { title: "REQUEST", cell: ({ id }) => printable(id) },
  ];
}

function showManifest({ printer }: Session, store: Store): void {
  const model = store.get<ModelRow>(WORKER_TABLES.about, "model");
  const rows = store.range<FileRow>(WORKER_TABLES.files);
  const files = rows.map(({ key, value }) => ({ file: key, ...value }));
  printer.document({ model: model ?? null, files });
  for (const { file, sha256 } of files) {
    if (sha256 === null) printer.note(`${printable(file)} is not hashed yet`);
    else printer.line(`${sha256}  ${printable(file)}`);
  }
}
