// `signalbox usage`: what requests to models came to, as routers posted it.

import { Option, type Command } from "commander";
import {
  dayOf,
  parseUsage,
  summedBy,
  USAGE_FIELDS,
  type UsageField,
  type UsageView,
} from "../client/usage-view.ts";
import { makeCommand, perform, type App, type ExitCode } from "../command.ts";
import { tableLines, type Column } from "../print/table.ts";
import { printable } from "../print/text.ts";
import { durationText, parseMoment } from "../print/units.ts";
import type { Session } from "../session.ts";

interface UsageOptions {
  readonly since?: string;
  readonly until?: string;
  readonly by?: readonly UsageField[];
}

export function usageCommand(app: App): Command {
  return makeCommand("usage", {
    summary: "what requests to models came to",
    details:
      "Sums of what routers have posted (`scheduler` in their configuration): some seconds old\n" +
      "while they reach the control plane, and caught up with when they do again. Days are UTC.",
    examples: [
      "signalbox usage --since 30d                  # by key and model",
      "signalbox usage --by day --since 2026-05-01 --until 2026-05-31",
      "signalbox usage --by day key --json",
    ],
  })
    .option("--since <when>", "from this day on: 7d or a date")
    .option("--until <when>", "up to and with this day: 7d or a date")
    .addOption(
      new Option("--by <fields...>", "what to sum by (default: key model)").choices(USAGE_FIELDS),
    )
    .action((options: UsageOptions, self: Command) =>
      perform(app, self, (session) => show(session, options)),
    );
}

async function show(session: Session, options: UsageOptions): Promise<ExitCode> {
  const { since, until, by = ["key", "model"] } = options;
  const { printer, terminal } = session;
  const nowMs = terminal.nowMs();
  const client = await session.client();
  const request = {
    namespace: client.context.namespace,
    fromDay: since === undefined ? 0 : dayOf(parseMoment(since, nowMs)),
    toDay: until === undefined ? 0 : dayOf(parseMoment(until, nowMs)),
  };
  const answer = await client.again(() => client.usage.getUsage(request));
  const sums = summedBy((answer.cells ?? []).map(parseUsage), by);
  printer.document(sums);
  if (sums.length === 0) {
    printer.note("no router has posted usage of this namespace and time");
    return 0;
  }
  const columns = [...NAMES.filter(({ field }) => by.includes(field)), ...COUNTS];
  printer.lines(tableLines<UsageView>(columns, sums, printer.columns(), printer.style.dim));
  return 0;
}

const NAMES: readonly (Column<UsageView> & { readonly field: UsageField })[] = [
  { field: "day", title: "DAY", cell: ({ day }) => (day === "" ? "earlier" : day) },
  { field: "key", title: "KEY", cell: ({ key }) => printable(key === "" ? "-" : key) },
  { field: "model", title: "MODEL", cell: ({ model }) => printable(model === "" ? "-" : model) },
];

const COUNTS: readonly Column<UsageView>[] = [
  { title: "REQUESTS", cell: ({ requests }) => String(requests) },
  { title: "FAILED", cell: ({ failed }) => String(failed) },
  { title: "PROMPT", cell: ({ promptTokens }) => String(promptTokens) },
  { title: "CACHED", cell: ({ cachedTokens }) => String(cachedTokens) },
  { title: "OUTPUT", cell: ({ completionTokens }) => String(completionTokens) },
  { title: "AT WORKERS", cell: ({ workerMs }) => durationText(workerMs) },
];
