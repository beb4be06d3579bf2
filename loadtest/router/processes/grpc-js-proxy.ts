// The plainest proxy that grpc-js makes: Generate passed through as raw buffers, reader's pace and
// cancellation included. `grpc-js-proxy.ts WORKER`, and it says where it listens.

import { Client, credentials, Server, ServerCredentials } from "@grpc/grpc-js";
import type { ServerWritableStream } from "@grpc/grpc-js";
import { WorkerService } from "#proto/services.ts";

const [worker = ""] = process.argv.slice(2);
const raw = (bytes: Buffer): Buffer => bytes;
const { path } = WorkerService.generate;
const upstream = new Client(worker, credentials.createInsecure());
const server = new Server({ "grpc.max_concurrent_streams": 1024 });
server.addService(
  {
    generate: {
      ...{ path, requestStream: false, responseStream: true },
      ...{ requestSerialize: raw, requestDeserialize: raw },
      ...{ responseSerialize: raw, responseDeserialize: raw },
    },
  },
  { generate: relay },
);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`{"ready":true,"grpc":"127.0.0.1:${port}","pid":${process.pid}}\n`);
});
process.once("SIGTERM", () => process.exit(0));

function relay(call: ServerWritableStream<Buffer, Buffer>): void {
  const answer = upstream.makeServerStreamRequest(path, raw, raw, call.request);
  answer.on("data", (message: Buffer) => {
    if (call.write(message)) return;
    answer.pause();
    call.once("drain", () => answer.resume());
  });
  answer.on("error", (error) => call.emit("error", error));
  answer.on("end", () => call.end());
  call.on("cancelled", () => answer.cancel());
}
