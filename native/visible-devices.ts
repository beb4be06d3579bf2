// Which GPUs a process may use, and which of them somebody means.

import type { Device } from "./binding.ts";

/**
 * Those that CUDA_VISIBLE_DEVICES leaves, in its order, as the CUDA programming guide has it: an
 * index, a UUID or the beginning of exactly one, or a MIG device; an entry that names none hides
 * itself and all that follow. One that comes again is taken as such an entry.
 *
 * Indices are NVML's here. CUDA's are the same where CUDA_DEVICE_ORDER is PCI_BUS_ID, or all GPUs
 * are of one kind; a UUID means the same everywhere.
 */
export function visibleDevices(devices: readonly Device[], env: NodeJS.ProcessEnv): Device[] {
  const said = env["CUDA_VISIBLE_DEVICES"];
  if (said === undefined) return [...devices];
  const visible: Device[] = [];
  const seen = new Set<string>();
  for (const entry of said.split(",").map((it) => it.trim())) {
    const device = deviceNamed(devices, entry);
    if (device === null || seen.has(entry)) break;
    // Two parts of one GPU are one GPU.
    const isPart = entry.startsWith("MIG-");
    if (visible.includes(device) && !isPart) break;
    seen.add(entry);
    if (!visible.includes(device)) visible.push(device);
  }
  return visible;
}

/** The GPUs of these names, and the names that are of none. */
export function namedDevices(
  devices: readonly Device[],
  names: readonly string[],
): { readonly found: readonly Device[]; readonly unknown: readonly string[] } {
  const named = names.map((name) => [name, deviceNamed(devices, name)] as const);
  return {
    found: devices.filter((device) => named.some(([, it]) => it === device)),
    unknown: named.filter(([, it]) => it === null).map(([name]) => name),
  };
}

function deviceNamed(devices: readonly Device[], name: string): Device | null {
  if (/^\d+$/u.test(name)) return devices.find(({ index }) => index === Number(name)) ?? null;
  if (name.startsWith("MIG-GPU-")) {
    // The older form: MIG-GPU-UUID/GPU INSTANCE/COMPUTE INSTANCE.
    const [parent = ""] = name.slice("MIG-".length).split("/");
    return devices.find(({ uuid }) => uuid === parent) ?? null;
  }
  if (!/^(?:GPU|MIG)-./u.test(name)) return null;
  const begins = (uuid: string | null): boolean => uuid?.startsWith(name) ?? false;
  const isPart = name.startsWith("MIG-");
  const meant = devices.flatMap((device) =>
    (isPart ? device.migs : [device.uuid]).filter(begins).map(() => device),
  );
  return meant.length === 1 ? (meant[0] ?? null) : null;
}
