// A TCP relay that a test can cut, or make deaf in one direction, as networks do.

import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** `up`: from who dialled to who listens. */
export type Direction = "up" | "down";

export interface LinkProxy {
  /** `HOST:PORT` to dial instead. */
  readonly address: string;
  /** Bytes carried since it was made. */
  readonly bytes: { readonly up: number; readonly down: number };
  /** Ends every connection; new ones are taken. */
  cut(): number;
  /** What is sent that way from now on goes nowhere; both ends believe in the connection. */
  lose(direction: Direction): void;
  /** Lost connections stay lost, new ones carry again. */
  heal(): void;
  close(): Promise<void>;
}

export async function startLinkProxy(target: string): Promise<LinkProxy> {
  const port = Number(target.slice(target.lastIndexOf(":") + 1));
  const host = target.slice(0, target.lastIndexOf(":"));
  const pairs = new Set<readonly [Socket, Socket]>();
  const bytes = { up: 0, down: 0 };
  const lost = new Set<Direction>();
  const server: Server = createServer((near) => {
    const far = connect({ host, port });
    const pair = [near, far] as const;
    pairs.add(pair);
    carry(near, far, "up");
    carry(far, near, "down");
    const end = (): void => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    near.on("error", end).on("close", end);
    far.on("error", end).on("close", end);
  });
  const carry = (from: Socket, to: Socket, direction: Direction): void => {
    let dead = false;
    from.setNoDelay(true);
    from.on("data", (chunk: Buffer) => {
      // Once a byte is lost, so is everything behind it: TCP delivers in order or not at all.
      dead ||= lost.has(direction);
      if (dead) return;
      bytes[direction] += chunk.length;
      if (!to.write(chunk)) {
        from.pause();
        to.once("drain", () => from.resume());
      }
    });
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytes,
    cut: () => {
      const count = pairs.size;
      for (const [near, far] of pairs) {
        near.destroy();
        far.destroy();
      }
      return count;
    },
    lose: (direction) => void lost.add(direction),
    heal: () => lost.clear(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const [near, far] of pairs) {
          near.destroy();
          far.destroy();
        }
      }),
  };
}
