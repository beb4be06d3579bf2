"""Plain grpcio against a worker that listens: its model, and tokens that go on where they stopped."""

import os
import sys
import tempfile

import grpc
from grpc_tools import protoc

with tempfile.TemporaryDirectory() as folder:
    proto = os.environ["PROTO"]
    made = protoc.main(
        ["", f"-I{proto}", f"--python_out={folder}", f"--grpc_python_out={folder}"]
        + [os.path.join(proto, "signalbox/inference/v1/worker.proto")]
    )
    assert made == 0
    sys.path.insert(0, folder)
    from signalbox.inference.v1 import worker_pb2 as pb
    from signalbox.inference.v1 import worker_pb2_grpc as rpc

    stub = rpc.WorkerServiceStub(grpc.insecure_channel(os.environ["WORKER_GRPC"]))
    assert stub.GetModel(pb.GetModelRequest()).model.name == "lantern"

    def tokens(name, resume):
        request = pb.GenerateRequest(
            id=name,
            fence=1,
            prompt_ids=[0, 2, 340, 284, 1, 3],
            resume_ids=resume,
            sampling=pb.Sampling(temperature=0.8, max_tokens=40, seed=5, ignore_eos=True),
        )
        return [token for part in stub.Generate(request) for token in part.token_ids]

    whole = tokens("whole", [])
    assert len(whole) == 40
    for cut in (1, 7, 39):
        assert whole[:cut] + tokens(f"cut-{cut}", whole[:cut]) == whole, f"resumed after {cut}"
