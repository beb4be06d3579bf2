// A service that is started again should listen where it did before.

import { createServer } from "node:net";

/** The port it listened at before if that is still free, else 0 for any. */
export async function portAgain(address: string | number | boolean | undefined): Promise<number> {
  const port = Number(/127\.0\.0\.1:(\d+)$/u.exec(String(address ?? ""))?.[1] ?? 0);
  return port !== 0 && (await isFree(port)) ? port : 0;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ host: "127.0.0.1", port }, () => probe.close(() => resolve(true)));
  });
}
