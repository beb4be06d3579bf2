// A process that writes usage down as fast as a busy router, until it is killed: the directory is
// its argument, and each line it prints is how many records were added SURE_MS and more ago.

import { systemTimers } from "#shared/config/system.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { UsageJournal } from "./usage-journal.ts";
import { recordOf } from "./usage-record.fixture.ts";

/** The hundred, and what a busy machine's disk takes. */
const SURE_MS = 400;
const path = process.argv[2] ?? "";
const logger = createLogger({ service: "test", level: "silent" });
const journal = await UsageJournal.open({
  path,
  timers: systemTimers,
  logger,
  onDropped: () => {},
});
const added: { readonly atMs: number; readonly count: number }[] = [];
let count = 0;
setInterval(() => {
  for (let i = 0; i < 20; i++) journal.add(() => recordOf({}));
  count += 20;
  added.push({ atMs: performance.now(), count });
  const old = added.findLast(({ atMs }) => atMs < performance.now() - SURE_MS);
  process.stdout.write(`${old?.count ?? 0}\n`);
}, 10);
