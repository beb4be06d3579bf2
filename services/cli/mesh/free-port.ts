// Whether a port can be had: a service that is started again should listen where it did before.

import { createServer } from "node:net";

const IN_WORDS: { readonly [code: string]: string } = {
  EADDRINUSE: "another program listens there",
  EACCES: "that needs more rights",
  EADDRNOTAVAIL: "this machine has no such address",
};

/** The port it listened at before if that is still free, else 0 for any. */
export async function portAgain(address: string | number | boolean | undefined): Promise<number> {
  const port = Number(/127\.0\.0\.1:(\d+)$/u.exec(String(address ?? ""))?.[1] ?? 0);
  return port !== 0 && (await whyNotFree("127.0.0.1", port)) === null ? port : 0;
}

/** Null: it is free now. */
export function whyNotFree(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", ({ code = "", message }: NodeJS.ErrnoException) =>
      resolve(IN_WORDS[code] ?? message),
    );
    probe.listen({ host: host.replace(/^\[(.*)\]$/u, "$1"), port }, () =>
      probe.close(() => resolve(null)),
    );
  });
}
