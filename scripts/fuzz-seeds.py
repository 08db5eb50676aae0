"""Writes the first inputs of a parser for scripts/fuzz: small whole files of the kinds that it reads.

python3 scripts/fuzz-seeds.py PARSER FOLDER
"""

import gzip
import json
import pathlib
import struct
import sys
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent


def idx(shape):
    count = 1
    for side in shape:
        count *= side
    return struct.pack(">HBB", 0, 8, len(shape)) + struct.pack(f">{len(shape)}I", *shape) + bytes(i % 251 for i in range(count))


def npy(kind, shape, data):
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + data


def safetensors(metadata):
    header = json.dumps({"__metadata__": metadata,
                         "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
                         "b": {"dtype": "F64", "shape": [], "data_offsets": [24, 32]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(32)


def evaluator():
    """The evaluator inside the command with two small layers in place of its own."""
    content = (ROOT / "Sources/CResources/evaluators/mnist.safetensors").read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    metadata = json.loads(content[8:8 + length])["__metadata__"]
    described = json.loads(metadata["evaluator"])
    dense = {"kind": "dense", "units": 4, "use_bias": False}
    described["network"]["features"] |= {"input": [4, 4, 1], "layers": [{"kind": "flatten"}, dense]}
    described["network"]["head"] |= {"input": [4], "layers": [dense | {"units": 10}]}
    metadata["evaluator"] = json.dumps(described)
    header = json.dumps({"__metadata__": metadata,
                         "features.dense1.weight": {"dtype": "F32", "shape": [16, 4], "data_offsets": [0, 256]},
                         "head.dense1.weight": {"dtype": "F32", "shape": [4, 10], "data_offsets": [256, 416]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(416)


def png():
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    rows = b"".join(b"\0" + bytes((x * y) % 256 for x in range(24)) for y in range(8))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


GIF = bytes.fromhex("47494638396104000400800000000000ffffff2c00000000040004000002068c8fa9cbed003b")
STEP = ('{"step":%d,"epoch":0.5,"images":8,"seconds":0.5,"d_loss":0.5,"g_loss":1.0,"d_acc":0.5,"d_acc_real":0.5,'
        '"d_acc_fake":0.5,"g_acc":0.5,"images_per_second":10.0}\n')


def seeds(parser):
    if parser == "idx":
        return [idx((2, 4, 4)), idx((3,)), idx((2, 4, 4, 3)), gzip.compress(idx((2, 4, 4)))]
    if parser == "npy":
        return [npy("|u1", (2, 4, 4), bytes(32)), npy("<f4", (3, 2), bytes(24))]
    if parser == "safetensors":
        # The fuzzer's build takes any hash for the right one, and so reaches what comes after.
        hashes = {"ganymede_sha256" + name: "0" * 64 for name in ("", " a", " b")}
        return [safetensors({"format": "ganymede 2"} | hashes), safetensors({})]
    if parser == "evaluator":
        return [evaluator()]
    if parser == "checkpoint":
        return [p.read_bytes() for p in sorted((ROOT / "Tests/Golden/runs").rglob("before/checkpoints/*.safetensors"))]
    if parser == "picture":
        return [png(), GIF, *[p.read_bytes() for p in sorted((ROOT / "Tests/Golden").rglob("*"))
                              if p.suffix in (".jpg", ".jpeg", ".webp", ".png") and p.stat().st_size < 20000]]
    if parser == "yaml":
        return [b"preset: dense\nseed: 5\n", b"gan:\n  loss: {kind: hinge}\n  regularizers: [{kind: r1, weight: 1}]\n"]
    if parser == "config":
        return [p.read_bytes() for p in sorted((ROOT / "Tests/Golden/runs").rglob("config.json"))]
    if parser == "journal":
        return [b"".join((STEP % i).encode() for i in range(1, 5))]
    if parser == "health":
        return [b'{"step":100,"d_loss":0.5,"g_loss":1.0}\n']
    return [b"train --preset mlp --steps 5 --set batch=8", b"generate run --seeds 0-3 -o a.png --class 7",
            b"evaluate run --json --metrics fid", b"resume run --steps 9 --fall-back"]


folder = pathlib.Path(sys.argv[2])
for number, seed in enumerate(seeds(sys.argv[1])):
    (folder / f"seed-{number}").write_bytes(seed)
