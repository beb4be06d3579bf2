// Who is measured, and how one turn of each goes: a closed loop, with the processor time of its
// proxy's process alone and what others took of the machine meanwhile.

import { outsideShare, processorTimes } from "../engine/outside-load.ts";
import { closedLoop, watchCounted, type Load, type OneStream, type Turn } from "./closed-loop.ts";
import { GrpcCaller } from "./grpc-caller.ts";
import { HttpCaller } from "./http-caller.ts";
import { cpuSeconds } from "./process-cpu.ts";
import { ROUTER, ROUTER_HTTP } from "./targets.ts";
import type { World } from "./world.ts";

export interface MeasuredTurn extends Turn {
  /** Of the process between caller and worker; 0 where there is none. */
  readonly proxySeconds: number;
  /** Share of all processors. */
  readonly outside: number;
}

export interface Contestant {
  readonly name: string;
  turn(load: Load): Promise<MeasuredTurn>;
}

/** `hop` is the router's middle with its caller in its own process: its CPU holds both. */
export function contestantsOf(world: World): { all: Contestant[]; close(): void } {
  const own = [world.worker.pid, world.router.pid, world.hop.pid, process.pid];
  const pids = [...own, ...world.peers.map((peer) => peer.process.pid)];
  const http = new HttpCaller(world.routerHttp);
  const grpc = GrpcCaller.ofRouter(world.routerGrpc);
  const direct = GrpcCaller.ofWorker(world.workerAddress, 0);
  const peers = world.peers.map(({ name, address, process }, at) => {
    return { name, pid: process.pid, caller: GrpcCaller.ofWorker(address, (at + 1) * 1e9) };
  });
  const measured = (
    name: string,
    pid: number | null,
    loop: (load: Load, onCounted: (part: "begins" | "ends") => void) => Promise<Turn>,
  ): Contestant => ({ name, turn: (load) => measuredTurn(load, loop, pid, pids) });
  const called = (one: OneStream): Parameters<typeof measured>[2] => {
    return (load, onCounted) => closedLoop(load, one, onCounted);
  };
  const all = [
    measured(
      "direct",
      null,
      called((tokens) => direct.stream(tokens)),
    ),
    measured(
      ROUTER,
      world.router.pid,
      called((tokens) => grpc.stream(tokens)),
    ),
    measured(
      ROUTER_HTTP,
      world.router.pid,
      called((tokens) => http.stream(tokens)),
    ),
    measured("hop", world.hop.pid, async (load, onCounted) => {
      const stopWatch = watchCounted(load, onCounted);
      try {
        return (await world.hop.ask(load)) as Turn;
      } finally {
        stopWatch();
      }
    }),
    ...peers.map(({ name, pid, caller }) =>
      measured(
        name,
        pid,
        called((tokens) => caller.stream(tokens)),
      ),
    ),
  ];
  const close = (): void => {
    http.close();
    grpc.close();
    direct.close();
    for (const { caller } of peers) caller.close();
  };
  return { all, close };
}

async function measuredTurn(
  load: Load,
  loop: (load: Load, onCounted: (part: "begins" | "ends") => void) => Promise<Turn>,
  pid: number | null,
  pids: readonly number[],
): Promise<MeasuredTurn> {
  const reading = (): {
    proxy: number;
    own: number;
    machine: ReturnType<typeof processorTimes>;
  } => ({
    proxy: pid === null ? 0 : cpuSeconds(pid),
    own: pids.reduce((sum, each) => sum + cpuSeconds(each), 0),
    machine: processorTimes(),
  });
  let before = reading();
  let after = before;
  const turn = await loop(load, (part) => {
    if (part === "begins") before = reading();
    else after = reading();
  });
  return {
    ...turn,
    proxySeconds: after.proxy - before.proxy,
    outside: outsideShare(before.machine, after.machine, after.own - before.own),
  };
}
