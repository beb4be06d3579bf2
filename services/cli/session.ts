// What a command's work is given: the world, a printer, its home folder, and on demand a client of
// the scheduler, closed when the command ends.

import type { Terminal } from "./terminal.ts";
import { makePrinter, type Printer } from "./print/printer.ts";
import { clientContext, homeDirectory, type ContextFlags } from "./client/context.ts";
import type { ControlClient } from "./client/control-client.ts";

export interface Session {
  readonly terminal: Terminal;
  readonly printer: Printer;
  readonly home: string;
  readonly flags: ContextFlags;
  /** Opened on first use; NOT_FOUND when no scheduler is known. */
  client(): Promise<ControlClient>;
  close(): void;
}

export function openSession(
  terminal: Terminal,
  flags: ContextFlags & { readonly json?: boolean },
): Session {
  let client: ControlClient | null = null;
  const open = async (): Promise<ControlClient> => {
    const context = clientContext(terminal, flags);
    // Loaded on demand: gRPC and the messages take longer to load than --help takes in all.
    const { openControlClient } = await import("./client/control-client.ts");
    return (client ??= openControlClient(context));
  };
  return {
    terminal,
    flags,
    printer: makePrinter(terminal, flags.json === true),
    home: homeDirectory(terminal, flags),
    client: async () => client ?? (await open()),
    close: () => client?.close(),
  };
}
