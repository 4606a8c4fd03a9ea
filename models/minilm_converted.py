"""MiniLM's weights as CTranslate2 wants them, straight from their file: serving needs no torch.

Follows the layout that CTranslate2's own converter gives a BERT encoder (its `converters.transformers.BertLoader`),
without the pooler, whose output nobody reads. A test compares the result with torch.
"""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = dict[str, NDArray[np.float32]]


def convert(source: Path, target: Path, precision: str) -> None:
    """Write `source` (a BERT encoder's `config.json`, `model.safetensors`, `vocab.txt`) to `target` for CTranslate2.

    Made beside its place and moved there, so that two processes at once never meet half a model. Raises `OSError`.
    """
    from safetensors.numpy import load_file

    config: dict[str, Any] = json.loads((source / "config.json").read_text(encoding="utf-8"))
    tokens = (source / "vocab.txt").read_text(encoding="utf-8").splitlines()
    spec = _spec(config, load_file(str(source / "model.safetensors")))
    spec.register_vocabulary(tokens)
    spec.config.unk_token = "[UNK]"
    spec.config.layer_norm_epsilon = config["layer_norm_eps"]
    spec.validate()
    spec.optimize(quantization=precision)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as made:
        spec.save(made)
        try:
            shutil.copytree(made, f"{made}-whole")
            Path(f"{made}-whole").rename(target)
        except OSError:
            shutil.rmtree(f"{made}-whole", ignore_errors=True)
            if not (target / "model.bin").exists():
                raise


def _spec(config: dict[str, Any], weights: Weights) -> Any:
    from ctranslate2.specs import common_spec, transformer_spec

    encoder = transformer_spec.TransformerEncoderSpec(
        config["num_hidden_layers"],
        config["num_attention_heads"],
        pre_norm=False,
        activation=common_spec.Activation.GELU,
        layernorm_embedding=True,
        num_source_embeddings=2,
        embeddings_merge=common_spec.EmbeddingsMerge.ADD,
    )
    encoder.scale_embeddings = False
    encoder.embeddings[0].weight = weights["embeddings.word_embeddings.weight"]
    encoder.embeddings[1].weight = weights["embeddings.token_type_embeddings.weight"]
    encoder.position_encodings.encodings = weights["embeddings.position_embeddings.weight"]
    _norm(encoder.layernorm_embedding, weights, "embeddings.LayerNorm")
    for number, layer in enumerate(encoder.layer):
        _layer(layer, weights, f"encoder.layer.{number}.")
    return transformer_spec.TransformerEncoderModelSpec(encoder)


def _layer(layer: Any, weights: Weights, at: str) -> None:
    attention = layer.self_attention
    parts = [f"{at}attention.self.{name}" for name in ("query", "key", "value")]
    attention.linear[0].weight = np.concatenate([weights[f"{part}.weight"] for part in parts])
    attention.linear[0].bias = np.concatenate([weights[f"{part}.bias"] for part in parts])
    _linear(attention.linear[1], weights, f"{at}attention.output.dense")
    _norm(attention.layer_norm, weights, f"{at}attention.output.LayerNorm")
    _linear(layer.ffn.linear_0, weights, f"{at}intermediate.dense")
    _linear(layer.ffn.linear_1, weights, f"{at}output.dense")
    _norm(layer.ffn.layer_norm, weights, f"{at}output.LayerNorm")


def _linear(spec: Any, weights: Weights, name: str) -> None:
    spec.weight, spec.bias = weights[f"{name}.weight"], weights[f"{name}.bias"]


def _norm(spec: Any, weights: Weights, name: str) -> None:
    spec.gamma, spec.beta = weights[f"{name}.weight"], weights[f"{name}.bias"]
