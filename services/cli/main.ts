#!/usr/bin/env node
// The `signalbox` command.

import { processTerminal } from "./terminal.ts";
import { runCli } from "./run-cli.ts";

// `signalbox list | head` closes the pipe early: that is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

process.exitCode = await runCli(process.argv.slice(2), processTerminal());
