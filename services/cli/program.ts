// The commands there are, in the order --help shows them.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { agentCommand } from "./commands/agent.ts";
import { cancelCommand } from "./commands/cancel.ts";
import { clusterCommand } from "./commands/cluster.ts";
import { completionCommand } from "./commands/completion.ts";
import { demoCommand } from "./commands/demo.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { downCommand } from "./commands/down.ts";
import { getCommand } from "./commands/get.ts";
import { gpusCommand } from "./commands/gpus.ts";
import { keyCommand } from "./commands/key.ts";
import { listCommand } from "./commands/list.ts";
import { logCommand } from "./commands/log.ts";
import { logsCommand } from "./commands/logs.ts";
import { modelCommand } from "./commands/model.ts";
import { receiptCommand } from "./commands/receipt.ts";
import { retryCommand } from "./commands/retry.ts";
import { routerCommand } from "./commands/router.ts";
import { runCommand } from "./commands/run.ts";
import { sbatchCommand } from "./commands/sbatch.ts";
import { serveCommand } from "./commands/serve.ts";
import { statusCommand } from "./commands/status.ts";
import { submitCommand } from "./commands/submit.ts";
import { tokenCommand } from "./commands/token.ts";
import { upCommand } from "./commands/up.ts";
import { usageCommand } from "./commands/usage.ts";
import { validateCommand } from "./commands/validate.ts";
import { workerCommand } from "./commands/worker.ts";
import { watchCommand } from "./commands/watch.ts";
import { whyCommand } from "./commands/why.ts";
import type { App } from "./command.ts";
import { packageRoot } from "./package-root.ts";

export function makeProgram(app: App): Command {
  const program = new Command("signalbox")
    .description(
      "Runs a research group's cluster jobs and workflows on the clusters it already has.",
    )
    .version(packageVersion(), "-V, --version", "print the version")
    .option("--json", "print JSON and nothing else on stdout")
    .showSuggestionAfterError(true)
    .enablePositionalOptions()
    .addHelpText("after", HELP_END);
  program.commandsGroup("A mesh on this machine:");
  program.addCommand(upCommand(app));
  program.addCommand(statusCommand(app));
  program.addCommand(downCommand(app));
  program.addCommand(demoCommand(app));
  program.commandsGroup("Submit:");
  program.addCommand(runCommand(app));
  program.addCommand(submitCommand(app));
  program.addCommand(sbatchCommand(app));
  program.addCommand(validateCommand(app));
  program.commandsGroup("Runs and jobs:");
  program.addCommand(listCommand(app));
  program.addCommand(getCommand(app));
  program.addCommand(watchCommand(app));
  program.addCommand(whyCommand(app));
  program.addCommand(logsCommand(app));
  program.addCommand(cancelCommand(app));
  program.addCommand(retryCommand(app));
  program.commandsGroup("Clusters and access:");
  program.addCommand(clusterCommand(app));
  program.addCommand(agentCommand(app));
  program.addCommand(tokenCommand(app));
  program.addCommand(receiptCommand(app));
  program.commandsGroup("Language models:");
  program.addCommand(serveCommand(app));
  program.addCommand(workerCommand(app));
  program.addCommand(modelCommand(app));
  program.addCommand(gpusCommand(app));
  program.addCommand(routerCommand(app));
  program.addCommand(keyCommand(app));
  program.addCommand(usageCommand(app));
  program.commandsGroup("Upkeep:");
  program.addCommand(doctorCommand(app));
  program.addCommand(logCommand(app));
  program.addCommand(completionCommand(app));
  return program;
}

const HELP_END = `
Begin:
  signalbox up                                  start a mesh on this machine
  signalbox run WORKFLOW.yaml                   run a workflow on it and see it go
  signalbox COMMAND --help                      options and examples of a command

Exit codes: 0 ok, 1 the work failed, 2 usage or an invalid manifest, 3 unreachable or refused.`;

function packageVersion(): string {
  const text = readFileSync(join(packageRoot(), "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
