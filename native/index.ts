// The front door: all that other folders may import of native/.

export type * from "./engine.ts";
export { ENGINE_ERROR_CODES, EngineFailure, type EngineErrorCode } from "./errors.ts";
export { ENGINE_DEFAULTS, type LoadOptions } from "./load-options.ts";
export { completeRequest, SAMPLING_DEFAULTS } from "./request.ts";
export { checkDevice, checkModelFolder, loadEngine, type LoadWatch } from "./native-engine.ts";
export { engineHere, whyNoEngine, type EngineHere } from "./binding.ts";
export type { Device } from "./binding.ts";
export { readDevices, type DevicesReading } from "./devices.ts";
export { namedDevices, visibleDevices } from "./visible-devices.ts";
export { kvBytesPerToken, weightBytes } from "./memory.ts";
export { SimulatedEngine } from "./simulated/simulated-engine.ts";
export {
  linearLatency,
  SIMULATED_DEFAULTS,
  type SimulatedOptions,
} from "./simulated/simulated-options.ts";
export { openHttpEngine, type HttpEngineOptions } from "./http/open-http-engine.ts";
export type { HttpEngine } from "./http/http-engine.ts";
export type { Fault } from "./simulated/faults.ts";
