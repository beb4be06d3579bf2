"""Plain grpcio against a router's InferenceService: models, text, resuming, deadlines, errors."""

import os
import sys
import tempfile

import grpc
from grpc_tools import protoc

with tempfile.TemporaryDirectory() as folder:
    proto = os.environ["PROTO"]
    files = [f"signalbox/inference/v1/{name}.proto" for name in ("worker", "inference")]
    made = protoc.main(
        ["", f"-I{proto}", f"--python_out={folder}", f"--grpc_python_out={folder}"]
        + [os.path.join(proto, file) for file in files]
    )
    assert made == 0
    sys.path.insert(0, folder)
    from signalbox.inference.v1 import inference_pb2 as pb
    from signalbox.inference.v1 import inference_pb2_grpc as rpc
    from signalbox.inference.v1 import worker_pb2 as worker

    stub = rpc.InferenceServiceStub(grpc.insecure_channel(os.environ["ROUTER_GRPC"]))
    (model,) = stub.ListModels(pb.ListModelsRequest()).models
    assert (model.name, model.state) == ("lantern", pb.SERVED_MODEL_STATE_READY)

    def ask(**fields):
        sampling = worker.Sampling(temperature=0.8, max_tokens=40, seed=5, ignore_eos=True)
        return pb.CompleteRequest(model="lantern", text="Once", sampling=sampling, **fields)

    def complete(**fields):
        parts = list(stub.Complete(ask(**fields), timeout=60))
        assert parts[0].started.seed == 5
        assert parts[-1].finish == worker.FINISH_REASON_LENGTH
        ids = [token for part in parts for token in part.token_ids]
        return ids, "".join(part.text for part in parts), parts[-1].usage

    whole, text, usage = complete()
    assert len(whole) == 40 == usage.completion_tokens and text
    again = stub.Detokenize(pb.DetokenizeRequest(model="lantern", ids=whole)).text
    assert text == again, (text, again)
    for cut in (1, 7, 39, 40):
        rest, more, used = complete(resume_ids=whole[:cut])
        assert whole[:cut] + rest == whole, f"resumed after {cut}"
        assert text.endswith(more) and used.completion_tokens == 40 - cut

    call = stub.Complete(ask())
    next(call)
    call.cancel()

    def status_of(request, **options):
        try:
            list(stub.Complete(request, **options))
        except grpc.RpcError as error:
            return error
        raise AssertionError("it was answered")

    assert status_of(pb.CompleteRequest(model="x")).code() == grpc.StatusCode.INVALID_ARGUMENT
    missing = status_of(pb.CompleteRequest(model="x", text="y"))
    assert missing.code() == grpc.StatusCode.NOT_FOUND
    assert b"MODEL_NOT_FOUND" in dict(missing.trailing_metadata())["grpc-status-details-bin"]
    late = status_of(ask(), timeout=0.0001)
    assert late.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    # A large prompt comes in many frames, and is refused for its length.
    long = pb.CompleteRequest(model="lantern", ids=pb.TokenIds(ids=[3] * 1_000_000))
    assert status_of(long).code() == grpc.StatusCode.INVALID_ARGUMENT
