// A worker's end of a link, against routers that are not what they should be.

import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { systemClock, systemRandom, systemTimers } from "#shared/config/system.ts";
import { NO_TLS } from "#shared/mesh/tls.ts";
import { acceptLink, type AcceptedLink } from "#shared/mesh/worker-link.ts";
import { encodeFrame } from "#shared/mesh/worker-link-frames.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { KeptLink } from "./kept-link.ts";

const WORLD = { clock: systemClock, timers: systemTimers, random: systemRandom };

/** Each connection is given to the next of `behave`; the last one takes all others. */
async function listen(behave: ((socket: Socket) => void)[]): Promise<string> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    sockets.push(socket);
    behave[Math.min(sockets.length, behave.length) - 1]?.(socket);
  });
  onTestFinished(() => {
    sockets.forEach((it) => it.destroy());
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function keep(address: string) {
  const heard: string[] = [];
  const link = new KeptLink(
    {
      ...{ address, worker: "w1", epoch: "e1", link: "l1", role: "progress", tls: NO_TLS },
      ...{ secret: null, timeoutMs: 200 },
    },
    WORLD,
    {
      onUp: ({ router, socket }) => {
        socket.resume();
        heard.push(`up ${router}`);
      },
      onDown: ({ code }) => void heard.push(code),
    },
  );
  onTestFinished(() => link.close());
  return { link, heard };
}

test("what is no handshake is left, and the next one is tried until it is right", async () => {
  const links: AcceptedLink[] = [];
  const address = await listen([
    (socket) => socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff])),
    (socket) => socket.write(encodeFrame(Buffer.alloc(40, 0xff))),
    (socket) => socket.end(Buffer.from([0, 0, 0, 40, 1, 2])),
    () => {}, // says nothing
    (socket) => {
      void acceptLink(socket, { router: "r1", secret: null }).then((it) => links.push(it));
    },
  ]);
  const { link, heard } = keep(address);
  await waitFor(() => link.up, 20_000);
  expect(heard).toEqual(["INVALID", "INVALID", "UNAVAILABLE", "DEADLINE", "up r1"]);
  await waitFor(() => links.length === 1);
  links[0]?.socket.destroy();
  await waitFor(() => links.length === 2, 20_000);
  expect(links[1]?.hello).toEqual(links[0]?.hello);
  link.cut();
  await waitFor(() => links.length === 3, 20_000);
}, 60_000);

test("one that is closed dials no more, and leaves no connection", async () => {
  const links: AcceptedLink[] = [];
  const address = await listen([
    (socket) => {
      void acceptLink(socket, { router: "r1", secret: null }).then((it) => links.push(it));
    },
  ]);
  const { link } = keep(address);
  const [accepted] = await waitFor(() => (links.length === 1 ? links : null));
  accepted?.socket.resume();
  const gone = accepted === undefined ? null : once(accepted.socket, "close");
  await link.close();
  await gone;
  expect(link.up).toBe(false);
  const retired = keep(address);
  await waitFor(() => links.length === 2);
  retired.link.retire();
  links[1]?.socket.destroy();
  await waitFor(() => !retired.link.up);
  await retired.link.close();
  expect(links).toHaveLength(2);
});
