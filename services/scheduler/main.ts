// Starts the scheduler. Compiled code (and, run from source, code stripped of its types) is kept by
// Node between starts: that is a third of the time from a crash to the first call answered again.

import { enableCompileCache } from "node:module";

enableCompileCache();
const { runScheduler } = await import("./process.ts");
await runScheduler(process.argv.slice(2), process.env);
