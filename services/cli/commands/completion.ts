// `signalbox completion`: the completion script of a shell, on stdout.

import { Argument, type Command } from "commander";
import { makeCommand, perform, type App } from "../command.ts";
import { bashCompletion, zshCompletion } from "../completion.ts";

export function completionCommand(app: App): Command {
  return makeCommand(
    "completion",
    {
      summary: "print the completion script of a shell",
      examples: [
        "source <(signalbox completion bash)     # for this shell; put it into ~/.bashrc to keep it",
        'signalbox completion zsh > "${fpath[1]}/_signalbox"',
      ],
    },
    "local",
  )
    .addArgument(new Argument("<shell>", "bash or zsh").choices(["bash", "zsh"]))
    .action((shell: "bash" | "zsh", _options: object, self: Command) =>
      perform(app, self, async (session) => {
        const program = rootOf(self);
        const script = shell === "bash" ? bashCompletion(program) : zshCompletion(program);
        session.printer.document({ shell, script });
        session.printer.line(script.trimEnd());
        return 0;
      }),
    );
}

function rootOf(command: Command): Command {
  let root = command;
  while (root.parent !== null) root = root.parent;
  return root;
}
