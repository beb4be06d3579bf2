// `signalbox gpus`: the GPUs of this machine, as the NVIDIA driver tells of them.

import type { Command } from "commander";
import type { Device, DevicesReading } from "#native/index.ts";
import { makeCommand, perform, type App, type ExitCode } from "../command.ts";
import { tableLines, type Column } from "../print/table.ts";
import { printable } from "../print/text.ts";
import { bytesText } from "../print/units.ts";
import type { Session } from "../session.ts";

/** As --json prints it: the reading, and which GPUs CUDA_VISIBLE_DEVICES leaves. */
interface GpusView extends Omit<DevicesReading, "devices"> {
  readonly gpus: readonly GpuRow[];
}

interface GpuRow extends Device {
  readonly isVisible: boolean;
}

export function gpusCommand(app: App): Command {
  return makeCommand(
    "gpus",
    {
      summary: "the GPUs of this machine, and whether they are well",
      details:
        "Asks the NVIDIA driver; needs neither CUDA nor a router. GPUs are numbered as nvidia-smi does.\n" +
        "Hidden are those that CUDA_VISIBLE_DEVICES keeps from the programs started here. What a GPU\n" +
        "does not tell is `-`, in JSON null. Ends 0, also where there is none: it says why.",
      examples: [
        "signalbox gpus",
        "CUDA_VISIBLE_DEVICES=0,1 signalbox gpus --json | jq '.gpus[] | select(.isVisible) | .uuid'",
      ],
    },
    "local",
  ).action((_options: object, self: Command) => perform(app, self, show));
}

async function show(session: Session): Promise<ExitCode> {
  const { readDevices, visibleDevices } = await import("#native/index.ts");
  const { devices, ...reading } = await readDevices();
  const visible = visibleDevices(devices, session.terminal.env);
  const gpus = devices.map((device) => ({ ...device, isVisible: visible.includes(device) }));
  const view: GpusView = { ...reading, gpus };
  const { printer } = session;
  printer.document(view);
  if (view.missing !== null) {
    printer.note(`no GPU can be seen: ${printable(view.missing)}`);
    return 0;
  }
  if (gpus.length === 0) {
    printer.note(`the NVIDIA driver ${view.driver ?? ""} is here, and no GPU of it`);
    return 0;
  }
  printer.lines(tableLines<GpuRow>(COLUMNS, gpus, printer.columns(), printer.style.dim));
  return 0;
}

const told = (value: number | null, unit: string): string =>
  value === null ? "-" : `${Math.round(value)}${unit}`;

const COLUMNS: readonly Column<GpuRow>[] = [
  { title: "GPU", cell: ({ index }) => String(index) },
  { title: "NAME", cell: ({ name }) => printable(name ?? "-") },
  { title: "MEMORY", cell: memoryText },
  { title: "USE", cell: ({ utilisationPercent }) => told(utilisationPercent, "%") },
  { title: "TEMP", cell: ({ temperatureCelsius }) => told(temperatureCelsius, " C") },
  { title: "POWER", cell: ({ watts }) => told(watts, " W") },
  { title: "ECC", cell: ({ eccUncorrected }) => told(eccUncorrected, "") },
  { title: "STATE", cell: stateText },
  { title: "BUS", cell: ({ busId }) => printable(busId ?? "-") },
  { title: "UUID", cell: ({ uuid }) => printable(uuid ?? "-") },
];

function memoryText({ memoryUsedBytes: used, memoryTotalBytes: total }: GpuRow): string {
  return used === null || total === null ? "-" : `${bytesText(used)} of ${bytesText(total)}`;
}

function stateText({ isLost, refused, isVisible }: GpuRow): string {
  if (isLost) return "lost";
  if (refused !== null) return printable(refused);
  return isVisible ? "ok" : "hidden";
}
