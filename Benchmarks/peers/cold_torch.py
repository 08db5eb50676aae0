"""64 digits of a checkpoint of `mlp` as a PNG, by PyTorch."""

import cold_common  # Before the frameworks, which look at the threads it sets.

import torch  # noqa: E402
from safetensors import safe_open  # noqa: E402

import systems  # noqa: E402
import torch_peer  # noqa: E402

torch.set_num_threads(2)
checkpoint, picture = cold_common.arguments()
system = systems.mlp()
generator = torch.nn.Sequential(*(
    torch_peer.module(item, at, False)
    for item, at in systems.placed(system.generator, system.noise))).eval()
with torch.inference_mode():
    layers = [x for x in generator if x.state_dict()]
    with safe_open(checkpoint, "pt") as file:
        for layer, loaded in zip(
                layers, cold_common.arrays(file, system.generator), strict=True):
            wanted = [x for x in layer.state_dict().values() if x.ndim]
            for mine, array in zip(wanted, loaded, strict=True):
                mine.copy_(array.T if array.ndim == 2 else array)
    images = generator(torch.from_numpy(cold_common.noise()))
cold_common.write(picture, images.numpy())
