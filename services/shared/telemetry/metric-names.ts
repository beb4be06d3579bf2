// Every metric there is. Nothing else registers one: metrics.ts takes names from here only, and the
// tests compare this table with docs and dashboards.
//
// Labels have few values: never an id, a user's text or a path with an id in it.

export interface MetricSpec {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, in the unit the name ends with. */
  readonly buckets?: readonly number[];
}

const FAST_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;
const SLOW_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200, 86_400] as const;
const BYTES = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576] as const;

export const METRICS = {
  // Actors and log
  signalbox_turns_total: {
    type: "counter",
    help: "Turns taken by actors; outcome is ok, refused or failed",
    labels: ["actor", "outcome"],
  },
  signalbox_commits_total: {
    type: "counter",
    help: "Records offered to the log; outcome is ok or a failure's code",
    labels: ["driver", "outcome"],
  },
  signalbox_commit_duration_seconds: {
    type: "histogram",
    help: "From offering a record to its acknowledgement",
    labels: ["driver"],
    buckets: FAST_SECONDS,
  },
  signalbox_record_bytes: {
    type: "histogram",
    help: "Size of one committed record",
    labels: ["driver"],
    buckets: BYTES,
  },
  signalbox_log_bytes_total: {
    type: "counter",
    help: "Bytes of all committed records",
    labels: ["driver"],
  },
  signalbox_mailbox_depth: {
    type: "gauge",
    help: "Messages waiting for a turn, over all partitions",
    labels: ["lane"],
  },
  signalbox_mailbox_refusals_total: {
    type: "counter",
    help: "Messages refused because a mailbox was full",
    labels: ["lane"],
  },
  signalbox_partitions_owned: {
    type: "gauge",
    help: "Partitions this process writes",
    labels: [],
  },
  signalbox_partition_drops_total: {
    type: "counter",
    help: "Partitions given up after a failed commit or by fencing",
    labels: ["code"],
  },
  signalbox_replay_duration_seconds: {
    type: "histogram",
    help: "Folding one partition's log when it is opened",
    labels: [],
    buckets: SLOW_SECONDS,
  },
  signalbox_timers_pending: {
    type: "gauge",
    help: "Timers that have not fired yet",
    labels: [],
  },
  // Scheduling
  signalbox_queue_waiting: {
    type: "gauge",
    help: "Jobs that wait for a cluster's slot",
    labels: ["cluster"],
  },
  signalbox_jobs_active: {
    type: "gauge",
    help: "Attempts placed on a cluster and not ended",
    labels: ["cluster"],
  },
  signalbox_placed_total: {
    type: "counter",
    help: "Attempts given to a cluster",
    labels: ["cluster"],
  },
  signalbox_decision_duration_seconds: {
    type: "histogram",
    help: "From an acknowledged submission to the decision where its first job goes",
    labels: [],
    buckets: FAST_SECONDS,
  },
  signalbox_attempts_ended_total: {
    type: "counter",
    help: "Ended attempts by cause",
    labels: ["cluster", "cause"],
  },
  signalbox_runs_total: {
    type: "counter",
    help: "Runs by what became of them: submitted, succeeded, failed, cancelled",
    labels: ["state"],
  },
  signalbox_retries_total: {
    type: "counter",
    help: "Attempts made again, by what ended the one before",
    labels: ["cause"],
  },
  // Agent
  signalbox_submissions_total: {
    type: "counter",
    help: "Submissions to a cluster: accepted, refused, adopted, ambiguous or failed",
    labels: ["dialect", "result"],
  },
  signalbox_scheduler_calls_total: {
    type: "counter",
    help: "Commands sent to a cluster's scheduler: the call budget",
    labels: ["dialect", "command", "outcome"],
  },
  signalbox_scheduler_call_duration_seconds: {
    type: "histogram",
    help: "How long a cluster's scheduler took to answer",
    labels: ["dialect", "command"],
    buckets: SLOW_SECONDS,
  },
  signalbox_poll_interval_seconds: {
    type: "gauge",
    help: "Time between two looks at the queue, as adapted",
    labels: ["dialect"],
  },
  signalbox_cluster_reachable: {
    type: "gauge",
    help: "1 while the cluster's scheduler answers",
    labels: ["cluster"],
  },
  signalbox_reports_total: {
    type: "counter",
    help: "Reports about attempts: sent by an agent, or taken in (or seen before) by the scheduler",
    labels: ["kind", "outcome"],
  },
  signalbox_reports_pending: {
    type: "gauge",
    help: "Reports an agent keeps until they are acknowledged",
    labels: [],
  },
  signalbox_reconnects_total: {
    type: "counter",
    help: "Connections made again after a loss",
    labels: ["peer"],
  },
  signalbox_agents_connected: {
    type: "gauge",
    help: "Agents with an open stream",
    labels: [],
  },
  signalbox_journal_flush_duration_seconds: {
    type: "histogram",
    help: "Flushing the agent's journal to disk",
    labels: [],
    buckets: FAST_SECONDS,
  },
  // Router
  signalbox_router_workers: {
    type: "gauge",
    help: "Workers that have dialled this router, by state: ready, draining, sick, failed, unwell",
    labels: ["model", "state"],
  },
  signalbox_router_workers_held_out: {
    type: "gauge",
    help: "Workers whose breaker is open or half open: they get no new streams but probes",
    labels: [],
  },
  signalbox_router_streams: {
    type: "gauge",
    help: "Streams open now",
    labels: [],
  },
  signalbox_router_streams_total: {
    type: "counter",
    help: "Ended streams by outcome: stop, length, client_gone, failed",
    labels: ["outcome"],
  },
  signalbox_router_retries_total: {
    type: "counter",
    help: "Attempts that ended before their stream did and were made again, by what ended them",
    labels: ["cause"],
  },
  signalbox_router_resume_gap_seconds: {
    type: "histogram",
    help: "Between the last token of a lost worker and the first of the next, as the client sees it",
    labels: ["cause"],
    buckets: FAST_SECONDS,
  },
  signalbox_router_batch_size: {
    type: "histogram",
    help: "Streams that one message to or from a worker serves, by what it has: requests, tokens",
    labels: ["of"],
    buckets: [1, 2, 4, 8, 16, 32, 64, 128],
  },
  signalbox_router_queued: {
    type: "gauge",
    help: "Requests that wait to be let in, by class",
    labels: ["class"],
  },
  signalbox_router_queue_wait_seconds: {
    type: "histogram",
    help: "How long requests that had to wait did so before they were let in, by class",
    labels: ["class"],
    buckets: SLOW_SECONDS,
  },
  signalbox_router_refusals_total: {
    type: "counter",
    help: "Requests refused for load, by reason: overload, quota, late; retries (no second attempt)",
    labels: ["reason"],
  },
  signalbox_router_requests_open: {
    type: "gauge",
    help: "Requests of the OpenAI API being answered",
    labels: [],
  },
  signalbox_router_first_token_seconds: {
    type: "histogram",
    help: "From a request's arrival to its first token",
    labels: ["model"],
    buckets: FAST_SECONDS,
  },
  signalbox_router_request_duration_seconds: {
    type: "histogram",
    help: "Requests of the OpenAI API, to their last byte",
    labels: ["model"],
    buckets: SLOW_SECONDS,
  },
  signalbox_router_tokens_total: {
    type: "counter",
    help: "Tokens of ended requests, by kind: prompt, output",
    labels: ["model", "kind"],
  },
  signalbox_router_peers: {
    type: "gauge",
    help: "Other routers that say over NATS what they have in flight",
    labels: [],
  },
  signalbox_router_keys: {
    type: "gauge",
    help: "Keys that clients may have, by where they come from: file, scheduler",
    labels: ["source"],
  },
  signalbox_router_keys_age_seconds: {
    type: "gauge",
    help: "Since the control plane was asked that said which keys count; -1: it never was reached",
    labels: [],
  },
  signalbox_router_usage_waiting: {
    type: "gauge",
    help: "Ended requests that the usage journal has not written: more and more on a full disk",
    labels: [],
  },
  signalbox_router_usage_unposted_bytes: {
    type: "gauge",
    help: "Bytes of the usage journal that the control plane has not taken yet",
    labels: [],
  },
  signalbox_router_usage_dropped_total: {
    type: "counter",
    help: "Ended requests that are missing in the usage journal: its disk is full or too slow",
    labels: [],
  },
  // Worker
  signalbox_worker_info: {
    type: "gauge",
    help: "1; of which model, and which build of what computes it",
    labels: ["model", "numerics", "back_end", "build"],
  },
  signalbox_worker_requests_total: {
    type: "counter",
    help: "Requests by outcome: stop, length, aborted, fenced, handed_back, failed, refused",
    labels: ["outcome"],
  },
  signalbox_worker_tokens_total: {
    type: "counter",
    help: "Tokens by kind: drawn; of prompts computed (prompt) or read from the cache (cached)",
    labels: ["kind"],
  },
  signalbox_worker_running: {
    type: "gauge",
    help: "Requests being decoded",
    labels: [],
  },
  signalbox_worker_waiting: {
    type: "gauge",
    help: "Requests waiting for a place beside those",
    labels: [],
  },
  signalbox_worker_kv_blocks: {
    type: "gauge",
    help: "Blocks of the cache: used by requests, free, or free and holding a prefix (cached)",
    labels: ["state"],
  },
  signalbox_worker_steps_total: {
    type: "counter",
    help: "Steps of the engine",
    labels: [],
  },
  signalbox_worker_step_seconds_total: {
    type: "counter",
    help: "Time spent in steps",
    labels: [],
  },
  signalbox_worker_preemptions_total: {
    type: "counter",
    help: "Requests that had to give their blocks back and start again",
    labels: [],
  },
  signalbox_worker_canaries_total: {
    type: "counter",
    help: "Requests of the worker's own that its idle engine answered; their tokens are counted too",
    labels: [],
  },
  signalbox_worker_state_up: {
    type: "gauge",
    help: "1 while the state directory takes what is to be kept; absent where none is configured",
    labels: [],
  },
  signalbox_worker_lost_requests_total: {
    type: "counter",
    help: "Requests that the worker before had in hand when it died, found in the state directory",
    labels: [],
  },
  signalbox_worker_journal_dropped_total: {
    type: "counter",
    help: "Ended requests that are not in the journal: the disk took nothing for too long",
    labels: [],
  },
  signalbox_worker_warmed_blocks_total: {
    type: "counter",
    help: "Blocks of prefixes that came often before, computed again while nobody was served",
    labels: [],
  },
  signalbox_worker_loop_lag_seconds: {
    type: "gauge",
    help: "How late the event loop came to its last beat",
    labels: [],
  },
  signalbox_worker_links_up: {
    type: "gauge",
    help: "Connections to routers that stand, by role: serve, progress",
    labels: ["role"],
  },
  signalbox_worker_gpu_memory_used_bytes: {
    type: "gauge",
    help: "Memory in use on a GPU that the engine computes on, by nvidia-smi's index",
    labels: ["gpu"],
  },
  signalbox_worker_gpu_memory_total_bytes: {
    type: "gauge",
    help: "Memory of that GPU",
    labels: ["gpu"],
  },
  signalbox_worker_gpu_utilization_ratio: {
    type: "gauge",
    help: "Share of the time in which a kernel ran on it",
    labels: ["gpu"],
  },
  signalbox_worker_gpu_temperature_celsius: {
    type: "gauge",
    help: "Its temperature",
    labels: ["gpu"],
  },
  signalbox_worker_gpu_power_watts: {
    type: "gauge",
    help: "What it draws",
    labels: ["gpu"],
  },
  signalbox_worker_gpu_ecc_uncorrected: {
    type: "gauge",
    help: "Memory errors that were not corrected, since its driver was loaded",
    labels: ["gpu"],
  },
  signalbox_worker_gpu_last_xid: {
    type: "gauge",
    help: "The Xid that it reported last since the worker's start; absent: none",
    labels: ["gpu"],
  },
  signalbox_worker_gpu_broken: {
    type: "gauge",
    help: "1 once it cannot be computed on any more: the worker gets no new streams",
    labels: ["gpu"],
  },
  signalbox_worker_gpu_age_seconds: {
    type: "gauge",
    help: "How old the figures of GPUs are; it grows while the driver stands still",
    labels: [],
  },
  // As dashboards made for vLLM ask for them
  "vllm:num_requests_running": {
    type: "gauge",
    help: "signalbox_worker_running",
    labels: ["model_name"],
  },
  "vllm:num_requests_waiting": {
    type: "gauge",
    help: "signalbox_worker_waiting",
    labels: ["model_name"],
  },
  "vllm:kv_cache_usage_perc": {
    type: "gauge",
    help: "Share of blocks that requests use, 0 to 1",
    labels: ["model_name"],
  },
  "vllm:prompt_tokens_total": {
    type: "counter",
    help: "Tokens of prompts, computed or read from the cache",
    labels: ["model_name"],
  },
  "vllm:generation_tokens_total": {
    type: "counter",
    help: "Tokens drawn",
    labels: ["model_name"],
  },
  "vllm:prefix_cache_queries_total": {
    type: "counter",
    help: "Tokens of prompts that were looked up in the prefix cache",
    labels: ["model_name"],
  },
  "vllm:prefix_cache_hits_total": {
    type: "counter",
    help: "Those of them that were there",
    labels: ["model_name"],
  },
  "vllm:num_preemptions_total": {
    type: "counter",
    help: "signalbox_worker_preemptions_total",
    labels: ["model_name"],
  },
  "vllm:request_success_total": {
    type: "counter",
    help: "Ended requests by finish reason: stop, length, abort",
    labels: ["model_name", "finished_reason"],
  },
  // Mesh
  signalbox_grpc_requests_total: {
    type: "counter",
    help: "gRPC calls served, by method and status",
    labels: ["method", "code"],
  },
  signalbox_grpc_request_duration_seconds: {
    type: "histogram",
    help: "gRPC calls served, unary ones only",
    labels: ["method"],
    buckets: FAST_SECONDS,
  },
  signalbox_grpc_streams_open: {
    type: "gauge",
    help: "Open gRPC streams",
    labels: ["method"],
  },
  signalbox_http_requests_total: {
    type: "counter",
    help: "HTTP requests served, by route pattern and status",
    labels: ["method", "route", "status"],
  },
  signalbox_http_request_duration_seconds: {
    type: "histogram",
    help: "HTTP requests served",
    labels: ["route"],
    buckets: FAST_SECONDS,
  },
  signalbox_nats_messages_total: {
    type: "counter",
    help: "NATS messages, by direction: in, out",
    labels: ["direction"],
  },
  signalbox_nats_up: {
    type: "gauge",
    help: "1 while this router is connected to NATS",
    labels: [],
  },
  signalbox_auth_refusals_total: {
    type: "counter",
    help: "Requests refused for who sent them",
    labels: ["reason"],
  },
  // Artifacts
  signalbox_artifact_bytes_total: {
    type: "counter",
    help: "Bytes of artifacts, by direction: in, out",
    labels: ["direction"],
  },
  signalbox_artifacts_total: {
    type: "counter",
    help: "Artifacts sealed (stored) or found to be there already (known)",
    labels: ["outcome"],
  },
  // Everything
  signalbox_faults_total: {
    type: "counter",
    help: "Failures that reached the edge of a part",
    labels: ["part", "code"],
  },
  process_resident_memory_bytes: {
    type: "gauge",
    help: "Resident memory",
    labels: [],
  },
  process_cpu_seconds_total: {
    type: "counter",
    help: "User and system time",
    labels: [],
  },
  process_start_time_seconds: {
    type: "gauge",
    help: "When the process started, since the epoch",
    labels: [],
  },
  nodejs_eventloop_utilization_ratio: {
    type: "gauge",
    help: "Share of time the event loop was busy since the last scrape",
    labels: [],
  },
} as const satisfies { readonly [name: string]: MetricSpec };

export type MetricName = keyof typeof METRICS;
